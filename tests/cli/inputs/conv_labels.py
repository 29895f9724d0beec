"""Whether the names in the plot of errors lie within it and apart: conv_labels.py PAGE."""
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    plot = file.read().split("<h2>Error against time</h2>")[1].split("</svg>")[0]
heights = sorted(float(y) for y, name in re.findall(r'y="([0-9.]+)"[^>]*class="small(?: of[0-9])?">([^<]+)</text>', plot) if name != "budget")
assert len(heights) > 6, heights
assert heights[0] > 16 and heights[-1] < 330, heights
assert all(high - low > 13.8 for low, high in zip(heights, heights[1:])), heights
