"""What a reference is recorded with: its inputs, and what a causal one promises of them."""

import dataclasses

import numpy as np
import synthetic_weights
import torch


@dataclasses.dataclass(frozen=True)
class Input:
    """An input by its name in the model's signature; `levels` > 0: whole numbers below it, else any numbers."""

    name: str
    shape: tuple
    levels: int = 0

    def values(self):
        if self.levels:
            return torch.from_numpy(synthetic_weights.symbols(self.name, self.shape, self.levels)).long()
        return torch.from_numpy(synthetic_weights.tensor(self.name, self.shape)).double()


@dataclasses.dataclass(frozen=True)
class Contract:
    """What the signature says after `causal over`: about the first input and the output.

    A position is a tuple of coordinates along `axes` of the input, outermost first. Its rank is its row-major number, or
    `order` at that number. The output at a position reads the input at lower ranks; and at its own, unless `strict`.
    """

    axes: tuple
    output_axes: tuple
    strict: bool
    order: tuple = ()

    def positions(self, x):
        """All positions, in the order in which they are generated."""
        places = list(np.ndindex(*(x.shape[axis] for axis in self.axes)))
        return [places[i] for i in np.argsort(self.order)] if self.order else places

    def of_input(self, x, position):
        """The index of a position in the input."""
        return self._index(x, self.axes, x, position)

    def of_output(self, x, y, position):
        """The index in the output of everything that belongs to a position: several neighbours where its axis is longer."""
        return self._index(y, self.output_axes, x, position)

    def _index(self, values, axes, x, position):
        index = [slice(None)] * values.ndim
        for axis, input_axis, coordinate in zip(axes, self.axes, position):
            many = values.shape[axis] // x.shape[input_axis]
            index[axis] = slice(coordinate * many, (coordinate + 1) * many)
        return tuple(index)


@dataclasses.dataclass(frozen=True)
class Levels:
    """The distribution of the next element: one logit for each of `count` levels, or for two of them one logit in all.

    A float input takes level l as low + l (high - low) / (count - 1), an integer one l itself.
    """

    count: int
    low: float = 0.0
    high: float = 1.0

    def scores(self, logits):
        """[N, count], from whatever belongs to one position."""
        logits = logits.reshape(len(logits), -1)
        return torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits

    def value(self, level, x):
        return self.low + level.double() * (self.high - self.low) / (self.count - 1) if x.is_floating_point() else level

    def choose(self, parameters, pick, x):
        """The element for each sample that `pick` takes by its scores."""
        return self.value(pick(self.scores(parameters)), x)


@dataclasses.dataclass(frozen=True)
class ColourMixture:
    """A mixture of logistics over the three colours of a pixel in [-1, 1] (Salimans et al. 2017, eq. 3): `components` logits,
    then for each colour means, log-scales and couplings. Colours are rounded to `count` levels."""

    components: int
    count: int = 256

    def choose(self, parameters, pick, x):
        """The means of the component that `pick` takes."""
        parts = parameters.reshape(len(parameters), 10, self.components)
        chosen = pick(parts[:, 0])
        means, _, couplings = parts[torch.arange(len(parts)), 1:, chosen].reshape(-1, 3, 3).unbind(2)
        first, second, third = couplings.tanh().unbind(1)
        red = means[:, 0].clamp(-1, 1)
        green = (means[:, 1] + first * red).clamp(-1, 1)
        blue = (means[:, 2] + second * red + third * green).clamp(-1, 1)
        levels = (torch.stack([red, green, blue], 1) + 1) / 2 * (self.count - 1)
        pick.rounding = min(pick.rounding, float((levels - levels.floor() - 0.5).abs().min()))
        return levels.round() / (self.count - 1) * 2 - 1


@dataclasses.dataclass(frozen=True)
class Case:
    """models/MODEL.qn with some settings, and the network that says what it should answer."""

    name: str
    model: str
    network: torch.nn.Module
    inputs: list
    contract: Contract
    settings: dict = dataclasses.field(default_factory=dict)
    levels: Levels | ColourMixture | None = None
