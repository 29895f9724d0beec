#!/usr/bin/env python3
"""Measures how long it takes to draw one sample of a causal model: by Quern's step programs, and by other runtimes, naively, with a
full pass for each element, and with a cached sampler as one would write it by hand (steps.py, streams.py).

    .deps/bench-venv/bin/pip install torch onnxscript
    .deps/bench-venv/bin/python bench/sampling/sampling.py --quern build/bin/quern --cache .deps/bench/sampling \\
        --models wavenet --peers ort,openvino,iree

Every graph is exported once, and timed in turns with all others (see bench/README.md, "How it is measured"). A sample costs the sum of count times best
latency. Drawing the elements and moving them in and out of the caches is not counted, which favours the peers. Before anything
is timed, the cached graphs are driven over a small input and have to give what the full pass gives. Quern's time is the
difference between two runs of the compiled program, start and end to end, that draw fewer and more.
"""

import argparse
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "peers"), os.path.join(HERE, "..", "..", "models")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from peers import TOP, Competitor, Failure, Peer, Quern, facts, quiet  # noqa: E402
from references.mixtures import PixelCNNpp, PixelSNAIL  # noqa: E402
from references.pixels import PixelCNN  # noqa: E402
from references.sequences import WaveNet  # noqa: E402
from references.weights import with_synthetic_weights  # noqa: E402
from runtimes import RUNTIMES, install  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from steps import Graph, PixelCNNStep, WaveNetStep  # noqa: E402
from streams import PixelCNNppStep, PixelSnailStep  # noqa: E402

# name: (network, its cached sampler, input's shape, elements of a sample, a small network and shape for the check)
MODELS = {
    "wavenet": (lambda: WaveNet(256, 64, 128, 30, 10, 0), WaveNetStep, (1, 3070), 3070,
                lambda: WaveNet(16, 8, 12, 8, 4, 0), (1, 40)),
    "pixelcnn_28": (lambda: PixelCNN(1, 96, 12, 256), PixelCNNStep, (1, 1, 28, 28), 28 * 28,
                    lambda: PixelCNN(1, 12, 3, 4), (1, 1, 6, 7)),
    "pixelcnn_32": (lambda: PixelCNN(3, 96, 12, 256), PixelCNNStep, (1, 3, 32, 32), 3 * 32 * 32,
                    lambda: PixelCNN(3, 18, 3, 4), (1, 3, 6, 7)),
    "pixelcnn_pp": (lambda: PixelCNNpp(3, 5, 64, 10), PixelCNNppStep, (1, 3, 32, 32), 32 * 32,
                    lambda: PixelCNNpp(3, 2, 6, 2), (1, 3, 8, 12)),
    "pixelsnail": (lambda: PixelSNAIL(4, 2, 64, 4, 10), PixelSnailStep, (1, 3, 32, 32), 32 * 32,
                   lambda: PixelSNAIL(2, 2, 8, 2, 2), (1, 3, 5, 6)),
}


def example(shape):
    return torch.randint(0, 16, shape) if len(shape) == 2 else torch.rand(shape)


def check(model):
    """That the cached graphs give what the full pass gives."""
    _, sampler, _, _, make, shape = MODELS[model]
    network, x = with_synthetic_weights(make()).double(), example(shape)
    x = x.double() if x.is_floating_point() else x
    graphs = sampler.graphs(network, *(shape[2:] or shape[1:]))
    expected, got = network(x), sampler.replay(network, graphs, x)
    if not (got - expected).abs().max() <= 1e-10 * expected.abs().max():
        raise SystemExit(f"{model}: the cached sampler does not give what the full pass gives")


def export(graph, folder):
    """model.onnx, module.pt2, inputs.npz, and the result as PyTorch has it, unless they are there."""
    if os.path.exists(f"{folder}/expected.npy"):
        return
    os.makedirs(folder, exist_ok=True)
    arguments = tuple(graph.inputs.values())
    exported = torch.export.export(graph.module, arguments)
    torch.export.save(exported, f"{folder}/module.pt2")
    names = list(graph.inputs)
    program = torch.onnx.export(exported, arguments, dynamo=True, input_names=names)
    # IREE calls the graph by its name.
    program.model.graph.name = "network"
    program.save(f"{folder}/model.onnx")
    given = [value.name for value in program.model.graph.inputs]
    # What a graph does not read is no input of it.
    np.savez(f"{folder}/inputs.npz", **{name: graph.inputs[name].numpy() for name in given})
    result = graph.module(*arguments)
    np.save(f"{folder}/expected.npy", (result[0] if isinstance(result, tuple) else result).numpy())


def network_of(model):
    """With the weights that PyTorch begins a training with: at these depths the synthetic ones overflow."""
    torch.manual_seed(0)
    return MODELS[model][0]().eval().requires_grad_(False)


def graphs_of(model):
    _, sampler, shape, elements, _, _ = MODELS[model]
    network = network_of(model)
    full = Graph("full", network, {"x": example(shape)}, elements)
    return [full] + sampler.graphs(network, *(shape[2:] or shape[1:]))


# name: (models/FILE.qn, its settings, two arguments of --sample, and how many samples they differ by)
OURS = {
    "wavenet": ("wavenet", ["T=4096", "skips=128"], 500, 2500, 2000 / 3070),
    "pixelcnn_28": ("pixelcnn", [], 1, 2, 1),
    "pixelcnn_32": ("pixelcnn", ["C=3", "H=32", "W=32"], 1, 2, 1),
    "pixelcnn_pp": ("pixelcnn_pp", ["channels=64"], 1, 2, 1),
    "pixelsnail": ("pixelsnail", [], 1, 2, 1),
}


class QuernFull(Quern):
    """The full pass of our program, on random input."""

    def __init__(self, quern, model, folder, threads):
        Competitor.__init__(self, "quern")
        file, settings, *_ = OURS[model]
        self.threads, self.input = threads, []
        self.program, self.log = f"{folder}/quern.exe", f"{folder}/quern.log"
        save_file(network_of(model).state_dict(), f"{folder}/weights.safetensors")
        arguments = [word for setting in settings for word in ("--set", setting)]
        self.command(quern, "compile", f"{TOP}/models/{file}.qn", "--weights", f"{folder}/weights.safetensors", *arguments,
                     "-o", self.program)


class QuernSamples(Competitor):
    """Its step programs: how much longer it takes to draw more."""

    def __init__(self, full, model):
        super().__init__("quern")
        self.full = full
        *_, self.fewer, self.more, self.samples = OURS[model]

    def run(self, seconds):
        del seconds  # as long as it takes
        (few, own_few), (many, own_many) = self.draw(self.fewer), self.draw(self.more)
        each = (many - few) / self.samples
        return own_few + own_many, each, each

    def draw(self, count):
        began = time.perf_counter()
        _, own = self.full.command(self.full.program, "--sample", str(count), "--threads", str(self.full.threads))
        return (time.perf_counter() - began) * 1e3, own

    def close(self):
        pass


def is_wrong(name, folder):
    expected, got = np.load(f"{folder}/expected.npy"), np.load(f"{folder}/{name}.y.npy")
    return got.shape != expected.shape or not np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


def load(model, threads, graphs, args):
    """Of each competitor a list: its full pass, and what a cached sample is put together from; and the failures."""
    competitors, failures = {}, {}
    for name in (["quern"] if args.quern else []) + args.peers:
        try:
            if name == "quern":
                full = QuernFull(args.quern, model, f"{args.cache}/{model}", threads)
                competitors[name] = [full, QuernSamples(full, model)]
            else:
                competitors[name] = [Peer(name, f"{args.cache}/{model}/{graph.name}", threads) for graph in graphs]
        except Failure as failure:
            failures[name] = str(failure)
    return competitors, failures


def measure(model, threads, args):
    """For each competitor the milliseconds of a naive sample, of a cached one and of a full pass."""
    graphs = graphs_of(model)
    folders = [f"{args.cache}/{model}/{graph.name}" for graph in graphs]
    for graph, folder in zip(graphs, folders):
        export(graph, folder)
    competitors, failures = load(model, threads, graphs, args)
    rows = {name: {"error": failure} for name, failure in failures.items()}
    try:
        with quiet():
            for name, parts in [item for _ in range(args.rounds) for item in competitors.items()]:
                try:
                    for one in parts:
                        one.turn(args.seconds)
                except Failure as failure:
                    rows[name] = {"error": str(failure)}
    finally:
        for one in [one for parts in competitors.values() for one in parts]:
            one.close()
    for name, parts in competitors.items():
        if not args.rounds or name in rows:
            continue
        results = [part.result() for part in parts]
        best = [result["best_ms"] for result in results]
        counts = [1] if name == "quern" else [graph.count for graph in graphs[1:]]
        rows[name] = {
            "naive_ms": best[0] * graphs[0].count,
            "cached_ms": sum(ms * count for ms, count in zip(best[1:], counts)),
            "full_ms": best[0],
            "wrong": [] if name == "quern" else [folder for folder in folders if is_wrong(name, folder)],
            "others": max(result["others"] for result in results),
        }
    return {"model": model, "threads": threads, "elements": graphs[0].count, "rows": rows}


def table(results):
    columns = ["model", "threads", "peer", "naive sample, s", "cached sample, s", "full pass, ms", "cached, µs an element",
               "cores busy with others"]
    lines = [f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    for result in results:
        for name, row in result["rows"].items():
            head = f"| {result['model']} | {result['threads']} | {name} |"
            if "error" in row:
                lines.append(f"{head} failed: {row['error']} |")
                continue
            wrong = " (wrong result)" if row["wrong"] else ""
            each = row["cached_ms"] / result["elements"] * 1e3
            lines.append(f"{head} {row['naive_ms'] / 1e3:.3g}{wrong} | {row['cached_ms'] / 1e3:.3g} | "
                         f"{row['full_ms']:.3g} | {each:.3g} | {row['others']:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commas = lambda text: text.split(",")
    parser.add_argument("--models", type=commas, default=list(MODELS), help="of " + ", ".join(MODELS))
    parser.add_argument("--peers", type=commas, default=["ort"], help="of " + ", ".join(RUNTIMES))
    parser.add_argument("--threads", type=commas, default=["1", "2"])
    parser.add_argument("--quern", help="the compiler")
    parser.add_argument("--rounds", type=int, default=3, help="0 exports and builds everything, and times nothing")
    parser.add_argument("--seconds", type=float, default=0.3, help="of one graph's turn")
    parser.add_argument("--cache", required=True, help="a folder for what is exported and built")
    parser.add_argument("--json", help="append one line for each model and thread count here")
    args = parser.parse_args()
    for name in args.peers:
        install(name)
    results = []
    with torch.no_grad():
        for model in args.models:
            check(model)
            for threads in map(int, args.threads):
                results.append(measure(model, threads, args))
                print(table(results[-1:]), flush=True)
                if args.json:
                    with open(args.json, "a", encoding="utf-8") as file:
                        file.write(json.dumps(results[-1]) + "\n")
    print("\n" + table(results) + "\n\n" + facts(args.peers))


if __name__ == "__main__":
    main()
