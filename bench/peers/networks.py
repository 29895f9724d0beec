"""The networks that are measured, written out twice at once: as an ONNX graph for the peers, and as the state dict that the
model in models/ binds to. The weights are those of models/synthetic_weights.py: latency does not depend on their values. No
framework is needed. The networks and their weights' names are torchvision's, and efficientnet_lite_pytorch's for EfficientNet.
"""
import os
import sys

import numpy as np
from onnx import TensorProto, helper

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models"))
from synthetic_weights import tensor


class Network:
    """Adds nodes to an ONNX graph and weights to a state dict. Values are names; `shape` of each is (C, H, W) or (C,)."""

    def __init__(self, input_shape):
        self.nodes, self.state, self.constants = [], {}, {}
        self.input_shape, self.shape = input_shape, {"x": input_shape[1:]}

    def node(self, op, inputs, shape, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        self.shape[name] = shape
        return name

    def weight(self, name, *shape):
        self.state[name] = tensor(name, shape)
        return name

    def conv(self, x, name, out, kernel, stride=1, groups=1, bias=False, pad="half"):
        """pad: "half" of the kernel on each side (torch's habit), or "same" (TensorFlow's, more at the end)."""
        channels, height, width = self.shape[x]
        inputs = [x, self.weight(f"{name}.weight", out, channels // groups, kernel, kernel)]
        if bias:
            inputs.append(self.weight(f"{name}.bias", out))
        pads, sizes = [], []
        for size in (height, width):
            total = 2 * (kernel // 2) if pad == "half" else max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads.append((total // 2, total - total // 2))
            sizes.append((size + total - kernel) // stride + 1)
        return self.node("Conv", inputs, (out, *sizes), kernel_shape=[kernel] * 2, strides=[stride] * 2, group=groups,
                         pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]])

    def batch_norm(self, x, name, epsilon=1e-5):
        inputs = [x] + [self.weight(f"{name}.{part}", self.shape[x][0])
                        for part in ("weight", "bias", "running_mean", "running_var")]
        self.state[f"{name}.num_batches_tracked"] = np.int64(0)
        return self.node("BatchNormalization", inputs, self.shape[x], epsilon=epsilon)

    def relu(self, x):
        return self.node("Relu", [x], self.shape[x])

    def relu6(self, x):
        self.constants.update(zero=np.float32(0), six=np.float32(6))
        return self.node("Clip", [x, "zero", "six"], self.shape[x])

    def add(self, x, y):
        return self.node("Add", [x, y], self.shape[x])

    def max_pool(self, x, kernel, stride, pad=0):
        channels, *sizes = self.shape[x]
        sizes = [(size + 2 * pad - kernel) // stride + 1 for size in sizes]
        return self.node("MaxPool", [x], (channels, *sizes), kernel_shape=[kernel] * 2, strides=[stride] * 2,
                         pads=[pad] * 4)

    def mean(self, x):
        """Over the spatial axes, which go."""
        return self.flatten(self.node("GlobalAveragePool", [x], (self.shape[x][0], 1, 1)))

    def flatten(self, x):
        return self.node("Flatten", [x], (int(np.prod(self.shape[x])),))

    def linear(self, x, name, out):
        return self.node("Gemm", [x, self.weight(f"{name}.weight", out, self.shape[x][0]),
                                  self.weight(f"{name}.bias", out)], (out,), transB=1)

    def softmax(self, x):
        return self.node("Softmax", [x], self.shape[x], axis=-1)

    def onnx(self, result):
        """The graph that computes `result`, as an ONNX model."""
        initial = [helper.make_tensor(name, TensorProto.FLOAT, value.shape, value.tobytes(), raw=True)
                   for name, value in {**self.state, **self.constants}.items() if value.dtype == np.float32]
        graph = helper.make_graph(
            self.nodes, "network", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input_shape)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, (self.input_shape[0], *self.shape[result]))], initial)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def flops(self):
        """Of the convolutions and matrix products, a multiply-add counted as two, for one image."""
        total = 0
        for node in self.nodes:
            if node.op_type in ("Conv", "Gemm"):
                weight = self.state[node.input[1]]
                places = self.shape[node.output[0]][1:] if node.op_type == "Conv" else ()
                total += 2 * weight.size * int(np.prod(places))
        return total


def resnet(net, blocks, bottleneck):
    x = net.relu(net.batch_norm(net.conv("x", "conv1", 64, 7, 2), "bn1"))
    x = net.max_pool(x, 3, 2, 1)
    for layer, count in enumerate(blocks, 1):
        width = 32 << layer
        for block in range(count):
            name, stride, y = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1, x
            if bottleneck:
                steps = ((width, 1, 1), (width, 3, stride), (4 * width, 1, 1))
            else:
                steps = ((width, 3, stride), (width, 3, 1))
            for i, (out, kernel, step) in enumerate(steps, 1):
                y = net.batch_norm(net.conv(y, f"{name}.conv{i}", out, kernel, step), f"{name}.bn{i}")
                if i < len(steps):
                    y = net.relu(y)
            if stride != 1 or net.shape[x] != net.shape[y]:
                x = net.batch_norm(net.conv(x, f"{name}.downsample.0", out, 1, stride), f"{name}.downsample.1")
            x = net.relu(net.add(y, x))
    return net.linear(net.mean(x), "fc", 1000)


def vgg16(net):
    x, index = "x", 0
    for out in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if out:
            x = net.relu(net.conv(x, f"features.{index}", out, 3, bias=True))
            index += 2
        else:
            x = net.max_pool(x, 2, 2)
            index += 1
    x = net.flatten(x)
    x = net.relu(net.linear(x, "classifier.0", 4096))
    x = net.relu(net.linear(x, "classifier.3", 4096))
    return net.linear(x, "classifier.6", 1000)


def efficientnet_lite0(net):
    def conv(x, name, norm, *arguments, **options):
        return net.batch_norm(net.conv(x, name, *arguments, pad="same", **options), norm, epsilon=1e-3)

    x, index = net.relu6(conv("x", "_conv_stem", "_bn0", 32, 3, 2)), 0
    for count, kernel, first_stride, expand, out in ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
                                                     (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)):
        for repeat in range(count):
            name, y, stride = f"_blocks.{index}", x, 1 if repeat else first_stride
            index += 1
            if expand != 1:
                y = net.relu6(conv(y, f"{name}._expand_conv", f"{name}._bn0", expand * net.shape[x][0], 1))
            channels = net.shape[y][0]
            y = net.relu6(conv(y, f"{name}._depthwise_conv", f"{name}._bn1", channels, kernel, stride, groups=channels))
            y = conv(y, f"{name}._project_conv", f"{name}._bn2", out, 1)
            x = net.add(y, x) if net.shape[x] == net.shape[y] else y
    x = net.relu6(conv(x, "_conv_head", "_bn1", 1280, 1))
    return net.softmax(net.linear(net.mean(x), "_fc", 1000))


IMAGE = (1, 3, 224, 224)
# name: (input shape, what computes the result). The model of the same name in models/ is what Quern compiles.
NETWORKS = {
    "efficientnet_lite0": (IMAGE, efficientnet_lite0),
    "resnet18": (IMAGE, lambda net: resnet(net, (2, 2, 2, 2), bottleneck=False)),
    "resnet50": (IMAGE, lambda net: resnet(net, (3, 4, 6, 3), bottleneck=True)),
    "vgg16": (IMAGE, vgg16),
}


def build(name):
    """(ONNX model, state dict, an input, floating point operations)."""
    shape, body = NETWORKS[name]
    net = Network(shape)
    model = net.onnx(body(net))
    return model, net.state, tensor("image", shape), net.flops()
