"""conv_colours.py PAGE: any two colours of algorithms are told apart by all eyes, on either paper, and so is each from the paper.

Dichromats see colours as Machado, Oliveira and Fernandes (2009) simulate; distances are Euclidean in Ottosson's Oklab."""
import itertools
import math
import re
import sys

VIEWS = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
CONES = [[0.41222147, 0.53633254, 0.05144599], [0.21190350, 0.68069955, 0.10739696], [0.08830246, 0.28171884, 0.62997870]]
OKLAB = [[0.21045426, 0.79361779, -0.00407205], [1.97799850, -2.42859221, 0.45059371], [0.02590404, 0.78277177, -0.80867577]]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def linear(colour):
    channels = (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def seen(colour, view):
    light = [min(max(c, 0), 1) for c in times(VIEWS[view], linear(colour))]
    return times(OKLAB, [c ** (1 / 3) for c in times(CONES, light)])


with open(sys.argv[1], encoding="utf-8") as file:
    page = file.read()
schemes = re.findall(r":root \{ (--a0:.*?)\}", page)
assert len(schemes) == 2, schemes
for scheme, paper in zip(schemes, ["#ffffff", "#16181c"]):
    assert f"--paper: {paper.replace('#ffffff', '#fff')};" in page, paper
    colours = re.findall(r"#[0-9a-f]{6}", scheme)
    assert len(colours) == 8, scheme
    for view in VIEWS:
        for a, b in itertools.combinations(colours + [paper], 2):
            assert math.dist(seen(a, view), seen(b, view)) > 0.1, (a, b, view)
