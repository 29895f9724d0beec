"""Cached samplers as one would write them by hand around another runtime, from the references in models/references.

A sampler is a few graphs of static shape without control flow. All that earlier steps left lies with the caller, in arrays that
it indexes in place; a graph takes just the vectors that it reads, and gives those of the new position. So no runtime copies
a queue or scatters into one, and masked taps are no part of a weight. `count` says how often a graph runs for one sample.

`replay` drives the graphs over a whole input and gives what the full pass gives: the check that they are right.
"""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Graph:
    """A module, arguments of the right shapes, and how often it runs for one sample."""

    name: str
    module: nn.Module
    inputs: dict
    count: int


def matrix(layer, select=slice(None)):
    """A 1 x 1 convolution's weight as a matrix."""
    return layer.weight.flatten(1)[select]


class WaveNetStep(nn.Module):
    """Fast WaveNet (Le Paine et al., 2016): from a symbol [1] and what entered each layer `dilation` steps ago [layers, R], the
    logits of the next [1, levels] and what enters each layer now."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.gates = [torch.cat([b.gate.weight[:, :, 0], b.gate.weight[:, :, 1]], 1) for b in network.blocks]
        self.ends = [torch.cat([matrix(b.res), matrix(b.skip)]) for b in network.blocks]
        self.end_biases = [torch.cat([b.res.bias, b.skip.bias]) for b in network.blocks]

    def forward(self, symbol, old):
        h, skips, entered = self.network.embed.weight[symbol], 0, []
        residual = h.shape[1]
        for l, block in enumerate(self.network.blocks):
            entered.append(h)
            a, b = F.linear(torch.cat([old[l : l + 1], h], 1), self.gates[l], block.gate.bias).chunk(2, 1)
            ends = F.linear(a.tanh() * b.sigmoid(), self.ends[l], self.end_biases[l])
            h, skips = h + ends[:, :residual], skips + ends[:, residual:]
        x = F.relu(F.linear(F.relu(skips), matrix(self.network.out1), self.network.out1.bias))
        return F.linear(x, matrix(self.network.out2), self.network.out2.bias), torch.cat(entered)

    @staticmethod
    def graphs(network, samples):
        residual = network.embed.embedding_dim
        inputs = {"symbol": torch.tensor([3]), "old": torch.randn(len(network.blocks), residual)}
        return [Graph("step", WaveNetStep(network), inputs, samples)]

    @staticmethod
    def replay(network, graphs, symbols):
        dilations = [block.gate.dilation[0] for block in network.blocks]
        queues = torch.zeros(len(dilations), max(dilations), network.embed.embedding_dim, dtype=network.out1.bias.dtype)
        layers, logits = torch.arange(len(dilations)), []
        for t, symbol in enumerate(symbols[0]):
            places = torch.tensor([t % d for d in dilations])
            out, queues[layers, places] = graphs[0].module(symbol[None], queues[layers, places])
            logits.append(out)
        return torch.stack(logits, 1)


class PixelCNNStep(nn.Module):
    """One colour of one pixel. `above` are the pixels that the first layer's mask admits besides the centre [1, 24 C], `centre` the
    pixel's earlier colours, `old` [blocks, 4, half] what the 3 x 3 convolutions read of other pixels, those above first;
    the others are what this pixel's earlier colours left behind. Gives this colour's logits and what it leaves in turn."""

    def __init__(self, network, colour):
        super().__init__()
        self.network, self.colour = network, colour
        colours = network.first.in_channels
        self.part = lambda layer: slice(
            layer.out_channels // colours * colour, layer.out_channels // colours * (colour + 1)
        )
        taps = network.first.weight[self.part(network.first)].permute(0, 2, 3, 1).flatten(1, 2)
        self.first_above = taps[:, :24].flatten(1)
        self.first_centre = taps[:, 24, :colour]
        near = [(0, 0), (0, 1), (0, 2), (1, 0)]
        self.near = [
            torch.cat([b.conv2.weight[self.part(b.conv2), :, i, j] for i, j in near], 1) for b in network.blocks
        ]

    def masked(self, layer, x):
        """A 1 x 1 convolution of what colours up to this one have: the mask's other columns are left out."""
        return F.linear(x, matrix(layer, self.part(layer))[:, : x.shape[1]], layer.bias[self.part(layer)])

    def forward(self, above, centre, old, x_before, inner_before, middle_before, last_before):
        network = self.network
        x = F.linear(above, self.first_above, network.first.bias[self.part(network.first)])
        if self.colour:
            x = x + F.linear(centre, self.first_centre)
        wides, inners, middles = [], [], []
        for b, block in enumerate(network.blocks):
            wides.append(x)
            whole = torch.cat([x_before[b : b + 1], x], 1)
            inner = F.relu(self.masked(block.conv1, F.relu(whole)))
            inners.append(inner)
            whole = torch.cat([inner_before[b : b + 1], inner], 1)
            part = self.part(block.conv2)
            centre_weight = block.conv2.weight[part, : whole.shape[1], 1, 1]
            middle = F.linear(whole, centre_weight, block.conv2.bias[part]) + F.linear(old[b].reshape(1, -1), self.near[b])
            middles.append(F.relu(middle))
            x = x + self.masked(block.conv3, torch.cat([middle_before[b : b + 1], middles[-1]], 1))
        wides.append(x)
        last = F.relu(self.masked(network.hidden, F.relu(torch.cat([x_before[-1:], x], 1))))
        logits = self.masked(network.out, torch.cat([last_before, last], 1))
        return logits, torch.cat(wides), torch.cat(inners), torch.cat(middles), last

    @staticmethod
    def empty(network, colour):
        """What earlier colours left behind, zeros, for the shapes."""
        blocks, wide, colours = len(network.blocks), network.first.out_channels, network.first.in_channels
        half, type = wide // 2, network.first.bias.dtype
        sizes = [(blocks + 1, wide), (blocks, half), (blocks, half), (1, wide)]
        return [torch.zeros(rows, width // colours * colour, dtype=type) for rows, width in sizes]

    @staticmethod
    def graphs(network, height, width):
        colours, half = network.first.in_channels, network.first.out_channels // 2
        graphs = []
        for colour in range(colours):
            names = ("x_before", "inner_before", "middle_before", "last_before")
            before = dict(zip(names, PixelCNNStep.empty(network, colour)))
            inputs = {"above": torch.rand(1, 24 * colours), "centre": torch.rand(1, colour),
                      "old": torch.randn(len(network.blocks), 4, half), **before}
            graphs.append(Graph(f"colour{colour}", PixelCNNStep(network, colour), inputs, height * width))
        return graphs

    @staticmethod
    def replay(network, graphs, image):
        colours, height, width = image.shape[1:]
        padded = F.pad(image, (3, 3, 3, 3))[0]
        half, levels = network.first.out_channels // 2, network.out.out_channels // colours
        caches = torch.zeros(len(network.blocks), height + 1, width + 2, half, dtype=image.dtype)
        logits = torch.empty(1, colours * levels, height, width, dtype=image.dtype)
        for r in range(height):
            for c in range(width):
                window = padded[:, r : r + 7, c : c + 7].permute(1, 2, 0).reshape(49, colours)
                old = torch.cat([caches[:, r, c : c + 3], caches[:, r + 1, c : c + 1]], 1)
                before = PixelCNNStep.empty(network, 0)
                for colour, graph in enumerate(graphs):
                    left = window[:24].reshape(1, -1), window[24:25, :colour]
                    out, *new = graph.module(*left, old, *before)
                    before = [torch.cat(pair, 1) for pair in zip(before, new)]
                    logits[0, colour * levels : (colour + 1) * levels, r, c] = out[0]
                caches[:, r + 1, c + 1] = before[1]
        return logits
