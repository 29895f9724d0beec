"""activations.py MODEL FOLDER: what the activation functions of the library give, beside their formulas in double precision."""
import array
import math
import os
import subprocess
import sys


def softplus(x):
    return math.log1p(math.exp(x))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def hard_sigmoid(x):
    return min(max(x / 6 + 0.5, 0), 1)


# In the order of the model's results.
FORMULAS = {
    "relu6": lambda x: min(max(x, 0), 6),
    "clamp": lambda x: min(max(x, -1), 2.5),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "gelu": lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
    "gelu, approximate": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "softplus": softplus,
    "mish": lambda x: x * math.tanh(softplus(x)),
    "hard_sigmoid": hard_sigmoid,
    "hard_swish": lambda x: x * hard_sigmoid(x),
}

model, folder = sys.argv[1:]
xs = array.array("f", (i / 8 - 8 for i in range(129)))
path, out = os.path.join(folder, "x.raw"), os.path.join(folder, "y.raw")
with open(path, "wb") as file:
    xs.tofile(file)
subprocess.run(["quern", "run", model, "--quiet", path, "--", "--output", out], check=True)
ys = array.array("f")
with open(out, "rb") as file:
    ys.fromfile(file, len(FORMULAS) * len(xs))
for row, (name, formula) in enumerate(FORMULAS.items()):
    for x, y in zip(xs, ys[row * len(xs):]):
        assert abs(y - formula(x)) <= 2e-6 * max(1, abs(formula(x))), (name, x, y, formula(x))
print(len(FORMULAS), "functions agree")
