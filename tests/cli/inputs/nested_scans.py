"""nested_scans.py make FOLDER: writes x.raw, f32[9, 4], and what nested_scans.qn makes of it, one file a model.
nested_scans.py check FILE EXPECTED: holds an output against that."""

import array
import math
import sys


def cell(row, above, start):
    """h = tanh(e + h / 2) along the sums of a row and what is above it."""
    states, state = [], start
    for e, a in zip(row, above):
        state = math.tanh(e + a + state / 2)
        states.append(state)
    return states


def make(folder):
    x = [[math.sin(1 + 4 * t + s) for s in range(4)] for t in range(9)]
    whole, last = [], []
    above, state = [0.0] * 4, 0.0
    for row in x:
        above = cell(row, above, 0.0)
        whole += above
        state = cell(row, [0.0] * 4, state)[3]
        last.append(state)
    for name, values in ("x", sum(x, [])), ("whole", whole), ("last", last):
        with open(f"{folder}/{name}.raw", "wb") as file:
            array.array("f", values).tofile(file)


def check(output, expected):
    values, wanted = (array.array("f", open(path, "rb").read()) for path in (output, expected))
    error = max(abs(a - b) for a, b in zip(values, wanted, strict=True))
    assert error < 1e-5, error


{"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
