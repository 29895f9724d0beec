#!/usr/bin/env python3
"""Seconds of processor time that `quern causal` takes: proof, receptive field, blind spot, what a sequence takes.

    bench/sampling/analysis.py --quern build/bin/quern
    bench/sampling/analysis.py --quern build/bin/quern gpt:T=8192

A model is its file in models/ and its settings; without any, those of the table in bench/sampling/README.md. Beside it stands `quern check`,
which only reads the model. The least of several runs counts. No packages are needed.
"""

import argparse
import os
import resource
import subprocess

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MODELS = ["pixelcnn_pp:H=64:W=64", "wavenet:T=16384", "pixelcnn:C=3:H=32:W=32", "pixelsnail:H=64:W=64", "gpt:T=8192"]


def seconds(command):
    """The processor time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quern", required=True, help="the program")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("models", nargs="*", default=MODELS)
    arguments = parser.parse_args()
    print(f"{'model':<28} {'check':>8} {'causal':>8}")
    for model in arguments.models:
        name, *settings = model.split(":")
        rest = [os.path.join(TOP, "models", name + ".qn")]
        for setting in settings:
            rest += ["--set", setting]
        times = [min(seconds([arguments.quern, command, *rest]) for _ in range(arguments.repeats))
                 for command in ("check", "causal")]
        print(f"{model:<28} {times[0]:8.2f} {times[1]:8.2f}")


if __name__ == "__main__":
    main()
