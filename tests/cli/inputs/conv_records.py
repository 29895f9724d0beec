"""Checks what `quern conv --json` printed: a record for each algorithm, with every figure that is promised, and consistent."""
import json
import math
import sys

FIGURES = ["ms_min", "ms_median", "gflops", "workspace_bytes", "weight_bytes", "max_error", "mean_error", "multiplications"]

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
records = report["records"]
names = [record["algorithm"] for record in records]
assert len(set(names)) == len(names), names
assert {"direct", "im2col", "implicit_im2col"} <= set(names), names
assert sum(record["chosen"] for record in records) == 1
assert sum(record["chosen_by_model"] for record in records) == 1
for record in records:
    assert record["layer"] == "1x8x9x9 * 8x8x3x3 pad 1"
    assert record["reason"], record
    if record["ms_median"] is None:
        assert not record["chosen"] and all(record[figure] is None for figure in FIGURES), record
        continue
    assert all(math.isfinite(record[figure]) and record[figure] >= 0 for figure in FIGURES), record
    assert record["from_cache"] is True, record
    assert (record["ms_spread"] is None) == (record["runs"] == 1), record
    assert 0 < record["ms_min"] <= record["ms_median"], record
    assert record["mean_error"] <= record["max_error"] <= record["error_bound"], record
    # Nobody can claim anything of weights that are made up for an algorithm.
    assert record["claimed_error"] is None if record["conditional"] else record["max_error"] <= record["claimed_error"], record
measured = [record for record in records if record["ms_median"] is not None]
# All of one race, kept with the peak of then.
assert len({record["peak_gflops"] for record in measured}) == 1, measured
assert all(math.isclose(record["peak_share"], record["true_gflops"] / record["peak_gflops"]) for record in measured), measured
allowed = [record for record in measured if record["max_error"] <= report["max_error"] and not record["conditional"]]
# Whether filters are separable, nobody can know here: what it would take is told all the same.
assert {record["algorithm"] for record in measured if record["conditional"]} == {"separable 3x1", "separable 1x3"}, measured
chosen = next(record for record in records if record["chosen"])
assert chosen["ms_median"] == min(record["ms_median"] for record in allowed)
direct = next(record for record in records if record["algorithm"] == "direct")
# Nine taps of eight channels for each of 8 filters and of 9x9x8 outputs, in vectors that they may fill by half.
assert 8 * 8 * 9 * 4 <= direct["weight_bytes"] <= 2 * 8 * 8 * 9 * 4, direct
assert 46656 <= direct["multiplications"] <= 2 * 46656, direct
