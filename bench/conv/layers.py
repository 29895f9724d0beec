"""The convolutions that are measured, by group: distinct layers of well-known networks, and large filters. All f32, batch 1."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """`size` holds the extents of the input's spatial axes, `kernel` those of the filter. `pad` is (before, after) on each axis."""
    group: str
    channels: int
    out: int
    size: tuple
    kernel: tuple
    stride: int = 1
    pad: tuple = (0, 0)
    groups: int = 1

    @property
    def name(self):
        spatial, kernel = "x".join(map(str, self.size)), "x".join(map(str, self.kernel))
        kind = f"{self.channels} depthwise" if self.groups == self.channels > 1 else f"{self.channels} to {self.out}"
        return f"{kind} @ {spatial}, {kernel}" + (f" stride {self.stride}" if self.stride > 1 else "")

    @property
    def out_size(self):
        return tuple((n + sum(self.pad) - k) // self.stride + 1 for n, k in zip(self.size, self.kernel))

    @property
    def flops(self):
        """Of the direct algorithm, a multiply-add counted as two."""
        total = 2 * self.out * (self.channels // self.groups)
        for n in (*self.out_size, *self.kernel):
            total *= n
        return total


def image(group, channels, out, size, kernel, stride=1, groups=1):
    return Layer(group, channels, out, (size, size), (kernel, kernel), stride, (kernel // 2, kernel // 2), groups)


def depthwise(group, channels, size, kernel, stride=1):
    return image(group, channels, channels, size, kernel, stride, channels)


def causal(group, channels, out, size, taps, groups=1):
    return Layer(group, channels, out, (size,), (taps,), 1, (taps - 1, 0), groups)


def vgg():
    shapes = [(3, 64, 224), (64, 64, 224), (64, 128, 112), (128, 128, 112), (128, 256, 56), (256, 256, 56), (256, 512, 28),
              (512, 512, 28), (512, 512, 14)]
    return [image("vgg", *shape, 3) for shape in shapes]


def resnet50():
    layers, channels, size = [image("resnet50", 3, 64, 224, 7, 2)], 64, 56
    for width in (64, 128, 256, 512):
        stride = 1 if width == 64 else 2
        inner = size // stride
        layers += [image("resnet50", channels, width, size, 1),
                   image("resnet50", width, width, size, 3, stride),
                   image("resnet50", width, 4 * width, inner, 1),
                   image("resnet50", channels, 4 * width, size, 1, stride),
                   image("resnet50", 4 * width, width, inner, 1),
                   image("resnet50", width, width, inner, 3)]
        channels, size = 4 * width, inner
    return list(dict.fromkeys(layers))


def mobilenet():
    shapes = [(32, 112, 1), (64, 112, 2), (128, 56, 1), (128, 56, 2), (256, 28, 1), (256, 28, 2), (512, 14, 1), (512, 14, 2),
              (1024, 7, 1)]
    return [depthwise("mobilenet", channels, size, 3, stride) for channels, size, stride in shapes]


def efficientnet():
    shapes = [(32, 112, 3, 1), (96, 112, 3, 2), (144, 56, 3, 1), (144, 56, 5, 2), (240, 28, 5, 1), (240, 28, 3, 2),
              (480, 14, 3, 1), (480, 14, 5, 1), (672, 14, 5, 1), (672, 14, 5, 2), (1152, 7, 5, 1), (1152, 7, 3, 1)]
    return [depthwise("efficientnet", *shape) for shape in shapes]


def large():
    return [image("large", 64, 64, 56, 15), image("large", 64, 64, 56, 31),
            depthwise("large", 128, 56, 15), depthwise("large", 128, 56, 31),
            causal("large", 1, 1, 65536, 1024), causal("large", 1, 1, 65536, 16384),
            causal("large", 64, 64, 8192, 1024, groups=64), causal("large", 16, 16, 16384, 16384, groups=16),
            causal("large", 64, 64, 4096, 1024)]


def middling():
    """Filters of seven taps and more, few channels: dense signals and images."""
    def signal(channels, size, taps):
        return Layer("middling", channels, channels, (size,), (taps,), 1, (taps // 2, taps // 2))

    signals = [(8, 2000, 31), (16, 500, 31), (32, 1000, 31), (16, 4000, 9), (64, 1000, 15), (64, 4096, 7), (64, 4096, 9)]
    images = [(16, 20, 9), (16, 56, 9), (32, 28, 9), (16, 56, 13), (32, 28, 13)]
    return [signal(*row) for row in signals] + [image("middling", row[0], *row) for row in images]


GROUPS = {"vgg": vgg, "resnet50": resnet50, "mobilenet": mobilenet, "efficientnet": efficientnet, "large": large,
          "middling": middling}
