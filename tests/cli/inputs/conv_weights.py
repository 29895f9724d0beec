"""conv_weights.py FILE KIND: weights "conv.weight" of 32x16x3x3 for a model of one convolution, as safetensors.

plain: evenly spread. dominated: in every output channel one input channel is larger by five orders of magnitude, and within
it one corner: points of a transform, which sum up the taps, lose the outputs' low digits to it. hidden: one such output channel
among many of a single tap, which differ in magnitude even more, and which every algorithm bears. tiny, least: numbers of a few
bits, as the smallest of f32 are, and of fewer. nan, inf: one number is none. alike: within one
percent of 1, so that outputs are, too.
"""
import json
import random
import struct
import sys

OUT, IN, TAPS = 32, 16, 9
EACH = IN * TAPS
CORNER = [0, 1e3, 1e3, 1e3, 1e4, 0, 0, 1e4, 1e5]

random.seed(1)
values = [random.uniform(-1, 1) for _ in range(OUT * IN * TAPS)]
kind = sys.argv[2]
if kind in ("tiny", "least"):
    values = [value * {"tiny": 1e-40, "least": 1e-42}[kind] for value in values]
if kind == "alike":
    values = [1 + value / 100 for value in values]
if kind in ("nan", "inf"):
    values[1000] = float(kind)
for o in range(OUT):
    if kind == "dominated" or (kind == "hidden" and o == 13):
        values[o * EACH:o * EACH + TAPS] = CORNER
    elif kind == "hidden" and o % 2 == 0:
        values[o * EACH:(o + 1) * EACH] = [float(i == 4) for i in range(EACH)]
data = struct.pack(f"<{len(values)}f", *values)
header = json.dumps({"conv.weight": {"dtype": "F32", "shape": [OUT, IN, 3, 3], "data_offsets": [0, len(data)]}}).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header + data)
