#!/usr/bin/env python3
"""Measures single convolutions, as Quern compiles them, beside other runtimes on this machine, in turns.

  ./dev bench conv --groups vgg,large --peers ort,openvino,torch --threads 1,2

Every layer is written as a graph of one convolution in ONNX and in Quern's language, with the same weights. All competitors run
it for a moment, round after round. Results are compared with ONNX Runtime's to --tolerance of the largest value. For each layer
two ratios are printed, of the best peer's least time to Quern's, more than 1 where Quern is faster:

  layer   the convolution as it stands within a network, operands in the order that each likes best: taken from the profiles of
          Quern, ONNX Runtime and OpenVINO, without what reorders images.
  graph   from a row-major image to a row-major image, everything included.
"""
import argparse
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
import time

import numpy as np

from layers import GROUPS
from peers import PEERS

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("models", "bench/peers"):
    sys.path.append(os.path.join(HERE, "..", "..", folder))
from runtimes import RUNTIMES, install  # noqa: E402
from synthetic_weights import tensor  # noqa: E402

# Debian's torch (oneDNN without what a GPU needs), unless this Python has one of its own.
PYTHON = {} if importlib.util.find_spec("torch") else {"torch": "/usr/bin/python3", "torch_fft": "/usr/bin/python3"}


def write_layer(layer, folder):
    """The operands of a layer and its two models."""
    from onnx import TensorProto, helper
    from safetensors.numpy import save_file
    os.makedirs(folder, exist_ok=True)
    rank = len(layer.size)
    weight = tensor("conv.weight", (layer.out, layer.channels // layer.groups, *layer.kernel))
    image = tensor("x", (1, layer.channels, *layer.size))
    low, high = layer.pad
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=list(layer.kernel), strides=[layer.stride] * rank,
                            pads=[low] * rank + [high] * rank, group=layer.groups)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "layer", [value("x", TensorProto.FLOAT, image.shape)],
        [value("y", TensorProto.FLOAT, (1, layer.out, *layer.out_size))],
        [helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.tobytes(), raw=True)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with open(f"{folder}/layer.onnx", "wb") as file:
        file.write(model.SerializeToString())
    with open(f"{folder}/layer.json", "w", encoding="utf-8") as file:
        json.dump({**layer.__dict__, "out_size": layer.out_size}, file)
    np.save(f"{folder}/x.npy", image)
    np.save(f"{folder}/w.npy", weight)
    save_file({"conv.weight": weight}, f"{folder}/weights.safetensors")
    shape = lambda extents: ", ".join(map(str, extents))
    with open(f"{folder}/layer.qn", "w", encoding="utf-8") as file:
        file.write(f"""model layer(x: f32[{shape(image.shape)}]) -> f32[{shape((1, layer.out, *layer.out_size))}] {{
    return conv: conv{rank}d(
        x, {layer.out}, kernel = {list(layer.kernel)}, stride = {layer.stride}, pad = {[list(layer.pad)] * rank},
        groups = {layer.groups}, bias = false
    )
}}
""")


class Failure(Exception):
    pass


class Quern:
    def __init__(self, args):
        self.args = args

    def open(self, folder):
        """Compiles the model, runs it once, and returns what was chosen and how long compiling took."""
        command = [self.args.quern, "compile", f"{folder}/layer.qn", "--weights", f"{folder}/weights.safetensors", "--json",
                   f"--conv={self.args.conv}", "--plan", f"{folder}/layer.plan", "-o", f"{folder}/layer.exe", *self.args.flags]
        report = json.loads(self.run(command).stdout)
        self.run([f"{folder}/layer.exe", f"{folder}/x.npy", "--output", f"{folder}/quern.npy"])
        with open(f"{folder}/layer.plan", encoding="utf-8") as file:
            chosen = variant(json.load(file))
        return {"chosen": chosen, "compile_s": report["seconds"]}

    @staticmethod
    def run(command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failure(done.stderr.strip())
        return done

    def turn(self, folder, seconds, threads):
        command = [f"{folder}/layer.exe", "--bench", "--seconds", str(seconds), "--threads", str(threads), "--profile"]
        run = self.run(command)
        kernels = re.findall(r"^ *([0-9.]+) .*% +conv ", run.stderr, re.M)
        return {"graph": [float(re.search(r"latency_ms_min=(\S+)", run.stdout)[1])], "layer": [sum(map(float, kernels))]}


def variant(plan):
    """"winograd 4x4", as the plan has it for its only convolution."""
    conv = plan["convolutions"][0]
    return " ".join([conv["algorithm"], "x".join(map(str, conv.get("tile", [])))]).strip()


class Peer:
    def __init__(self, name, threads, log):
        self.name = name
        self.process = subprocess.Popen(
            [PYTHON.get(name, sys.executable), f"{HERE}/peers.py", name, str(threads)], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=dict(os.environ, OMP_NUM_THREADS=str(threads)))

    def turn(self, folder, seconds):
        print(json.dumps({"folder": folder, "seconds": seconds}), file=self.process.stdin)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(layer, folder, threads, quern, peers, args):
    """Least times of all competitors: {"graph": {name: ms}, "layer": {name: ms}}, and the largest difference of results."""
    best, skipped = {"graph": {}, "layer": {}}, set()

    def note(name, answer):
        if "error" in answer:
            print(f"    {name}: {answer['error'].splitlines()[0]}", file=sys.stderr)
            skipped.add(name)
            return
        for kind, times in answer.items():
            if times:
                best[kind][name] = min([*times, best[kind].get(name, math.inf)])

    for _ in range(args.rounds):
        note("quern", quern.turn(folder, args.seconds, threads))
        for peer in peers:
            if peer.name in skipped or (peer.name == "torch_fft" and layer.group != "large"):
                continue
            time.sleep(0.01)  # the one before may still spin
            began = time.perf_counter()
            note(peer.name, peer.turn(folder, args.seconds))
            if time.perf_counter() - began > 20 * args.seconds + 3:
                skipped.add(peer.name)  # slow beyond doubt: once is enough
    return best


def difference(folder, result):
    """From ONNX Runtime's result, of its largest value."""
    path = f"{folder}/ort.npy"
    if not os.path.exists(path):
        return math.nan
    expected = np.load(path)
    return float(np.abs(result - expected).max() / np.abs(expected).max())


def ratio(times):
    """(best peer's name, its time to ours)"""
    others = {name: ms for name, ms in times.items() if name != "quern" and ms > 0}
    if not others:
        return "", math.nan
    best = min(others, key=others.get)
    return best, others[best] / times["quern"]


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def summary(rows, threads):
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        for kind in ("layer", "graph"):
            ratios = [row[kind] for row in rows
                      if row["group"] == group and row["threads"] == threads and row[kind] == row[kind]]
            lines.append(f"{group}, {threads} threads, {kind}: geometric mean {mean(ratios):.2f}, worst {min(ratios, default=0):.2f}")
    return "\n".join(lines)


def machine(args):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        info = file.read()
    flags = set(re.search(r"^flags\s*:(.*)$", info, re.M)[1].split())
    telling = [flag for flag in ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile") if flag in flags]
    with open("/sys/devices/system/cpu/cpu0/cache/index2/size", encoding="ascii") as file:
        l2 = file.read().strip()
    from importlib.metadata import version
    wheels = [f"{name} {version(name)}" for name in ("onnxruntime", "openvino") if {"onnxruntime": "ort"}.get(name, name) in args.peers]
    return (f"{re.search(r'^model name.*: (.*)$', info, re.M)[1]}, {os.cpu_count()} logical cores, L2 {l2}, {' '.join(telling)}; "
            f"{', '.join(wheels)}; {time.strftime('%Y-%m-%d')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commas = lambda text: [item for item in text.split(",") if item]
    parser.add_argument("--groups", type=commas, default=list(GROUPS), help="of " + ", ".join(GROUPS))
    parser.add_argument("--only", default="", help="a regular expression that a layer's name must match")
    parser.add_argument("--peers", type=commas, default=["ort", "openvino"], help="of " + ", ".join(PEERS))
    parser.add_argument("--threads", type=commas, default=["1", "2"], help="thread counts; 1,2 unless given")
    parser.add_argument("--conv", default="auto", help="what quern compile is given as --conv")
    parser.add_argument("--flags", type=str.split, default=[], help="more arguments for quern compile")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.15, help="of one turn")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="how far results may differ, of the largest value")
    parser.add_argument("--json", help="append one line for each layer and thread count here")
    parser.add_argument("--quern", required=True, help="the compiler; ./dev bench gives it")
    parser.add_argument("--cache", required=True, help="a folder for what is built; ./dev bench gives it")
    args = parser.parse_args()
    for name, known in [(g, GROUPS) for g in args.groups] + [(p, PEERS) for p in args.peers]:
        if name not in known:
            parser.error(f"no '{name}' among {', '.join(known)}")
    for name in args.peers:
        if name in RUNTIMES:
            install(name)
    layers = [layer for group in args.groups for layer in GROUPS[group]() if re.search(args.only, layer.name)]
    print(machine(args), flush=True)
    rows, wrong = [], 0
    os.makedirs(args.cache, exist_ok=True)
    quern, log = Quern(args), open(f"{args.cache}/peers.log", "w", encoding="utf-8")
    for threads in map(int, args.threads):
        peers = [Peer(name, threads, log) for name in args.peers]
        for layer in layers:
            folder = f"{args.cache}/{re.sub('[^a-z0-9]+', '_', layer.name)}"
            write_layer(layer, folder)
            try:
                facts = quern.open(folder)
            except Failure as failure:
                print(f"{layer.name}: {failure}", flush=True)
                wrong += 1
                continue
            best = measure(layer, folder, threads, quern, peers, args)
            off = difference(folder, np.load(f"{folder}/quern.npy"))
            row = {"group": layer.group, "name": layer.name, "threads": threads, **facts, "difference": off, "times": best,
                   "gflops": layer.flops / best["layer"]["quern"] / 1e6}
            for kind in ("layer", "graph"):
                row[f"{kind}_peer"], row[kind] = ratio(best[kind])
            rows.append(row)
            bad = not off <= args.tolerance and not math.isnan(off)
            wrong += bad
            print(f"{layer.name:42} {threads} {row['layer']:6.2f} {row['graph']:6.2f}  {best['layer']['quern']:9.3f} ms "
                  f"{row['gflops']:7.1f} GF/s  {row['chosen']:18} " +
                  " ".join(f"{name} {best['layer'].get(name, math.nan):.3f}/{best['graph'].get(name, math.nan):.3f}"
                           for name in best["graph"]) +
                  f"  {facts['compile_s']:.2f} s  {off:.0e}{' WRONG' if bad else ''}", flush=True)
            if args.json:
                with open(args.json, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
        for peer in peers:
            peer.close()
        print(summary(rows, threads), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
