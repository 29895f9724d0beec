"""Takes turns between kernel_bench and ONNX Runtime on one net, and prints both times for each kind of layer.

    python compare.py KERNEL_BENCH NET [--threads N] [--rounds N] [--target T]

needs numpy, onnx and onnxruntime. Peer times of single layers are from ONNX Runtime's own profile; least times throughout.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from nets import NETS


def build_onnx(layers):
    random = np.random.default_rng(0)
    nodes, weights = [], []

    def weight(name, shape, fan):
        weights.append(numpy_helper.from_array((random.uniform(-1, 1, shape) * (3 / fan) ** 0.5).astype(np.float32), name))
        return name

    names = {-1: "input"}
    for i, layer in enumerate(layers):
        source, out, steps = names[layer.source], f"t{i}", []
        spatial = dict(kernel_shape=[layer.kernel] * 2, strides=[layer.stride] * 2,
                       pads=[layer.pad[0]] * 2 + [layer.pad[1]] * 2)
        if layer.kind in ("conv", "depthwise"):
            groups = layer.ci if layer.kind == "depthwise" else 1
            shape = (layer.co, layer.ci // groups, layer.kernel, layer.kernel)
            steps.append(("Conv", [weight(f"w{i}", shape, np.prod(shape[1:])), weight(f"b{i}", (layer.co,), 3)],
                          dict(spatial, group=groups)))
        elif layer.kind == "maxpool":
            steps.append(("MaxPool", [], spatial))
        elif layer.kind == "meanpool":
            steps += [("GlobalAveragePool", [], {}), ("Flatten", [], {})]
        else:
            if i and layers[layer.source].kind == "maxpool":
                steps.append(("Flatten", [], {}))
            steps.append(("Gemm", [weight(f"w{i}", (layer.co, layer.ci), layer.ci), weight(f"b{i}", (layer.co,), 3)],
                          dict(transB=1)))
        if layer.residual is not None:
            steps.append(("Add", [names[layer.residual]], {}))
        if layer.act == "relu":
            steps.append(("Relu", [], {}))
        elif layer.act == "relu6":
            steps.append(("Clip", ["zero", "six"], {}))
        for j, (op, operands, attributes) in enumerate(steps):
            result = out if j == len(steps) - 1 else f"{out}_{j}"
            nodes.append(helper.make_node(op, [source, *operands], [result], name=f"L{i}_{op}", **attributes))
            source = result
        names[i] = out
    weights += [numpy_helper.from_array(np.float32(0), "zero"), numpy_helper.from_array(np.float32(6), "six")]
    value = helper.make_tensor_value_info
    size = layers[0].size
    graph = helper.make_graph(nodes, "net", [value("input", 1, [1, layers[0].ci, size, size])],
                              [value(names[len(layers) - 1], 1, None)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def session(model, threads, profile=None):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that spin on after a run would take the cores from the other side's turn.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if profile:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def profile_times(model, feed, threads, runs):
    """Least milliseconds of each node, by the layer number in its name; reorders under the name 'reorder'."""
    with tempfile.TemporaryDirectory() as folder:
        s = session(model, threads, os.path.join(folder, "p"))
        for _ in range(runs):
            s.run(None, feed)
        path = s.end_profiling()
        with open(path) as file:
            events = json.load(file)
    least = {}
    for event in events:
        name = event["name"]
        if event.get("cat") != "Node" or not name.endswith("_kernel_time"):
            continue
        least[name] = min(least.get(name, 1e9), event["dur"] / 1000)
    times = {}
    for name, ms in least.items():
        found = re.match(r"[Lt](\d+)_", name)  # the NCHWc pass names a node by its output
        key = int(found.group(1)) if found else "reorder"
        times[key] = times.get(key, 0) + ms
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--target", default="host")
    args = parser.parse_args()
    layers = NETS[args.net]()
    model = build_onnx(layers)
    feed = {"input": np.random.default_rng(1).standard_normal((1, 3, 224, 224), dtype=np.float32)}
    with tempfile.NamedTemporaryFile("w", suffix=".layers") as table:
        table.write("".join(layer.text() + "\n" for layer in layers))
        table.flush()
        ours = subprocess.Popen([args.bench, table.name, "--threads", str(args.threads), "--target", args.target, "--serve"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert ours.stdout.readline().strip() == "ready"
        peer = session(model, args.threads)
        peer.run(None, feed)
        our_best = peer_best = 1e9
        for _ in range(args.rounds):
            ours.stdin.write("run 3\n")
            ours.stdin.flush()
            our_best = min(our_best, float(ours.stdout.readline()))
            time.sleep(0.02)
            # One thread's own time, as in kernel_bench, so that neighbours on the machine count less.
            clock = time.thread_time if args.threads == 1 else time.perf_counter
            for _ in range(3):
                start = clock()
                peer.run(None, feed)
                peer_best = min(peer_best, (clock() - start) * 1000)
        times = profile_times(model, feed, args.threads, 3 * args.rounds)
        report, _ = ours.communicate("report\n")
    by_text = {}
    for i, layer in enumerate(layers):
        by_text[layer.text()] = by_text.get(layer.text(), 0) + times.get(i, 0)
    for line in report.splitlines():
        found = re.match(r"(\S.*?)\s+x\d+\s+([\d.]+) ms", line)
        if found:
            peer_ms = by_text.get(found.group(1), 0)
            print(f"{peer_ms / float(found.group(2)):5.2f}x  peer {peer_ms:8.3f}  ours {line}")
        else:
            print(line)
    print(f"peer: sum of least times {sum(times.values()):.3f} ms, of which reorders {times.get('reorder', 0):.3f}")
    print(f"TOTAL {args.net} threads {args.threads}: ours {our_best:.3f} ms, ONNX Runtime {peer_best:.3f} ms: "
          f"{peer_best / our_best:.2f} times its speed")


if __name__ == "__main__":
    main()
