"""Images in two streams of shifted convolutions: PixelCNN++ (Salimans et al., 2017) and PixelSNAIL (Chen et al.: PixelSNAIL: An
Improved Autoregressive Generative Model, 2017). Both give 10 numbers a pixel and component of a mixture of logistics. Weights are
plain, where the papers train normalised ones; there is no dropout."""

import torch
import torch.nn.functional as F
from references.case import Case, ColourMixture, Contract, Input
from references.masked import shift_down, shift_right
from references.sequences import Attention
from torch import nn


def concat_elu(x):
    return F.elu(torch.cat([x, -x], 1))


class DownShifted(nn.Conv2d):
    """Reads its own row and those above, as far to the right as to the left."""

    def forward(self, x):
        height, width = self.kernel_size
        return super().forward(F.pad(x, (width // 2, width // 2, height - 1, 0)))


class DownRightShifted(nn.Conv2d):
    """Reads the pixels above and to the left, and its own."""

    def forward(self, x):
        height, width = self.kernel_size
        return super().forward(F.pad(x, (width - 1, 0, height - 1, 0)))


class GatedResNet(nn.Module):
    """x + a sigmoid(b), where (a, b) are two convolutions from x, with `skip` channels of another stream let in between."""

    def __init__(self, conv, channels, kernel, skip=0):
        super().__init__()
        self.conv1 = conv(2 * channels, channels, kernel)
        self.skip = nn.Conv2d(2 * skip, channels, 1) if skip else None
        self.conv2 = conv(2 * channels, 2 * channels, kernel)

    def forward(self, x, other=None):
        y = self.conv1(concat_elu(x))
        if self.skip:
            y = y + self.skip(concat_elu(other))
        a, b = self.conv2(concat_elu(y)).chunk(2, 1)
        return x + a * b.sigmoid()


class FirstLayer(nn.Module):
    """Both streams' first: `u` knows the rows above, `ul` also the pixels to the left; a channel of ones shows the border."""

    def __init__(self, colours, channels):
        super().__init__()
        self.u = DownShifted(colours + 1, channels, (2, 3))
        self.ul_above = DownShifted(colours + 1, channels, (1, 3))
        self.ul_left = DownRightShifted(colours + 1, channels, (2, 1))

    def forward(self, image):
        x = torch.cat([image, torch.ones_like(image[:, :1])], 1)
        return shift_down(self.u(x)), shift_down(self.ul_above(x)) + shift_right(self.ul_left(x))


class Pair(nn.Module):
    """One layer of both streams. Going down, `ul` lets `u` in; going up, each also lets in what it was on the way down."""

    def __init__(self, channels, up):
        super().__init__()
        self.u = GatedResNet(DownShifted, channels, (2, 3), skip=channels if up else 0)
        self.ul = GatedResNet(DownRightShifted, channels, (2, 2), skip=2 * channels if up else channels)

    def forward(self, u, ul, u_skip=None, ul_skip=None):
        u = self.u(u, u_skip)
        return u, self.ul(ul, u if ul_skip is None else torch.cat([u, ul_skip], 1))


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.u = DownShifted(channels, channels, (2, 3), stride=2)
        self.ul = DownRightShifted(channels, channels, (2, 2), stride=2)

    def forward(self, u, ul):
        return self.u(u), self.ul(ul)


class Upsample(nn.Module):
    """A transposed convolution of 2 x 2 and stride 2, written as a 1 x 1 convolution and a pixel shuffle."""

    def __init__(self, channels):
        super().__init__()
        self.u = nn.Conv2d(channels, 4 * channels, 1)
        self.ul = nn.Conv2d(channels, 4 * channels, 1)

    def forward(self, u, ul):
        return F.pixel_shuffle(self.u(u), 2), F.pixel_shuffle(self.ul(ul), 2)


class PixelCNNpp(nn.Module):
    """`scales` resolutions with `layers` pairs each on the way down, one more each after the coarsest on the way up. Parameters
    [N, 10 components, H, W]."""

    def __init__(self, scales, layers, channels, components):
        super().__init__()
        self.first = FirstLayer(3, channels)
        self.down = nn.ModuleList(
            nn.ModuleList(Pair(channels, up=False) for _ in range(layers)) for _ in range(scales)
        )
        self.downsample = nn.ModuleList(Downsample(channels) for _ in range(scales - 1))
        self.up = nn.ModuleList(
            nn.ModuleList(Pair(channels, up=True) for _ in range(layers + (scale > 0))) for scale in range(scales)
        )
        self.upsample = nn.ModuleList(Upsample(channels) for _ in range(scales - 1))
        self.out = nn.Conv2d(channels, 10 * components, 1)

    def forward(self, image):
        u, ul = self.first(image)
        skips = [(u, ul)]
        for scale, pairs in enumerate(self.down):
            if scale:
                u, ul = self.downsample[scale - 1](u, ul)
                skips.append((u, ul))
            for pair in pairs:
                u, ul = pair(u, ul)
                skips.append((u, ul))
        u, ul = skips.pop()
        for scale, pairs in enumerate(self.up):
            if scale:
                u, ul = self.upsample[scale - 1](u, ul)
            for pair in pairs:
                u, ul = pair(u, ul, *skips.pop())
        return self.out(F.elu(ul))


def pixels(x):
    """[N, C, H, W] as a sequence [N, H W, C]."""
    return x.flatten(2).transpose(1, 2)


class SnailBlock(nn.Module):
    """Figure 2: gated residual layers, then attention over all earlier pixels, then both together."""

    def __init__(self, layers, channels, heads):
        super().__init__()
        self.layers = nn.ModuleList(GatedResNet(DownRightShifted, channels, (2, 2)) for _ in range(layers))
        self.query = nn.Conv2d(channels + 2, channels, 1)
        self.context = nn.Conv2d(channels + 5, channels, 1)
        self.attention = Attention(channels, heads)
        self.merge = GatedResNet(nn.Conv2d, channels, 1, skip=channels)

    def forward(self, x, image, places):
        for layer in self.layers:
            x = layer(x)
        queries = self.query(torch.cat([x, places], 1))
        context = self.context(torch.cat([image, x, places], 1))
        number = torch.arange(x.shape[2] * x.shape[3])
        seen = self.attention(pixels(queries), pixels(context), number[None] < number[:, None])
        return self.merge(x, seen.transpose(1, 2).reshape(x.shape))


class PixelSNAIL(nn.Module):
    """Parameters [N, 10 components, H, W]. Places are row and column, from -0.5 up."""

    def __init__(self, blocks, layers, channels, heads, components):
        super().__init__()
        self.ul_above = DownShifted(4, channels, (1, 3))
        self.ul_left = DownRightShifted(4, channels, (2, 1))
        self.blocks = nn.ModuleList(SnailBlock(layers, channels, heads) for _ in range(blocks))
        self.out = nn.Conv2d(channels, 10 * components, 1)

    def forward(self, image):
        bordered = torch.cat([image, torch.ones_like(image[:, :1])], 1)
        x = shift_down(self.ul_above(bordered)) + shift_right(self.ul_left(bordered))
        height, width = image.shape[2:]
        rows = (torch.arange(height).to(image) / height - 0.5).reshape(1, 1, -1, 1)
        columns = (torch.arange(width).to(image) / width - 0.5).reshape(1, 1, 1, -1)
        places = torch.cat([rows.expand(len(x), 1, height, width), columns.expand(len(x), 1, height, width)], 1)
        for block in self.blocks:
            x = block(x, image, places)
        return self.out(F.elu(x))


def cases():
    raster = Contract(axes=(2, 3), output_axes=(2, 3), strict=True)
    yield Case(
        "pixelcnn_pp",
        "pixelcnn_pp",
        PixelCNNpp(scales=3, layers=2, channels=8, components=3),
        [Input("image", (2, 3, 8, 12))],
        raster,
        {"H": 8, "W": 12, "scales": 3, "layers": 2, "channels": 8, "components": 3},
        levels=ColourMixture(components=3),
    )
    yield Case(
        "pixelsnail",
        "pixelsnail",
        PixelSNAIL(blocks=2, layers=2, channels=8, heads=2, components=3),
        [Input("image", (2, 3, 6, 7))],
        raster,
        {"H": 6, "W": 7, "blocks": 2, "layers": 2, "channels": 8, "heads": 2, "components": 3},
        levels=ColourMixture(components=3),
    )
