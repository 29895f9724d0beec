"""Writes the weights of tests/cli/conv_families.qn as safetensors: Gaussian blurs of one channel each, and filters that
are no products of lines."""
import json
import math
import random
import struct
import sys

CHANNELS, TAPS = 16, 5


def gaussian(sigma):
    line = [math.exp(-((k - TAPS // 2) ** 2) / (2 * sigma**2)) for k in range(TAPS)]
    return [a * b / sum(line) ** 2 for a in line for b in line]


draw = random.Random(1)
tensors = {
    "soft.weight": [tap for channel in range(CHANNELS) for tap in gaussian(0.5 + channel / 8)],
    "trained.weight": [draw.uniform(-1, 1) for _ in range(CHANNELS * TAPS * TAPS)],
}
header, data = {}, b""
for name, values in tensors.items():
    packed = struct.pack(f"<{len(values)}f", *values)
    header[name] = {"dtype": "F32", "shape": [CHANNELS, 1, TAPS, TAPS], "data_offsets": [len(data), len(data) + len(packed)]}
    data += packed
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
