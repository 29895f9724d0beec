"""PixelCNN (van den Oord, Kalchbrenner, Kavukcuoglu: Pixel Recurrent Neural Networks, 2016), Gated PixelCNN (van den Oord et al.:
Conditional Image Generation with PixelCNN Decoders, 2016) and their multi-scale relative (Reed et al.: Parallel
Multiscale Autoregressive Density Estimation, 2017)."""

import numpy as np
import torch
import torch.nn.functional as F
from references.case import Case, Contract, Input, Levels
from references.masked import MaskedConv2d, shift_down, shift_right
from torch import nn


class ResidualBlock(nn.Module):
    """Figure 5, left, of the 2016 paper: half as many channels inside."""

    def __init__(self, channels, kernel, colours):
        super().__init__()
        half = channels // 2
        self.conv1 = MaskedConv2d(channels, half, 1, "B", colours)
        self.conv2 = MaskedConv2d(half, half, kernel, "B", colours)
        self.conv3 = MaskedConv2d(half, channels, 1, "B", colours)

    def forward(self, x):
        y = self.conv1(F.relu(x))
        y = self.conv2(F.relu(y))
        return x + self.conv3(F.relu(y))


class PixelCNN(nn.Module):
    """Logits [N, colours * levels, H, W], colour by colour."""

    def __init__(self, colours, channels, layers, levels):
        super().__init__()
        self.first = MaskedConv2d(colours, channels, 7, "A", colours)
        self.blocks = nn.ModuleList(ResidualBlock(channels, 3, colours) for _ in range(layers))
        self.hidden = MaskedConv2d(channels, channels, 1, "B", colours)
        self.out = MaskedConv2d(channels, colours * levels, 1, "B", colours)

    def forward(self, image):
        x = self.first(image)
        for block in self.blocks:
            x = block(x)
        return self.out(F.relu(self.hidden(F.relu(x))))


def gated(x):
    a, b = x.chunk(2, 1)
    return a.tanh() * b.sigmoid()


class GatedBlock(nn.Module):
    """Figure 2. The vertical stack reads rows above only (the first block) and up to its own row, which then knows the rows
    above only (the others); the horizontal one the pixels to the left, and up to its own."""

    def __init__(self, channels, out, kernel, first):
        super().__init__()
        self.first, reach = first, kernel // 2
        self.vertical = nn.Conv2d(channels, 2 * out, (reach if first else reach + 1, kernel))
        self.horizontal = nn.Conv2d(channels, 2 * out, (1, reach if first else reach + 1))
        self.link = nn.Conv2d(2 * out, 2 * out, 1)
        self.mix = nn.Conv2d(out, out, 1)

    def forward(self, vertical, horizontal):
        reach = self.vertical.kernel_size[1] // 2
        above, left = (shift_down(vertical), shift_right(horizontal)) if self.first else (vertical, horizontal)
        v = self.vertical(F.pad(above, (reach, reach, self.vertical.kernel_size[0] - 1, 0)))
        h = self.horizontal(F.pad(left, (self.horizontal.kernel_size[1] - 1, 0))) + self.link(v)
        mixed = self.mix(gated(h))
        return gated(v), mixed if self.first else horizontal + mixed


class GatedPixelCNN(nn.Module):
    """Logits [N, levels, H, W] of an image of one colour."""

    def __init__(self, channels, layers, levels, first_kernel=7, kernel=3):
        super().__init__()
        self.blocks = nn.ModuleList(
            GatedBlock(channels if i else 1, channels, kernel if i else first_kernel, first=i == 0)
            for i in range(layers)
        )
        self.hidden = nn.Conv2d(channels, channels, 1)
        self.out = nn.Conv2d(channels, levels, 1)

    def forward(self, image):
        vertical = horizontal = image
        for block in self.blocks:
            vertical, horizontal = block(vertical, horizontal)
        return self.out(F.relu(self.hidden(F.relu(horizontal))))


class Upscaler(nn.Module):
    """From pixels known on a coarse grid, the logits of one pixel more in each of its cells."""

    def __init__(self, colours, channels, levels):
        super().__init__()
        self.first = nn.Conv2d(colours, channels, 3, padding=1)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, levels, 1)

    def forward(self, known):
        x = self.first(known)
        x = x + self.conv2(F.relu(self.conv1(F.relu(x))))
        return self.out(F.relu(x))


class Multiscale(nn.Module):
    """Every second pixel of every second row comes from a coarser model of the same kind, the coarsest from a PixelCNN; then
    the pixels to the right of those, all at once; the ones below; and the ones between. Logits [N, levels, H, W]."""

    def __init__(self, scales, channels, layers, levels):
        super().__init__()
        self.coarse = Multiscale(scales - 1, channels, layers, levels) if scales > 1 else PixelCNN(1, channels, layers, levels)
        self.right = Upscaler(1, channels, levels)
        self.below = Upscaler(2, channels, levels)
        self.between = Upscaler(3, channels, levels)

    def forward(self, image):
        corner, right, below = image[:, :, ::2, ::2], image[:, :, ::2, 1::2], image[:, :, 1::2, ::2]
        parts = [
            self.coarse(corner),
            self.right(corner),
            self.below(torch.cat([corner, right], 1)),
            self.between(torch.cat([corner, right, below], 1)),
        ]
        return F.pixel_shuffle(torch.stack(parts, 2).flatten(1, 2), 2)


def multiscale_order(height, width, scales):
    """The rank of each pixel: a coarse grid's first, in its own order, then three groups in raster order."""
    if scales == 0:
        return np.arange(height * width).reshape(height, width)
    ranks = np.empty((height, width), int)
    count = height * width // 4
    raster = np.arange(count).reshape(height // 2, width // 2)
    ranks[::2, ::2] = multiscale_order(height // 2, width // 2, scales - 1)
    ranks[::2, 1::2] = raster + count
    ranks[1::2, ::2] = raster + 2 * count
    ranks[1::2, 1::2] = raster + 3 * count
    return ranks


def cases():
    raster = Contract(axes=(2, 3), output_axes=(2, 3), strict=True)
    yield Case(
        "pixelcnn",
        "pixelcnn",
        PixelCNN(colours=1, channels=12, layers=3, levels=4),
        [Input("image", (2, 1, 9, 8))],
        Contract(axes=(2, 3, 1), output_axes=(2, 3, 1), strict=True),
        {"C": 1, "H": 9, "W": 8, "channels": 12, "layers": 3, "levels": 4},
        Levels(4),
    )
    yield Case(
        "pixelcnn_colours",
        "pixelcnn",
        PixelCNN(colours=3, channels=18, layers=2, levels=3),
        [Input("image", (2, 3, 6, 7))],
        Contract(axes=(2, 3, 1), output_axes=(2, 3, 1), strict=True),
        {"C": 3, "H": 6, "W": 7, "channels": 18, "layers": 2, "levels": 3},
        Levels(3),
    )
    yield Case(
        "gated_pixelcnn",
        "gated_pixelcnn",
        GatedPixelCNN(channels=8, layers=4, levels=4),
        [Input("image", (2, 1, 9, 8))],
        raster,
        {"H": 9, "W": 8, "channels": 8, "layers": 4, "levels": 4},
        Levels(4),
    )
    order = tuple(int(rank) for rank in multiscale_order(8, 8, 2).ravel())
    yield Case(
        "multiscale",
        "multiscale",
        Multiscale(scales=2, channels=8, layers=2, levels=4),
        [Input("image", (2, 1, 8, 8))],
        Contract(axes=(2, 3), output_axes=(2, 3), strict=True, order=order),
        {"H": 8, "W": 8, "scales": 2, "channels": 8, "layers": 2, "levels": 4},
        Levels(4),
    )
