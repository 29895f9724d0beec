"""conv_weights.py FILE KIND: weights "conv.weight" of 32x16x3x3 for a model of one convolution, as safetensors.

plain: evenly spread. dominated: in every output channel one input channel is larger by five orders of magnitude, and within
it one corner: points of a transform, which sum up the taps, lose the outputs' low digits to it.
"""
import json
import random
import struct
import sys

OUT, IN, TAPS = 32, 16, 9
CORNER = [0, 1e3, 1e3, 1e3, 1e4, 0, 0, 1e4, 1e5]

random.seed(1)
values = [random.uniform(-1, 1) for _ in range(OUT * IN * TAPS)]
if sys.argv[2] == "dominated":
    for o in range(OUT):
        for tap in range(TAPS):
            values[o * IN * TAPS + tap] = CORNER[tap]
data = struct.pack(f"<{len(values)}f", *values)
header = json.dumps({"conv.weight": {"dtype": "F32", "shape": [OUT, IN, 3, 3], "data_offsets": [0, len(data)]}}).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header + data)
