"""Weights and inputs by a rule instead of a file, the same as tests/models/SyntheticWeights.cpp makes.

Element i (row-major) of the tensor with a name is a function of (name, i) alone:

    bits(name, i) = the top 24 of the 64 bits mix(fnv1a(name) + (i + 1) * 0x9e3779b97f4a7c15)
    u = bits / 2^24, in [0, 1);  v = 2 u - 1, in [-1, 1)

fnv1a is the 64-bit FNV-1a hash of the name's UTF-8 bytes, mix the finaliser of SplitMix64; all sums and products are modulo
2^64. What u or v becomes depends on the last part of the name and on the rank:

    *.weight*, rank >= 2     v * sqrt(6 / fan_in), fan_in being the product of all extents but the first (He's uniform)
    *.weight*, rank <= 1     0.75 + 0.25 v      (the scale of a normalisation)
    *.running_var            0.5 + u
    *.running_mean, *.bias*  0.1 v
    anything else            2 v                (an input, by its name in the model's signature)

worked out in double precision in the order written and rounded once to f32. (What follows `weight` and `bias` is how PyTorch
tells a recurrent network's apart: weight_ih_l0.) An input of whole numbers below `levels` is floor(u * levels).
"""

import numpy as np

_MASK = (1 << 64) - 1


def fnv1a(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & _MASK
    return value


def unit(name, count):
    """u of the first `count` elements, in double precision."""
    x = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = x * np.uint64(0x9E3779B97F4A7C15) + np.uint64(fnv1a(name))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float64) / 2.0**24


def tensor(name, shape):
    """The f32 tensor that the rule gives for a name and a shape."""
    u = unit(name, int(np.prod(shape)))
    v = 2 * u - 1
    kind = name.rsplit(".", 1)[-1]
    if kind.startswith("weight") and len(shape) >= 2:
        values = v * np.sqrt(6.0 / float(np.prod(shape[1:])))
    elif kind.startswith("weight"):
        values = 0.75 + 0.25 * v
    elif kind == "running_var":
        values = 0.5 + u
    elif kind == "running_mean" or kind.startswith("bias"):
        values = 0.1 * v
    else:
        values = 2 * v
    return values.astype(np.float32).reshape(shape)


def symbols(name, shape, levels):
    """The whole numbers below `levels` that the rule gives for an input's name and shape."""
    return np.floor(unit(name, int(np.prod(shape))) * levels).astype(np.int32).reshape(shape)
