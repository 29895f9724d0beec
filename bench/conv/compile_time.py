#!/usr/bin/env python3
"""How long it takes to compile one convolution by one algorithm, from the graph to a linked and loaded library.

  bench/conv/compile_time.py

Nothing comes from the cache; as many variants compile at once as there are processors. Prints what takes more than a second,
and the median and the longest of each algorithm.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAYERS = [
    ["--input", "1x3x224x224", "--filter", "64x3x7x7", "--stride", "2", "--pad", "3"],
    ["--input", "1x64x56x56", "--filter", "64x64x3x3", "--pad", "1"],
    ["--input", "1x64x56x56", "--filter", "256x64x1x1"],
    ["--input", "1x256x28x28", "--filter", "512x256x3x3", "--pad", "1"],
    ["--input", "1x512x14x14", "--filter", "512x512x3x3", "--pad", "1"],
    ["--input", "1x144x56x56", "--filter", "144x1x3x3", "--groups", "144", "--pad", "1"],
    ["--input", "1x64x56x56", "--filter", "64x64x15x15", "--pad", "same"],
    ["--input", "1x64x16384", "--filter", "64x1x1024", "--groups", "64", "--pad", "same"],
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quern", default=os.path.join(TOP, "build/bin/quern"))
    options = parser.parse_args()
    by_algorithm, slow = collections.defaultdict(list), []
    with tempfile.TemporaryDirectory() as cache:
        for layer in LAYERS:
            command = [options.quern, "conv", *layer, "--json", "--quiet", "--seconds", "0.001"]
            report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True,
                                               env={**os.environ, "QUERN_CACHE": cache}).stdout)
            for record in report["records"]:
                if record["compile_seconds"] is None:
                    continue
                by_algorithm[record["algorithm"].split()[0]].append(record["compile_seconds"])
                if record["compile_seconds"] > 1:
                    slow.append((record["compile_seconds"], record["algorithm"], record["shape"]))
    print(report["processor"])
    for algorithm, seconds in by_algorithm.items():
        print(f"{algorithm:<16} median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s, of {len(seconds)}")
    for seconds, algorithm, shape in sorted(slow, reverse=True):
        print(f"more than a second: {seconds:.2f} s  {algorithm:<16} {shape}")


if __name__ == "__main__":
    main()
