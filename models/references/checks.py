"""What a causal network promises, tried out on its full pass alone."""

import torch


def check_contract(case, inputs):
    """Changes the input at one position after the other: only outputs that may read it move, and some do."""
    contract, x = case.contract, inputs[0]
    before = case.network(*inputs)
    tolerance = 1e-12 * before.abs().max()
    positions = contract.positions(x)
    moved_at_all = 0
    for rank, position in enumerate(positions):
        changed = x.clone()
        here = contract.of_input(x, position)
        changed[here] = (x[here] + 1) % case.inputs[0].levels if case.inputs[0].levels else x[here] + 1.5
        moved = (case.network(changed, *inputs[1:]) - before).abs() > tolerance
        moved_at_all += int(moved.any())
        for earlier in positions[: rank + case.contract.strict]:
            if moved[contract.of_output(x, before, earlier)].any():
                raise AssertionError(f"{case.name}: the output at {earlier} reads the input at {position}")
    # At a strict contract nobody reads the last position.
    if moved_at_all < len(positions) // 2:
        raise AssertionError(f"{case.name}: only {moved_at_all} of {len(positions)} positions are read at all")


def sample(case, inputs, pick, known=0):
    """The naive sampler: one full pass a position. The first `known` positions are taken from the input, of which an
    inclusive model needs one. `pick` takes scores [N, levels] to a level for each sample."""
    contract, x = case.contract, inputs[0].clone()
    positions = contract.positions(x)
    for position in positions[known:]:
        x[contract.of_input(x, position)] = 0
    for rank in range(known, len(positions)):
        y = case.network(x, *inputs[1:])
        read = positions[rank] if contract.strict else positions[rank - 1]
        here = contract.of_input(x, positions[rank])
        x[here] = case.levels.choose(y[contract.of_output(x, y, read)], pick, x).reshape(x[here].shape)
    return x


class Greedy:
    """Picks the likeliest level, and remembers how narrowly: `margin`, relative to `largest`, and `rounding`, how far at least
    what was rounded lay from between two levels."""

    def __init__(self, largest):
        self.largest = largest
        self.margin = self.rounding = float("inf")

    def __call__(self, scores):
        best = scores.topk(2, 1).values
        self.margin = min(self.margin, float((best[:, 0] - best[:, 1]).min()) / self.largest)
        return scores.argmax(1)


class Draw:
    """Draws from the distribution that the scores give."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, scores):
        return torch.multinomial(scores.softmax(1), 1, generator=self.generator)[:, 0]
