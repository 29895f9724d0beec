"""Writes the weights of tests/cli/conv_separable.qn as .npz: filters that come apart, each in a way of its own."""
import io
import math
import random
import struct
import sys
import zipfile

draw = random.Random(1)


def rounded(value):
    """To f32, of which products are made that it holds up to a rounding."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def drawn(count):
    return [rounded(draw.uniform(-1, 1)) for _ in range(count)]


def product(column, row):
    return [a * b for a in column for b in row]


def gaussian(taps, sigma):
    line = [math.exp(-((k - taps // 2) ** 2) / (2 * sigma**2)) for k in range(taps)]
    return [a / sum(line) for a in line]


def blur(sigma):
    return product(gaussian(5, sigma), gaussian(5, sigma))


def difference(sigma):
    """Of two Gaussians: not a product, but a sum of two."""
    narrow, wide = gaussian(7, sigma), gaussian(7, 1.6 * sigma)
    return [a - b for a, b in zip(product(narrow, narrow), product(wide, wide))]


def sobel():
    smooth, slope = [1, 2, 1], [-1, 0, 1]
    return product(smooth, slope) + product(slope, smooth)


def sum_of_two(outputs, inputs, taps):
    lines = [[drawn(taps) for _ in range(inputs)] for _ in range(2)]
    filters = []
    for _ in range(outputs):
        rest = [drawn(taps) for _ in range(2)]
        for i in range(inputs):
            filters += [a + b for a, b in zip(product(rest[0], lines[0][i]), product(rest[1], lines[1][i]))]
    return filters


tensors = {
    "blur": ((8, 1, 5, 5), [tap for c in range(8) for tap in blur(0.5 + c / 8)]),
    "edges": ((16, 1, 3, 3), 8 * sobel()),
    "bands": ((16, 1, 7, 7), [tap for c in range(16) for tap in difference(0.6 + c / 16)]),
    "pairs": ((16, 8, 5, 5), sum_of_two(8, 8, 5) + sum_of_two(8, 8, 5)),
    "few": ((8, 16, 5, 5), sum_of_two(8, 16, 5)),
    "apart": ((8, 8, 3, 3), [tap for _ in range(64) for tap in product(drawn(3), drawn(3))]),
    "trained": ((8, 8, 5, 5), drawn(8 * 8 * 25)),
}
with zipfile.ZipFile(sys.argv[1], "w") as file:
    for name, (shape, values) in tensors.items():
        header = str({"descr": "<f4", "fortran_order": False, "shape": shape}).ljust(117) + "\n"
        array = io.BytesIO()
        array.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        array.write(struct.pack(f"<{len(values)}f", *values))
        file.writestr(f"{name}.weight.npy", array.getvalue())
