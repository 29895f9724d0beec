"""Densities of binary vectors, one element after the other. Logits [N, D]."""

import torch
import torch.nn.functional as F
from references.case import Case, Contract, Input, Levels
from torch import nn


class MADE(nn.Module):
    """Germain et al.: MADE, 2015, with direct connections (equation 10). A hidden unit of degree m reads elements, and units,
    of degree at most m; element d is given by units of a degree below its rank, which counts from 1 here. Degrees
    run through 1 ... D - 1 in turn."""

    def __init__(self, size, hidden, order):
        super().__init__()
        rank = torch.tensor(order) + 1
        degrees = [rank, *(torch.arange(width) % (size - 1) + 1 for width in hidden)]
        self.fc = nn.ModuleList(nn.Linear(len(a), len(b)) for a, b in zip(degrees, degrees[1:]))
        self.out = nn.Linear(hidden[-1], size)
        self.direct = nn.Linear(size, size, bias=False)
        self.masks = [(b[:, None] >= a[None]).double() for a, b in zip(degrees, degrees[1:])]
        self.out_mask = (rank[:, None] > degrees[-1][None]).double()
        self.direct_mask = (rank[:, None] > rank[None]).double()

    def forward(self, x):
        h = x
        for layer, mask in zip(self.fc, self.masks):
            h = F.relu(F.linear(h, layer.weight * mask, layer.bias))
        y = F.linear(h, self.out.weight * self.out_mask, self.out.bias)
        return y + F.linear(x, self.direct.weight * self.direct_mask)


class NADE(nn.Module):
    """Larochelle, Murray: The Neural Autoregressive Distribution Estimator, 2011: h_d = sigmoid(c + W_{<d} x_{<d}),
    logit_d = b_d + V_d h_d."""

    def __init__(self, size, hidden):
        super().__init__()
        self.hidden = nn.Linear(size, hidden)
        self.out = nn.Linear(hidden, size)

    def forward(self, x):
        logits = []
        for d in range(x.shape[1]):
            h = torch.sigmoid(self.hidden.bias + x[:, :d] @ self.hidden.weight[:, :d].T)
            logits.append(h @ self.out.weight[d] + self.out.bias[d])
        return torch.stack(logits, 1)


def cases():
    size = 10
    orders = {
        "natural": list(range(size)),
        "backwards": list(range(size))[::-1],
        "shuffled": [3 * i % size for i in range(size)],
    }
    for name, order in orders.items():
        yield Case(
            f"made_{name}",
            "made",
            MADE(size, [24, 20], order),
            [Input("x", (2, size))],
            Contract(axes=(1,), output_axes=(1,), strict=True, order=tuple(order)),
            {"D": size, "hidden": [24, 20], "order": order},
            Levels(2),
        )
    yield Case(
        "nade",
        "nade",
        NADE(size, hidden=16),
        [Input("x", (2, size))],
        Contract(axes=(1,), output_axes=(1,), strict=True),
        {"D": size, "hidden": 16},
        Levels(2),
    )
