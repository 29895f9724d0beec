"""outputs.py FOLDER: what the models of tests/cli/outputs.qn are run on."""
import array
import os
import sys

folder = sys.argv[1]


def write(name, contents):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(contents)


nan = float("nan")
write("whole.raw", array.array("q", [2**53 + 1, -(2**62 + 3)]).tobytes())
write("brain.raw", array.array("H", [0x3F80, 0x4000]).tobytes())  # 1 and 2
write("scores.raw", array.array("f", [nan, nan, nan, 0, 1, 0]).tobytes())
header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }".ljust(117) + "\n"
write("classes.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + array.array("q", [0, 1]).tobytes())
