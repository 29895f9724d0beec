"""indices.py FOLDER: six 32-bit indices each, good.raw and good.npy, and with one too high or too low high.raw, high.npy and low.raw; as an
array they are 2 x 3. parts.raw: floats that are whole.raw when they are truncated, and with one too high or none parts_high.raw and parts_none.raw."""
import struct
import sys

folder = sys.argv[1]
for name, indices in {"good": [0, 6, 1, 5, 2, 4], "high": [0, 6, 1, 5, 2, 7], "low": [-1, 6, 1, 5, 2, 4]}.items():
    content = struct.pack("<6i", *indices)
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}".ljust(117) + b"\n"
    with open(f"{folder}/{name}.raw", "wb") as file:
        file.write(content)
    with open(f"{folder}/{name}.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content)
with open(f"{folder}/whole.raw", "wb") as file:
    file.write(struct.pack("<6i", 0, 0, 6, 5, 2, 4))
for name, ends in {"parts": (-0.9, 4.5), "parts_high": (-0.9, 7.25), "parts_none": (float("nan"), 4.5)}.items():
    with open(f"{folder}/{name}.raw", "wb") as file:
        file.write(struct.pack("<6f", ends[0], 0.9, 6.99, 5.0, 2.1, ends[1]))
