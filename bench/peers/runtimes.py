#!/usr/bin/env python3
"""The runtimes that Quern is measured beside, each loaded in a process of its own: runtimes.py NAME FOLDER THREADS

The folder holds model.onnx and its inputs: x.npy, or inputs.npz where there are several. The process says what loading took, as a line of JSON, and leaves the result in
NAME.y.npy; then, for each line with a number of seconds, it runs the model for as long and says the latencies in ms.
"""
import importlib.util
import json
import os
import subprocess
import sys
import time

# name: (what pip installs for it, the function that loads it). A loader takes (folder, threads, inputs by name) and returns a
# pair: step() runs the model once on them, and fetch(what step returned) is the first result as an array. Only step is timed.
RUNTIMES = {}


def runtime(wheels, module):
    def register(load):
        RUNTIMES[load.__name__] = (wheels, module, load)
        return load
    return register


@runtime(["onnxruntime"], "onnxruntime")
def ort(folder, threads, inputs):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, inputs), lambda y: y[0]


def openvino_at(folder, threads, inputs, **options):
    import openvino
    compiled = openvino.Core().compile_model(f"{folder}/model.onnx", "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, **options})
    request = compiled.create_infer_request()
    return lambda: request.infer(inputs, share_inputs=True, share_outputs=True), lambda y: y[compiled.output(0)]


@runtime(["openvino"], "openvino")
def openvino(folder, threads, inputs):
    """Held to f32, as everything else here: its own choice is bf16 where the CPU has it."""
    return openvino_at(folder, threads, inputs, INFERENCE_PRECISION_HINT="f32")


@runtime(["torch", "torchvision", "efficientnet-lite-pytorch"], "torch")
def inductor(folder, threads, inputs):
    """torch.compile with constants folded, of torchvision's network or of what module.pt2 holds. Its wheels are large."""
    import torch
    import torch._inductor.config
    from safetensors.torch import load_file
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    torch._inductor.config.freezing = True
    name, arrays = os.path.basename(folder), [torch.from_numpy(array) for array in inputs.values()]
    if os.path.exists(f"{folder}/module.pt2"):
        module = torch.compile(torch.export.load(f"{folder}/module.pt2").module(), dynamic=False)
        return lambda: module(*arrays), lambda y: (y[0] if isinstance(y, tuple) else y).numpy()
    if name == "efficientnet_lite0":
        from efficientnet_lite_pytorch import EfficientNet
        module = EfficientNet.from_name("efficientnet-lite0")
    else:
        import torchvision
        module = getattr(torchvision.models, name)(weights=None)
    module.load_state_dict(load_file(f"{folder}/weights.safetensors"))
    module = torch.compile(module.eval(), dynamic=False)
    return lambda: module(*arrays), lambda y: y.numpy()


@runtime(["iree-base-compiler[onnx]", "iree-base-runtime"], "iree")
def iree(folder, threads, inputs):
    import iree.compiler
    import iree.runtime
    mlir, module = f"{folder}/iree.mlir", f"{folder}/iree.vmfb"
    if not os.path.exists(module):
        subprocess.run([sys.executable, "-m", "iree.compiler.tools.import_onnx", f"{folder}/model.onnx", "-o", mlir],
                       check=True)
        iree.compiler.compile_file(mlir, output_file=module, extra_args=[
            "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
            "--iree-llvmcpu-target-cpu=host"])
        os.remove(mlir)  # it holds the weights as text
    iree.runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
    config = iree.runtime.Config("local-task" if threads > 1 else "local-sync")
    context = iree.runtime.SystemContext(config=config)
    loaded = iree.runtime.VmModule.mmap(context.instance, module)
    context.add_vm_module(loaded)
    arrays = [iree.runtime.asdevicearray(config.device, array) for array in inputs.values()]
    network = context.modules[loaded.name]["network"]
    return lambda: network(*arrays), lambda y: (y[0] if isinstance(y, (list, tuple)) else y).to_host()


def install(name):
    """Installs what a runtime needs into the environment that runs this, unless it is there."""
    wheels, module, _ = RUNTIMES[name]
    if importlib.util.find_spec(module) is None:
        print(f"install {' '.join(wheels)} for {name}", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", *wheels], check=True)


def main():
    name, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to the log
    import numpy as np
    several = f"{folder}/inputs.npz"
    inputs = dict(np.load(several)) if os.path.exists(several) else {"x": np.load(f"{folder}/x.npy")}
    began = time.perf_counter()
    step, fetch = RUNTIMES[name][2](folder, threads, inputs)
    result = fetch(step())
    print(json.dumps({"load_s": time.perf_counter() - began}), file=answers)
    np.save(f"{folder}/{name}.y.npy", result)
    for line in sys.stdin:
        step()
        latencies, end = [], time.perf_counter() + float(line)
        while len(latencies) < 3 or time.perf_counter() < end:
            before = time.perf_counter()
            step()
            latencies.append((time.perf_counter() - before) * 1e3)
        print(json.dumps(latencies), file=answers)


if __name__ == "__main__":
    main()
