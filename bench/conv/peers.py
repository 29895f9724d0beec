#!/usr/bin/env python3
"""The convolutions of other runtimes, each in a process of its own: peers.py NAME THREADS

A line of JSON {"folder", "seconds"} asks for one turn on the layer of a folder (layer.onnx, layer.json, x.npy, and w.npy); the
answer holds the latencies in ms of "graph", the whole from and to row-major images, and of "layer", the convolution alone, as
the runtime's own profile has it or on operands in the order that it likes best. The result is left in NAME.npy.
"""
import json
import os
import sys
import tempfile
import time

import numpy as np


def repeat(seconds, step, most=100000):
    """What `step` returns, until the time is over."""
    results, end = [], time.perf_counter() + seconds
    while not results or (time.perf_counter() < end and len(results) < most):
        results.append(step())
    return results


def timed(step):
    def run():
        before = time.perf_counter()
        step()
        return (time.perf_counter() - before) * 1e3
    return run


class OnnxRuntime:
    def __init__(self, folder, threads):
        self.path, self.threads, self.feed = f"{folder}/layer.onnx", threads, {"x": np.load(f"{folder}/x.npy")}
        self.session = self.load()
        self.result = self.session.run(None, self.feed)[0]

    def load(self, profile=None):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        # Threads that spin on after a run would take the cores from the others' turns.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if profile:
            options.enable_profiling, options.profile_file_prefix = True, profile
        return onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])

    def graph(self, seconds):
        return repeat(seconds, timed(lambda: self.session.run(None, self.feed)))

    def layer(self, seconds):
        with tempfile.TemporaryDirectory() as folder:
            session = self.load(f"{folder}/p")
            repeat(seconds, lambda: session.run(None, self.feed), most=2000)  # the profile keeps so many events
            with open(session.end_profiling(), encoding="utf-8") as file:
                events = json.load(file)
        return [event["dur"] / 1e3 for event in events
                if event.get("cat") == "Node" and event.get("args", {}).get("op_name", "").endswith("Conv")]


class OpenVino:
    """Held to f32: left alone it would choose bf16 where the CPU has it."""

    def __init__(self, folder, threads):
        import openvino
        compiled = openvino.Core().compile_model(f"{folder}/layer.onnx", "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"})
        profiled = openvino.Core().compile_model(f"{folder}/layer.onnx", "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32",
            "PERF_COUNT": True})
        self.x = np.load(f"{folder}/x.npy")
        self.request, self.profiled = compiled.create_infer_request(), profiled.create_infer_request()
        self.result = np.array(self.request.infer([self.x])[compiled.output(0)])

    def graph(self, seconds):
        return repeat(seconds, timed(lambda: self.request.infer([self.x], share_inputs=True, share_outputs=True)))

    def layer(self, seconds):
        def step():
            self.profiled.infer([self.x], share_inputs=True, share_outputs=True)
            return sum(node.real_time.total_seconds() for node in self.profiled.get_profiling_info()
                       if "Convolution" in node.node_type) * 1e3
        return repeat(seconds, step)


class Torch:
    """oneDNN's convolution: on operands in its own blocked order, and from and to row-major ones."""

    def __init__(self, folder, threads):
        import torch
        from torch.utils import mkldnn
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        with open(f"{folder}/layer.json", encoding="utf-8") as file:
            layer = json.load(file)
        x, w = (torch.from_numpy(np.load(f"{folder}/{name}.npy")) for name in "xw")
        rank = len(layer["size"])
        low, high = layer["pad"]
        if low != high:
            x, low = torch.nn.functional.pad(x, [low, high] * rank), 0
        module = [torch.nn.Conv1d, torch.nn.Conv2d][rank - 1](
            layer["channels"], layer["out"], layer["kernel"], layer["stride"], low, groups=layer["groups"], bias=False).eval()
        module.weight.data = w
        self.x, self.module, self.result = x, module, module(x).numpy()
        self.blocked = mkldnn.to_mkldnn(module)
        self.blocked_x = x.to_mkldnn()
        # As the layer before would leave it: blocked.
        if layer["channels"] >= 16 and rank == 2:
            before = mkldnn.to_mkldnn(torch.nn.Conv2d(layer["channels"], layer["channels"], 1).eval())
            self.blocked_x = before(self.blocked_x)

    def graph(self, seconds):
        return repeat(seconds, timed(lambda: self.module(self.x)))

    def layer(self, seconds):
        return repeat(seconds, timed(lambda: self.blocked(self.blocked_x)))


class TorchFft:
    """What a user of torch writes by hand: the whole padded image to its spectrum and back, the filters' spectra made before."""

    def __init__(self, folder, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        with open(f"{folder}/layer.json", encoding="utf-8") as file:
            layer = json.load(file)
        rank = len(layer["size"])
        x, w = (torch.from_numpy(np.load(f"{folder}/{name}.npy")) for name in "xw")
        axes = list(range(2, 2 + rank))
        extents = [smooth(n + sum(layer["pad"])) for n in layer["size"]]
        spectrum = torch.fft.rfftn(w, extents, axes).conj().resolve_conj()
        kept = [slice(None)] * 2 + [slice(n) for n in layer["out_size"]]
        pads = list(layer["pad"]) * rank
        flat = spectrum.flatten(2)

        def depthwise(image):
            return image * spectrum[:, 0]

        def dense(image):
            return torch.einsum("ncf,ocf->nof", image.flatten(2), flat).view(1, len(w), *image.shape[2:])

        contract = depthwise if layer["groups"] > 1 else dense

        def run():
            image = torch.fft.rfftn(torch.nn.functional.pad(x, pads), extents, axes)
            return torch.fft.irfftn(contract(image), extents, axes)[tuple(kept)].contiguous()

        self.run, self.result = run, run().numpy()

    def graph(self, seconds):
        return repeat(seconds, timed(self.run))

    layer = graph


def smooth(n):
    """The least number from n on without a prime factor above 5."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1


PEERS = {"ort": OnnxRuntime, "openvino": OpenVino, "torch": Torch, "torch_fft": TorchFft}


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to the log
    loaded = {}
    for line in sys.stdin:
        request = json.loads(line)
        folder = request["folder"]
        try:
            if folder not in loaded:
                loaded.clear()
                loaded[folder] = PEERS[name](folder, threads)
                np.save(f"{folder}/{name}.npy", loaded[folder].result)
            layer = loaded[folder]
            answer = {"graph": layer.graph(request["seconds"]), "layer": layer.layer(request["seconds"])}
        except Exception as failure:  # one layer that a peer cannot do is no reason to lose the others
            answer = {"error": f"{type(failure).__name__}: {failure}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
