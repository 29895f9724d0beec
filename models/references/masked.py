"""Masked convolutions (van den Oord, Kalchbrenner, Kavukcuoglu: Pixel Recurrent Neural Networks, 2016, section 3.4)."""

import torch
import torch.nn.functional as F
from torch import nn


class MaskedConv2d(nn.Conv2d):
    """Reads the rows above and the pixels to the left; of the pixel itself the earlier colours (type A), or those and its own
    (type B). Channels belong to colours in equal runs: of 6 channels and 3 colours, two to each."""

    def __init__(self, channels, out, kernel, kind, colours=1, bias=True):
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        super().__init__(channels, out, (height, width), padding=(height // 2, width // 2), bias=bias)
        mask = torch.ones(out, channels, height, width)
        mask[:, :, height // 2, width // 2 + 1 :] = 0
        mask[:, :, height // 2 + 1 :] = 0
        of_output = torch.arange(out) * colours // out
        of_input = torch.arange(channels) * colours // channels
        seen = of_input[None] < of_output[:, None] if kind == "A" else of_input[None] <= of_output[:, None]
        mask[:, :, height // 2, width // 2] = seen
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def shift_down(x):
    return F.pad(x, (0, 0, 1, -1))


def shift_right(x):
    return F.pad(x, (1, -1))
