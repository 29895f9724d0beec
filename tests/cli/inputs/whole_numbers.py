"""Writes x.npy, f32[1, 8, 20, 20] of small whole numbers, into the folder that is given."""

import array
import sys

values = array.array("f", [float(i * 37 % 11 - 5) for i in range(8 * 20 * 20)])
header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 8, 20, 20), }"
header += " " * (-(10 + len(header) + 1) % 64) + "\n"
with open(sys.argv[1] + "/x.npy", "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes())
