"""Writes the weights of tests/cli/warnings.qn as safetensors: all that it needs, and one that it does not."""
import json
import struct
import sys

header, data = {}, b""
for name, shape in {"fc.weight": [2, 3], "fc.bias": [2], "fc.wieght": [2, 3]}.items():
    bytes_ = struct.pack(f"<{6 if len(shape) == 2 else 2}f", *range(6 if len(shape) == 2 else 2))
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(bytes_)]}
    data += bytes_
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
