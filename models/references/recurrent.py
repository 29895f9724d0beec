"""Recurrent networks: characters one after the other; and PixelRNN (van den Oord, Kalchbrenner, Kavukcuoglu: Pixel
Recurrent Neural Networks, 2016), row by row or diagonal by diagonal."""

import torch
import torch.nn.functional as F
from references.case import Case, Contract, Input, Levels
from references.masked import MaskedConv2d
from torch import nn


class CharRNN(nn.Module):
    """Logits of the symbol after each, [N, T, vocabulary]."""

    def __init__(self, cell, vocabulary, size, hidden, layers):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, size)
        self.rnn = cell(size, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, vocabulary)

    def forward(self, x):
        return self.out(self.rnn(self.embed(x))[0])


def gates(cell, parts):
    """An LSTM's update from its four pre-activations, in PyTorch's order: input, forget, candidate, output."""
    i, f, g, o = parts.chunk(4, 1)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return cell, o.sigmoid() * cell.tanh()


class RowLSTM(nn.Module):
    """Section 3.1: a row's state comes from the row above through a convolution of width 3."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.hidden = hidden
        self.input_to_state = MaskedConv2d(channels, 4 * hidden, (1, 3), "B")
        self.state_to_state = nn.Conv1d(hidden, 4 * hidden, 3, padding=1, bias=False)

    def forward(self, x):
        parts = self.input_to_state(x)
        cell = state = x.new_zeros(len(x), self.hidden, x.shape[3])
        rows = []
        for row in parts.unbind(2):
            cell, state = gates(cell, row + self.state_to_state(state))
            rows.append(state)
        return torch.stack(rows, 2)


class DiagonalLSTM(nn.Module):
    """Section 3.2, one direction: a diagonal's state comes from the pixels to the left and above."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.hidden = hidden
        self.input_to_state = MaskedConv2d(channels, 4 * hidden, 1, "B")
        self.state_to_state = nn.Conv1d(hidden, 4 * hidden, 2, bias=False)

    def forward(self, x):
        parts = self.input_to_state(x)
        height, width = x.shape[2:]
        # Skewed: row i moves i columns to the right.
        skewed = torch.stack([F.pad(parts[:, :, i], (i, height - 1 - i)) for i in range(height)], 2)
        cell = state = x.new_zeros(len(x), self.hidden, height)
        diagonals = []
        for diagonal in skewed.unbind(3):
            cell, state = gates(cell, diagonal + self.state_to_state(F.pad(state, (1, 0))))
            diagonals.append(state)
        states = torch.stack(diagonals, 3)
        return torch.stack([states[:, :, i, i : i + width] for i in range(height)], 2)


class DiagonalBiLSTM(nn.Module):
    """Both directions; what comes from the right is moved down a row, so that it has not seen the pixels to come."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.left = DiagonalLSTM(channels, hidden)
        self.right = DiagonalLSTM(channels, hidden)

    def forward(self, x):
        right = self.right(x.flip(3)).flip(3)
        return self.left(x) + F.pad(right, (0, 0, 1, -1))


class PixelRNN(nn.Module):
    """Table 1: a 7 x 7 convolution, residual layers of LSTMs, two 1 x 1 convolutions. Logits [N, levels, H, W]."""

    def __init__(self, layer, hidden, layers, levels):
        super().__init__()
        self.first = MaskedConv2d(1, 2 * hidden, 7, "A")
        self.layers = nn.ModuleList(layer(2 * hidden, hidden) for _ in range(layers))
        self.up = nn.ModuleList(nn.Conv2d(hidden, 2 * hidden, 1) for _ in range(layers))
        self.hidden = nn.Conv2d(2 * hidden, 2 * hidden, 1)
        self.out = nn.Conv2d(2 * hidden, levels, 1)

    def forward(self, image):
        x = self.first(image)
        for layer, up in zip(self.layers, self.up):
            x = x + up(layer(x))
        return self.out(F.relu(self.hidden(F.relu(x))))


def cases():
    text = Contract(axes=(1,), output_axes=(1,), strict=False)
    raster = Contract(axes=(2, 3), output_axes=(2, 3), strict=True)
    for kind, cell in (("lstm", nn.LSTM), ("gru", nn.GRU)):
        yield Case(
            f"char_rnn_{kind}",
            "symbol_rnn",
            CharRNN(cell, vocabulary=13, size=6, hidden=16, layers=2),
            [Input("text", (2, 24), 13)],
            text,
            {"cell": kind, "T": 24, "vocabulary": 13, "size": 6, "hidden": 16, "layers": 2},
            Levels(13),
        )
    for kind, layer in (("row", RowLSTM), ("diagonal", DiagonalBiLSTM)):
        yield Case(
            f"pixel_rnn_{kind}",
            "pixel_rnn",
            PixelRNN(layer, hidden=8, layers=2, levels=4),
            [Input("image", (2, 1, 7, 8))],
            raster,
            {"kind": layer.__name__, "H": 7, "W": 8, "hidden": 8, "layers": 2, "levels": 4},
            Levels(4),
        )
