"""prompts.py FOLDER: the elements 1 and 2 as an array of i32, two.npy, and as one of f64, float.npy; seven of i32, seven.npy."""
import array
import sys

for name, described, values in (("two", "<i4", array.array("i", [1, 2])), ("float", "<f8", array.array("d", [1, 2])),
                                ("seven", "<i4", array.array("i", [1] * 7))):
    header = f"{{'descr': '{described}', 'fortran_order': False, 'shape': ({len(values)},), }}".ljust(117) + "\n"
    with open(f"{sys.argv[1]}/{name}.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes())
