"""conv_observed.py RANDOM OBSERVED PLAN: errors that `quern conv --json` measures on the user's inputs are other ones than on
random numbers, and within what it and a compilation on these inputs claim."""
import json
import sys


def errors(path):
    with open(path, encoding="utf-8") as file:
        return {(r["layer"], r["algorithm"]): r for r in json.load(file)["records"] if r["ms_median"] is not None}


random, seen = map(errors, sys.argv[1:3])
assert random.keys() == seen.keys() and len(seen) > 2, (random.keys(), seen.keys())
for key, record in seen.items():
    assert record["max_error"] <= record["error_bound"], record
    assert record["max_error"] <= record["claimed_error"], record
    if key[1] != "direct":
        assert record["max_error"] != random[key]["max_error"], (record, random[key])
with open(sys.argv[3], encoding="utf-8") as file:
    plan = json.load(file)["convolutions"]
claims = [(c["max_error"], seen[d["label"], "winograd 4x4"]["claimed_error"])
          for d in plan for c in d["candidates"] if c["algorithm"] == "winograd" and "max_error" in c]
assert claims and all(claim == other for claim, other in claims), claims
