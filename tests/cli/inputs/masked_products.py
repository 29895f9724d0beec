"""Holds the multiplications of a masked convolution against those of one that has all 15 taps."""

import json
import sys

records = {record["layer"]: record for record in json.load(open(sys.argv[1], encoding="utf-8"))["records"]}
masked, whole = (records[layer]["multiplications"] for layer in ("masked", "whole"))
assert masked * 15 == whole * 12, (masked, whole)
