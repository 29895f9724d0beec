"""Convolutions and attention over a sequence of symbols."""

import torch
import torch.nn.functional as F
from references.case import Case, Contract, Input, Levels
from torch import nn


class CausalConv1d(nn.Conv1d):
    """Zeros before the start only: output t reads inputs up to t."""

    def forward(self, x):
        return super().forward(F.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class TemporalBlock(nn.Module):
    def __init__(self, channels, out, kernel, dilation):
        super().__init__()
        self.conv1 = CausalConv1d(channels, out, kernel, dilation=dilation)
        self.conv2 = CausalConv1d(out, out, kernel, dilation=dilation)
        self.downsample = nn.Conv1d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x):
        return F.relu(F.relu(self.conv2(F.relu(self.conv1(x)))) + self.downsample(x))


class TemporalConvNet(nn.Module):
    """Bai, Kolter, Koltun: An Empirical Evaluation of Generic Convolutional and Recurrent Networks, 2018. Each block's dilation
    is twice that of the one before. Logits of the symbol after each, [N, T, vocabulary]."""

    def __init__(self, vocabulary, size, channels, kernel):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, size)
        self.blocks = nn.ModuleList(
            TemporalBlock(before, out, kernel, 2**i)
            for i, (before, out) in enumerate(zip([size, *channels], channels))
        )
        self.out = nn.Linear(channels[-1], vocabulary)

    def forward(self, x):
        x = self.embed(x).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.out(x.transpose(1, 2))


class WaveNetBlock(nn.Module):
    """`cond` adds a projection of the conditioning vector to both halves of the gate (section 2.5, global conditioning)."""

    def __init__(self, residual, skips, conditions, dilation):
        super().__init__()
        self.gate = CausalConv1d(residual, 2 * residual, 2, dilation=dilation)
        self.cond = nn.Linear(conditions, 2 * residual, bias=False) if conditions else None
        self.skip = nn.Conv1d(residual, skips, 1)
        self.res = nn.Conv1d(residual, residual, 1)

    def forward(self, x, condition):
        parts = self.gate(x)
        if self.cond:
            parts = parts + self.cond(condition)[:, :, None]
        a, b = parts.chunk(2, 1)
        z = a.tanh() * b.sigmoid()
        return x + self.res(z), self.skip(z)


class WaveNet(nn.Module):
    """van den Oord et al.: WaveNet, 2016. Logits of the sample after each, [N, T, levels]."""

    def __init__(self, levels, residual, skips, layers, cycle, conditions):
        super().__init__()
        self.embed = nn.Embedding(levels, residual)
        self.blocks = nn.ModuleList(
            WaveNetBlock(residual, skips, conditions, 2 ** (i % cycle)) for i in range(layers)
        )
        self.out1 = nn.Conv1d(skips, skips, 1)
        self.out2 = nn.Conv1d(skips, levels, 1)

    def forward(self, x, condition=None):
        h, skips = self.embed(x).transpose(1, 2), 0
        for block in self.blocks:
            h, skip = block(h, condition)
            skips = skips + skip
        return self.out2(F.relu(self.out1(F.relu(skips)))).transpose(1, 2)


class Attention(nn.Module):
    """Every head on its own part of the channels; `mask` [T, T] says what row i may see. Nothing seen gives zeros."""

    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, queries, context, mask):
        def split(x):
            return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

        q, k, v = split(self.query(queries)), split(self.key(context)), split(self.value(context))
        scores = q @ k.transpose(2, 3) / q.shape[3] ** 0.5
        weights = scores.masked_fill(~mask, -torch.inf).softmax(3).nan_to_num(0.0)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(channels)
        self.attn = Attention(channels, heads)
        self.ln_2 = nn.LayerNorm(channels)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(channels, 4 * channels), "c_proj": nn.Linear(4 * channels, channels)})

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, mask)
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    """Radford et al.: Language Models are Unsupervised Multitask Learners, 2019. Logits of the symbol after each."""

    def __init__(self, vocabulary, length, channels, heads, layers):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, channels)
        self.wpe = nn.Embedding(length, channels)
        self.h = nn.ModuleList(TransformerBlock(channels, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(channels)
        self.lm_head = nn.Linear(channels, vocabulary, bias=False)

    def forward(self, x):
        places = torch.arange(x.shape[1])
        h = self.wte(x) + self.wpe(places)
        for block in self.h:
            h = block(h, places[None] <= places[:, None])
        return self.lm_head(self.ln_f(h))


class AnyOrder(nn.Module):
    """Self-attention that generates in any order: a first layer asks by place alone, and sees what has a lower rank; the
    others see up to their own rank. Logits of the symbol at each place, [N, T, vocabulary]."""

    def __init__(self, vocabulary, length, channels, heads, layers, order):
        super().__init__()
        self.register_buffer("rank", torch.tensor(order), persistent=False)
        self.wte = nn.Embedding(vocabulary, channels)
        self.wpe = nn.Embedding(length, channels)
        self.first = Attention(channels, heads)
        self.h = nn.ModuleList(TransformerBlock(channels, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(channels)
        self.lm_head = nn.Linear(channels, vocabulary, bias=False)

    def forward(self, x):
        places = self.wpe.weight[None].expand(len(x), -1, -1)
        earlier = self.rank[None] < self.rank[:, None]
        h = places + self.first(places, self.wte(x) + places, earlier)
        for block in self.h:
            h = block(h, self.rank[None] <= self.rank[:, None])
        return self.lm_head(self.ln_f(h))


def cases():
    inclusive = Contract(axes=(1,), output_axes=(1,), strict=False)
    yield Case(
        "temporal_conv",
        "temporal_conv",
        TemporalConvNet(vocabulary=13, size=6, channels=[12, 12, 16], kernel=3),
        [Input("text", (2, 40), 13)],
        inclusive,
        {"T": 40, "vocabulary": 13, "size": 6, "channels": [12, 12, 16], "kernel": 3},
        Levels(13),
    )
    for conditions in (0, 6):
        condition = [Input("condition", (2, conditions))] if conditions else []
        yield Case(
            "wavenet_conditioned" if conditions else "wavenet",
            "wavenet_conditioned" if conditions else "wavenet",
            WaveNet(levels=16, residual=8, skips=12, layers=8, cycle=4, conditions=conditions),
            [Input("audio", (2, 48), 16), *condition],
            inclusive,
            {"T": 48, "levels": 16, "residual": 8, "skips": 12, "layers": 8, "cycle": 4}
            | ({"conditions": conditions} if conditions else {}),
            Levels(16),
        )
    yield Case(
        "gpt",
        "gpt",
        GPT(vocabulary=13, length=20, channels=16, heads=2, layers=2),
        [Input("text", (2, 20), 13)],
        inclusive,
        {"T": 20, "vocabulary": 13, "channels": 16, "heads": 2, "layers": 2},
        Levels(13),
    )
    backwards = list(range(12))[::-1]
    shuffled = [5 * i % 12 for i in range(12)]
    for name, order in (("backwards", backwards), ("shuffled", shuffled)):
        yield Case(
            f"any_order_{name}",
            "any_order",
            AnyOrder(vocabulary=5, length=12, channels=16, heads=2, layers=2, order=order),
            [Input("symbols", (2, 12), 5)],
            Contract(axes=(1,), output_axes=(1,), strict=True, order=tuple(order)),
            {"T": 12, "vocabulary": 5, "channels": 16, "heads": 2, "layers": 2, "order": order},
            Levels(5),
        )
