"""The cached samplers of the models whose layers are shifted convolutions: see steps.py. PixelCNN++'s stream of rows above is
worked out a row at a time, the other pixel by pixel, each scale only where a pixel of its own is due (Ramachandran et al.: Fast
Generation for Convolutional Autoregressive Models, 2017); PixelSNAIL keeps its keys and values."""

import torch
import torch.nn.functional as F
from references.mixtures import concat_elu
from steps import Graph, matrix
from torch import nn


class Memory:
    """What each convolution of a scale read before, in the order of their turns; and what it reads now."""

    def __init__(self, old):
        self.old = [iter(values.unbind(0)) for values in old]
        self.new = [[] for _ in old]

    def exchange(self, scale, value):
        self.new[scale].append(value)
        return next(self.old[scale])

    def stacked(self):
        return [torch.stack(values) for values in self.new]


def near(conv, old, x):
    """A 2 x 2 convolution at one pixel: `old` [3, I] is to its upper left, above it and to its left."""
    weight = conv.weight.permute(0, 2, 3, 1).flatten(1)
    return F.linear(torch.cat([old.reshape(1, -1), x], 1), weight, conv.bias)


def first_pixel(above_layer, left_layer, above, left, live):
    """The first layer at one pixel: `above` [1, 4 * 3] of the row before, `left` [1, 4 * 2] of the column before."""
    of_above = F.linear(above, above_layer.weight.flatten(1), above_layer.bias)
    return of_above * live[0] + F.linear(left, left_layer.weight.flatten(1), left_layer.bias) * live[1]


class StreamStep(nn.Module):
    """One stream where the `depth` finest scales are due. What the coarser ones gave is an argument."""

    def __init__(self, network, depth):
        super().__init__()
        self.network, self.depth, self.scales = network, depth, len(network.down)
        self.kept = min(depth, self.scales - 1)  # scales whose last value a coarser one reads

    def walk(self, x, pair, reduce, enlarge, coarser, memory):
        network, enlarged, skips = self.network, [], [x]
        for scale in range(self.depth):
            if scale:
                x = reduce(network.downsample[scale - 1], memory.exchange(scale - 1, x), x)
                skips.append(x)
            for layer in network.down[scale]:
                x = pair(layer, scale, x, None)
                skips.append(x)
        if self.kept == self.depth:
            memory.exchange(self.depth - 1, x)
            x = coarser
        else:
            x = skips.pop()
        for scale in reversed(range(self.depth)):
            up = self.scales - 1 - scale
            if scale < self.depth - 1:
                enlarged.append(enlarge(network.upsample[up - 1], x))
                x = self.corner(enlarged[-1])
            for layer in network.up[up]:
                x = pair(layer, scale, x, skips.pop())
        return x, enlarged[::-1]


class RowStep(StreamStep):
    """A row of `u`. Arguments: the two rows of the image before, [1, 4, 2, W]; whether there are any; per scale what its
    convolutions read before, [convolutions, 2 F, W]; what the coarser scales read, [1, F, W]; and what they give, [F, W].
    Results: per scale `u` after each layer, [layers, F, W]; the same memories; and of each enlarged row both, [F, 2, W]."""

    def forward(self, image, live, *rest):
        old, downs, coarser = Memory(rest[: self.depth]), Memory(rest[self.depth : self.depth + self.kept]), rest[-1]
        given = [[] for _ in range(self.depth)]

        def conv(layer, before, x, stride=1):
            rows = torch.stack([before, x], 1)[None]
            return F.conv2d(rows, layer.weight, layer.bias, stride=(1, stride), padding=(0, 1))[0, :, 0]

        def mix(layer, x):
            return F.conv1d(x[None], layer.weight[:, :, 0], layer.bias)[0]

        def activate(x):
            return concat_elu(x[None])[0]

        def pair(layer, scale, x, skip):
            resnet, y = layer.u, activate(x)
            y = conv(resnet.conv1, old.exchange(scale, y), y)
            if skip is not None:
                y = y + mix(resnet.skip, activate(skip))
            y = activate(y)
            a, b = conv(resnet.conv2, old.exchange(scale, y), y).chunk(2, 0)
            x = x + a * b.sigmoid()
            given[scale].append(x)
            return x

        def enlarge(layer, x):
            return F.pixel_shuffle(mix(layer.u, x)[:, None], 2)

        first = self.network.first.u
        x = F.conv2d(image, first.weight, first.bias, padding=(0, 1))[0, :, 0] * live
        _, enlarged = self.walk(x, pair, lambda layer, before, x: conv(layer.u, before, x, 2), enlarge, coarser, downs)
        return *map(torch.stack, given), *old.stacked(), *downs.stacked(), *enlarged

    @staticmethod
    def corner(enlarged):
        return enlarged[:, 0]


class PixelStep(StreamStep):
    """A pixel of `ul`. Arguments: the image around, and whether it is inside; per scale `u` here, [layers, F]; what the
    convolutions' neighbours were, [convolutions, 3, 2 F], and the coarser scales', [1, 3, F]; what the latter give,
    [1, F]. Results: the parameters [1, out], the memories of this pixel, and the enlarged pixels [F, 2, 2]."""

    def forward(self, above, left, live, *rest):
        depth, kept = self.depth, self.kept
        u = [iter(values.unbind(0)) for values in rest[:depth]]
        old, downs, coarser = Memory(rest[depth : 2 * depth]), Memory(rest[2 * depth : 2 * depth + kept]), rest[-1]

        def pair(layer, scale, x, skip):
            resnet, here = layer.ul, next(u[scale])[None]
            other = here if skip is None else torch.cat([here, skip], 1)
            y = concat_elu(x)
            y = near(resnet.conv1, old.exchange(scale, y), y)
            y = concat_elu(y + F.linear(concat_elu(other), matrix(resnet.skip), resnet.skip.bias))
            a, b = near(resnet.conv2, old.exchange(scale, y), y).chunk(2, 1)
            return x + a * b.sigmoid()

        def enlarge(layer, x):
            return F.linear(x, matrix(layer.ul), layer.ul.bias).reshape(-1, 2, 2)

        network = self.network
        x = first_pixel(network.first.ul_above, network.first.ul_left, above, left, live)
        reduce = lambda layer, before, x: near(layer.ul, before, x)
        x, enlarged = self.walk(x, pair, reduce, enlarge, coarser, downs)
        out = F.linear(F.elu(x), matrix(network.out), network.out.bias)
        return out, *(values[:, 0] for values in old.stacked() + downs.stacked()), *enlarged

    @staticmethod
    def corner(enlarged):
        return enlarged[:, 0, 0][None]


class PixelCNNppStep:
    @staticmethod
    def sizes(network):
        layers = [len(network.down[s]) + len(network.up[len(network.down) - 1 - s]) for s in range(len(network.down))]
        return layers, network.out.in_channels

    @staticmethod
    def graphs(network, height, width):
        (layers, f), scales = PixelCNNppStep.sizes(network), len(network.down)
        graphs = []
        for depth in range(1, scales + 1):
            # A pixel, or row, is due for as many scales as its coordinates are even.
            share = lambda extent: (extent >> (depth - 1)) - (extent >> depth if depth < scales else 0)
            pixels = lambda d: (height >> (d - 1)) * (width >> (d - 1))
            kept = range(min(depth, scales - 1))
            coarser = [torch.randn(f, width >> (depth - 1))] if depth < scales else []
            tensors = [torch.rand(1, 4, 2, width), torch.ones(1)]
            tensors += [torch.randn(2 * layers[s], 2 * f, width >> s) for s in range(depth)]
            tensors += [torch.randn(1, f, width >> s) for s in kept] + coarser
            graphs.append(Graph(f"row{depth}", RowStep(network, depth), named(tensors), share(height)))
            tensors = [torch.rand(1, 12), torch.rand(1, 8), torch.ones(2)]
            tensors += [torch.randn(layers[s], f) for s in range(depth)]
            tensors += [torch.randn(2 * layers[s], 3, 2 * f) for s in range(depth)]
            tensors += [torch.randn(1, 3, f) for _ in kept] + [row[None, :, 0] for row in coarser]
            count = pixels(depth) - (pixels(depth + 1) if depth < scales else 0)
            graphs.append(Graph(f"pixel{depth}", PixelStep(network, depth), named(tensors), count))
        return graphs

    @staticmethod
    def replay(network, graphs, image):
        (layers, f), scales = PixelCNNppStep.sizes(network), len(network.down)
        height, width = image.shape[2:]
        zeros = lambda *shape: torch.zeros(*shape, dtype=image.dtype)
        bordered = F.pad(torch.cat([image, torch.ones_like(image[:, :1])], 1), (1, 1, 2, 0))
        heights, widths = [height >> s for s in range(scales)], [width >> s for s in range(scales)]
        rows = [zeros(2 * layers[s], 2 * f, widths[s]) for s in range(scales)]
        row_downs = [zeros(1, f, widths[s]) for s in range(scales - 1)]
        row_coarser = [zeros(f, 2, widths[s]) for s in range(scales - 1)]
        near_values = [zeros(2 * layers[s], heights[s] + 1, widths[s] + 1, 2 * f) for s in range(scales)]
        downs = [zeros(1, heights[s] + 1, widths[s] + 1, f) for s in range(scales - 1)]
        coarser = [zeros(f, heights[s], widths[s]) for s in range(scales - 1)]
        u = [None] * scales
        result = zeros(1, network.out.out_channels, height, width)
        due = lambda *places: min([scales - 1] + [(p & -p).bit_length() - 1 for p in places if p]) + 1
        neighbours = lambda cache, r, c: torch.stack([cache[:, r, c], cache[:, r, c + 1], cache[:, r + 1, c]], 1)
        for r in range(height):
            depth = due(r)
            kept = min(depth, scales - 1)
            extra = [row_coarser[depth - 1][:, r >> (depth - 1) & 1]] if depth < scales else []
            got = graphs[2 * depth - 2].module(
                bordered[:, :, r : r + 2, 1:-1], zeros(1) + (r > 0), *rows[:depth], *row_downs[:kept], *extra
            )
            u[:depth], rows[:depth] = got[:depth], got[depth : 2 * depth]
            row_downs[:kept], row_coarser[: depth - 1] = got[2 * depth : 2 * depth + kept], got[2 * depth + kept :]
            for c in range(width):
                depth = due(r, c)
                kept = min(depth, scales - 1)
                at = [(r >> s, c >> s) for s in range(scales)]
                extra = [coarser[depth - 1][None, :, at[depth - 1][0], at[depth - 1][1]]] if depth < scales else []
                got = graphs[2 * depth - 1].module(
                    bordered[:, :, r + 1, c : c + 3].reshape(1, -1), bordered[:, :, r + 1 : r + 3, c].reshape(1, -1),
                    zeros(2) + torch.tensor([r > 0, c > 0]), *(u[s][:, :, at[s][1]] for s in range(depth)),
                    *(neighbours(near_values[s], *at[s]) for s in range(depth)),
                    *(neighbours(downs[s], *at[s]) for s in range(kept)), *extra,
                )
                result[0, :, r, c] = got[0][0]
                for s in range(depth):
                    near_values[s][:, at[s][0] + 1, at[s][1] + 1] = got[1 + s]
                for s in range(kept):
                    downs[s][:, at[s][0] + 1, at[s][1] + 1] = got[1 + depth + s]
                for s, block in enumerate(got[1 + depth + kept :]):
                    coarser[s][:, at[s][0] : at[s][0] + 2, at[s][1] : at[s][1] + 2] = block
        return result


class PixelSnailStep(nn.Module):
    """A pixel. Arguments: the image around, and whether it is inside; the convolutions' neighbours [convolutions, 3, 2 F]; of
    the pixel before its colours and place [1, 5] and what each block made of it [blocks, F], for which keys and values are due;
    those of all pixels before that, [blocks, heads, H W, F / heads]; 0 where they are, -1e30 elsewhere, [1 + H W]; and this
    place [1, 2]."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, above, left, live, old, before, before_x, keys, values, bias, place):
        network = self.network
        x = first_pixel(network.ul_above, network.ul_left, above, left, live)
        old, new, new_x, new_keys, new_values = iter(old.unbind(0)), [], [], [], []

        def conv(layer, y):
            new.append(y[0])
            return near(layer, next(old), y)

        for b, block in enumerate(network.blocks):
            for resnet in block.layers:
                y = concat_elu(conv(resnet.conv1, concat_elu(x)))
                gate_a, gate_b = conv(resnet.conv2, y).chunk(2, 1)
                x = x + gate_a * gate_b.sigmoid()
            new_x.append(x)
            attention, heads = block.attention, block.attention.heads
            seen = torch.cat([before[:, :3], before_x[b : b + 1], before[:, 3:]], 1)
            context = F.linear(seen, matrix(block.context), block.context.bias)
            query = F.linear(torch.cat([x, place], 1), matrix(block.query), block.query.bias)
            q, k, v = (layer(of).reshape(heads, 1, -1) for layer, of in
                       ((attention.query, query), (attention.key, context), (attention.value, context)))
            new_keys.append(k[:, 0])
            new_values.append(v[:, 0])
            scores = torch.cat([k, keys[b]], 1) @ q.transpose(1, 2) / q.shape[2] ** 0.5
            weights = (scores[:, :, 0] + bias).softmax(1)
            found = (weights[:, None] @ torch.cat([v, values[b]], 1)).reshape(1, -1) * live[2]
            y = F.linear(concat_elu(x), matrix(block.merge.conv1), block.merge.conv1.bias)
            skip = concat_elu(attention.out(found))
            y = concat_elu(y + F.linear(skip, matrix(block.merge.skip), block.merge.skip.bias))
            gate_a, gate_b = F.linear(y, matrix(block.merge.conv2), block.merge.conv2.bias).chunk(2, 1)
            x = x + gate_a * gate_b.sigmoid()
        out = F.linear(F.elu(x), matrix(network.out), network.out.bias)
        return out, torch.stack(new), torch.cat(new_x), torch.stack(new_keys), torch.stack(new_values)

    @staticmethod
    def sizes(network):
        block = network.blocks[0]
        f, heads = network.out.in_channels, block.attention.heads
        return len(network.blocks), 2 * len(network.blocks) * len(block.layers), f, heads

    @staticmethod
    def graphs(network, height, width):
        blocks, convs, f, heads = PixelSnailStep.sizes(network)
        cache = torch.randn(blocks, heads, height * width, f // heads)
        inputs = {"above": torch.rand(1, 12), "left": torch.rand(1, 8), "live": torch.ones(3),
                  "old": torch.randn(convs, 3, 2 * f), "before": torch.rand(1, 5), "before_x": torch.randn(blocks, f),
                  "keys": cache, "values": cache.clone(), "bias": torch.zeros(1 + height * width), "place": torch.rand(1, 2)}
        return [Graph("pixel", PixelSnailStep(network), inputs, height * width)]

    @staticmethod
    def replay(network, graphs, image):
        blocks, convs, f, heads = PixelSnailStep.sizes(network)
        height, width = image.shape[2:]
        zeros = lambda *shape: torch.zeros(*shape, dtype=image.dtype)
        bordered = F.pad(torch.cat([image, torch.ones_like(image[:, :1])], 1), (1, 1, 1, 0))
        near_values = zeros(convs, height + 1, width + 1, 2 * f)
        keys, values = (zeros(blocks, heads, height * width, f // heads) for _ in range(2))
        bias = zeros(1 + height * width) - 1e30
        before, before_x, result = zeros(1, 5), zeros(blocks, f), zeros(1, network.out.out_channels, height, width)
        for r in range(height):
            for c in range(width):
                number = r * width + c
                place = zeros(1, 2) + torch.tensor([r / height - 0.5, c / width - 0.5], dtype=image.dtype)
                bias[0] = 0
                old = torch.stack([near_values[:, r, c], near_values[:, r, c + 1], near_values[:, r + 1, c]], 1)
                out, new, before_x, new_keys, new_values = graphs[0].module(
                    bordered[:, :, r, c : c + 3].reshape(1, -1), bordered[:, :, r : r + 2, c].reshape(1, -1),
                    zeros(3) + torch.tensor([r > 0, c > 0, number > 0]), old, before, before_x, keys, values, bias, place,
                )
                if number:
                    keys[:, :, number - 1], values[:, :, number - 1], bias[number] = new_keys, new_values, 0
                near_values[:, r + 1, c + 1], result[0, :, r, c] = new, out[0]
                before = torch.cat([image[:, :, r, c], place], 1)
        return result


def named(tensors):
    return {f"x{i}": tensor for i, tensor in enumerate(tensors)}
