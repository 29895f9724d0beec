"""Whether two raw files hold the same f32 numbers, to 1e-5 of the largest."""

import array
import sys

first, second = (array.array("f", open(path, "rb").read()) for path in sys.argv[1:3])
largest = max(abs(number) for number in first)
if len(first) != len(second) or not all(abs(a - b) <= 1e-5 * largest for a, b in zip(first, second)):
    sys.exit(f"{list(first)}\nis not\n{list(second)}")
