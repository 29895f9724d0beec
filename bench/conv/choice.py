#!/usr/bin/env python3
"""How near the cost model's choice of an algorithm comes to the best that measuring finds, layer by layer.

  bench/conv/choice.py --threads 1,2                       # measures, which takes some minutes; a second run goes on from the first
  bench/conv/choice.py --threads 1 --save times.json       # keeps the times
  bench/conv/choice.py --threads 1 --times times.json      # asks the model of this build again, about times kept before

The layers are VGG-16's 3x3, ResNet-50's distinct convolutions, the depthwise ones of MobileNet and EfficientNet-Lite0, large filters,
and filters that are neither large nor small, all f32 and batch 1. A ratio is the time of the model's choice over the time of the fastest variant within the
same error budget; both are medians of one run in turns (`quern conv`). The targets are 1.05 as the geometric mean, and 1.25 on
the worst layer.
"""
import argparse
import json
import math
import os
import subprocess
import sys

from layers import middling

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEAN_TARGET, WORST_TARGET = 1.05, 1.25


def depthwise(channels, size, stride, kernel=3):
    return ["--input", f"1x{channels}x{size}x{size}", "--filter", f"{channels}x1x{kernel}x{kernel}", "--groups", str(channels),
            "--stride", str(stride), "--pad", str(kernel // 2)]


def model(name):
    return ["--model", os.path.join(TOP, "models", name + ".qn")]


MOBILENET = [(32, 112, 1), (64, 112, 2), (128, 56, 1), (128, 56, 2), (256, 28, 1), (256, 28, 2), (512, 14, 1), (512, 14, 2),
             (1024, 7, 1)]
LARGE = [["--input", "1x64x56x56", "--filter", "64x64x{7,15,31}", "--pad", "same"],
         ["--input", "1x64x56x56", "--filter", "64x1x{7,15,31}", "--groups", "64", "--pad", "same"],
         ["--input", "1x64x16384", "--filter", "64x1x{1024,16384}", "--groups", "64", "--pad", "same"]]
MIDDLING = [["--input", f"1x{layer.channels}x" + "x".join(map(str, layer.size)), "--filter",
             f"{layer.out}x{layer.channels}x" + "x".join(map(str, layer.kernel)), "--pad", "same"] for layer in middling()]
# What is asked of `quern conv`, and whether only the depthwise layers of a model count.
GROUPS = {
    "VGG-16, 3x3": ([model("vgg16")], False),
    "ResNet-50": ([model("resnet50")], False),
    "MobileNet, depthwise": ([depthwise(*row) for row in MOBILENET], False),
    "EfficientNet-Lite0, depthwise": ([model("efficientnet_lite0")], True),
    "large filters": (LARGE, False),
    "filters longer than Winograd's, few channels": (MIDDLING, False),
}


def compare(quern, arguments, options):
    command = [quern, "conv", "--json", "--quiet", *arguments, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    return json.loads(done.stdout)


def layers_of(report, depthwise_only):
    """The records of each layer, by its shape."""
    layers = {}
    for record in report["records"]:
        if not depthwise_only or " groups " in record["shape"]:
            layers.setdefault(record["shape"], []).append(record)
    return layers


def ask(quern, wanted, threads, extra):
    """The layers of the wanted groups, and what the reports say of the machine."""
    groups, machine = {}, None
    for name in wanted:
        questions, depthwise_only = GROUPS[name]
        layers = groups[name] = {}
        for arguments in questions:
            report = compare(quern, arguments, ["--threads", str(threads), *extra])
            machine = f"{report['processor']}, peak {report['peak_gflops']:.0f} GFLOP/s on {threads} thread(s)"
            layers.update(layers_of(report, depthwise_only))
    return {"machine": machine, "groups": groups}


def judge(records, picks, budget):
    """The model's choice and the fastest, as (name, ms) each."""
    allowed = [r for r in records if r["ms_median"] is not None and r["max_error"] <= budget and not r.get("conditional")]
    best = min(allowed, key=lambda r: r["ms_median"])
    name = next(r["algorithm"] for r in picks if r["chosen_by_model"])
    pick = next((r for r in allowed if r["algorithm"] == name), {"algorithm": name, "ms_median": math.inf})  # it failed
    return (pick["algorithm"], pick["ms_median"]), (best["algorithm"], best["ms_median"])


def geometric_mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def show(times, picks, budget):
    print(times["machine"])
    everything, failed = [], 0
    for name, layers in times["groups"].items():
        print(f"\n{name}\n  {'layer':<48} {'model takes':<17} {'ms':>9}  {'fastest':<17} {'ms':>9}  ratio")
        ratios = []
        for shape, records in layers.items():
            (pick, ms), (best, best_ms) = judge(records, picks["groups"][name][shape], budget)
            if math.isinf(ms):
                failed += 1
            else:
                ratios.append((ms / best_ms, shape))
            print(f"  {shape:<48} {pick:<17} {ms:9.3f}  {best:<17} {best_ms:9.3f}  {ms / best_ms:5.2f}")
        print(f"  geometric mean {geometric_mean([r for r, _ in ratios]):.3f}, worst {max(ratios)[0]:.2f}")
        everything += ratios
    mean, (worst, where) = geometric_mean([r for r, _ in everything]), max(everything)
    print(f"\nall {len(everything)} layers: geometric mean {mean:.3f} (target {MEAN_TARGET}), "
          f"worst {worst:.2f} (target {WORST_TARGET}) on {where}")
    if failed:
        print(f"and {failed} where the model's choice has no time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quern", default=os.path.join(TOP, "build/bin/quern"))
    parser.add_argument("--threads", default="1")
    parser.add_argument("--seconds", default="0.25", help="of timing at most, for each variant on average")
    parser.add_argument("--group", default="", help="part of a group's name: its layers only")
    parser.add_argument("--max-error", default=1e-3, type=float)
    parser.add_argument("--save", help="keep the times in this file")
    parser.add_argument("--times", help="take the times from this file")
    options = parser.parse_args()
    budget = ["--max-error", str(options.max_error)]
    saved = {}
    if options.times:
        with open(options.times, encoding="utf-8") as file:
            saved = json.load(file)
    wanted = [name for name in GROUPS if options.group.lower() in name.lower()]
    if not wanted:
        parser.error(f"--group {options.group}: there is {', '.join(GROUPS)}")
    for threads in options.threads.split(","):
        picks = ask(options.quern, wanted, threads, budget + (["--estimate"] if saved else ["--seconds", options.seconds]))
        times = saved.setdefault(threads, picks)
        show(times, picks, options.max_error)
    if options.save:
        with open(options.save, "w", encoding="utf-8") as file:
            json.dump(saved, file)


if __name__ == "__main__":
    main()
