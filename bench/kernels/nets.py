"""The three nets as layers after fusion, in the order of execution. Run as a program it prints a net's table for kernel_bench."""
import sys
from dataclasses import dataclass, field


@dataclass
class Layer:
    kind: str  # conv, depthwise, maxpool, meanpool, linear
    ci: int
    co: int
    size: int
    kernel: int = 1
    stride: int = 1
    pad: tuple = (0, 0)
    act: str = "none"
    source: int = -1  # the layer whose output it reads; -1: the one before
    residual: int = None  # the layer whose output is added before the activation
    planar: bool = False

    def text(self):
        words = [self.kind, 1, self.ci, self.co, self.size, self.kernel, self.stride, *self.pad, self.act]
        words += ["residual"] if self.residual is not None else []
        words += ["planar"] if self.planar else []
        return " ".join(map(str, words))

    @property
    def out_size(self):
        if self.kind == "meanpool":
            return 1
        return (self.size + sum(self.pad) - self.kernel) // self.stride + 1


class Net:
    def __init__(self):
        self.layers = []

    def add(self, *a, **k):
        layer = Layer(*a, **k)
        if layer.source == -1:
            layer.source = len(self.layers) - 1
        self.layers.append(layer)
        return len(self.layers) - 1


def vgg16():
    net, size, ci = Net(), 224, 3
    for block in ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3):
        for co in block:
            net.add("conv", ci, co, size, 3, 1, (1, 1), "relu", planar=ci == 3)
            ci = co
        net.add("maxpool", ci, ci, size, 2, 2)
        size //= 2
    net.add("linear", 512 * 49, 4096, 1, act="relu")
    net.add("linear", 4096, 4096, 1, act="relu")
    net.add("linear", 4096, 1000, 1)
    return net.layers


def resnet50():
    net = Net()
    net.add("conv", 3, 64, 224, 7, 2, (3, 3), "relu", planar=True)
    last = net.add("maxpool", 64, 64, 112, 3, 2, (1, 1))
    ci, size = 64, 56
    for mid, count, first_stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(count):
            stride = first_stride if i == 0 else 1
            net.add("conv", ci, mid, size, 1, 1, act="relu", source=last)
            body = net.add("conv", mid, mid, size, 3, stride, (1, 1), "relu")
            skip = last if i else net.add("conv", ci, 4 * mid, size, 1, stride, source=last)
            size //= stride
            last = net.add("conv", mid, 4 * mid, size, 1, 1, act="relu", source=body, residual=skip)
            ci = 4 * mid
    net.add("meanpool", 2048, 2048, 7)
    net.add("linear", 2048, 1000, 1)
    return net.layers


def efficientnet_lite0():
    net = Net()

    def same(size, kernel, stride):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2

    last = net.add("conv", 3, 32, 224, 3, 2, same(224, 3, 2), "relu6", planar=True)
    ci, size = 32, 112
    for expand, co, count, first_stride, kernel in ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
                                                    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)):
        for i in range(count):
            stride = first_stride if i == 0 else 1
            mid = ci * expand
            block_input = last
            if expand != 1:
                last = net.add("conv", ci, mid, size, act="relu6", source=last)
            last = net.add("depthwise", mid, mid, size, kernel, stride, same(size, kernel, stride), "relu6", source=last)
            size = -(-size // stride)
            last = net.add("conv", mid, co, size, source=last, residual=block_input if i else None)
            ci = co
    net.add("conv", 320, 1280, 7, act="relu6", source=last)
    net.add("meanpool", 1280, 1280, 7)
    net.add("linear", 1280, 1000, 1)
    return net.layers


NETS = {"vgg16": vgg16, "resnet50": resnet50, "efficientnet_lite0": efficientnet_lite0}

if __name__ == "__main__":
    for layer in NETS[sys.argv[1]]():
        print(layer.text())
