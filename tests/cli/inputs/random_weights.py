"""Runs a program of 64 inputs: two that hardly differ give nearly the same, in range, and a third something else."""

import array
import math
import subprocess
import sys


def run(program, values):
    with open(program + ".in.raw", "wb") as file:
        array.array("f", values).tofile(file)
    subprocess.run([program, program + ".in.raw", "--output", program + ".out.raw"], check=True)
    with open(program + ".out.raw", "rb") as file:
        return array.array("f", file.read())


values = [math.sin(1 + 3.7 * i) for i in range(64)]
results = run(sys.argv[1], values)
size = max(map(abs, results))


def change(other):
    return max(abs(a - b) for a, b in zip(results, run(sys.argv[1], other), strict=True)) / size


by_little = change([value + 1e-6 * math.cos(5.3 * i) for i, value in enumerate(values)])
by_much = change([math.sin(2 + 5.1 * i) for i in range(64)])
assert by_little < 1e-4 and by_much > 1e-2 and 1e-3 < size < 1e3, (by_little, by_much, size)
