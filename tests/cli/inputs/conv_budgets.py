"""conv_budgets.py MODEL FOLDER: what `quern compile` and `quern conv` choose keeps the budgets on errors and workspace, on the
weights at hand.

MODEL has one convolution, with the weights of conv_weights.py.
"""
import json
import math
import os
import subprocess
import sys

MODEL, FOLDER = sys.argv[1:]
HERE = os.path.dirname(os.path.abspath(__file__))


def quern(*arguments):
    return subprocess.run(["quern", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def weights(kind):
    path = os.path.join(FOLDER, kind + ".safetensors")
    subprocess.run([sys.executable, os.path.join(HERE, "conv_weights.py"), path, kind], check=True)
    return path


def compiled(file, *budget):
    """The plan's entry of the model's convolution; None where no algorithm keeps the budget."""
    plan = os.path.join(FOLDER, "plan.json")
    done = quern("compile", MODEL, "--weights", file, "--emit", "object", "-o", os.path.join(FOLDER, "model.o"), "-q", "--plan",
                 plan, *budget)
    if done.returncode != 0:
        assert "raise --max-workspace" in done.stderr, done.stderr
        return None
    with open(plan, encoding="utf-8") as text:
        return json.load(text)["convolutions"][0]


def compared(file, *budget):
    done = quern("conv", "--model", MODEL, "--weights", file, "--seconds", "0.001", "--threads", str(os.cpu_count()), "--json",
                 *budget)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["weights"] == f"the weights of {file}", report["weights"]
    return {record["algorithm"]: record for record in report["records"]}


def name(choice):
    return choice["algorithm"] + (" " + "x".join(map(str, choice["tile"])) if choice["tile"] else "")


def error_of(choice):
    return next(c["max_error"] for c in choice["candidates"] if name(c) == name(choice))


def assert_true(choice, file, budget):
    """What was chosen is within the budget or said to be beyond it, and the kernel errs no more than that."""
    claim = error_of(choice)
    assert claim <= budget or choice["reason"].startswith("the least error"), (budget, choice)
    assert measured[file][name(choice)]["max_error"] <= claim, (measured[file][name(choice)], choice)


files = {kind: weights(kind) for kind in ("plain", "dominated", "hidden", "tiny", "least", "alike")}
plain, wide = files["plain"], files["dominated"]
records = {file: compared(file) for file in files.values()}
measured = {file: {key: r for key, r in of.items() if r["ms_median"] is not None} for file, of in records.items()}

# Errors are those of these weights, and are what is looked at.
loose = "winograd 4x4"
low, high = (measured[file][loose]["max_error"] for file in (plain, wide))
assert high > 2 * low, (low, high)
between = math.sqrt(low * high)
assert "its error of" not in compared(plain, "--max-error", str(between))[loose]["reason"]
assert "its error of" in compared(wide, "--max-error", str(between))[loose]["reason"]

# What the compiler claims is said beside what was measured, in a refusal, too.
budget = 1.01 * low
claimed = compared(plain, "--max-error", str(budget))[loose]
assert claimed["claimed_error"] > budget >= claimed["max_error"], claimed
assert "claimed by samples exceeds the budget" in claimed["reason"] and f"{low:.1e} measured here" in claimed["reason"], claimed
# What is claimed to keep a budget by little does so on a closer look.
near = 0.95 * measured[plain][loose]["claimed_error"]
assert compared(plain, "--max-error", str(near))[loose]["claimed_error"] < near

for file in (plain, wide):
    for budget in (1e-3, between, 1e-6, 3e-7):
        kept = {key for key, r in measured[file].items() if r["max_error"] <= budget}
        for record in compared(file, "--max-error", str(budget)).values():
            if record["chosen"]:
                assert record["algorithm"] in kept or not kept, (budget, record)
        choice = compiled(file, "--max-error", str(budget))
        assert_true(choice, file, budget)

# Where nothing keeps the budget, it is direct unless another is clearly more accurate.
for file in files.values():
    chosen = next(r for r in compared(file, "--max-error", "1e-12").values() if r["chosen"])
    errors = {key: r["max_error"] for key, r in measured[file].items()}
    if min(errors.values()) >= 0.5 * errors["direct"]:
        assert chosen["algorithm"] == "direct", (chosen, errors)
    else:
        assert chosen["max_error"] < 0.5 * errors["direct"], (chosen, errors)

# One output channel is not hidden by the others, and what few bits lose is seen.
for file in files.values():
    for variant in ("auto", "winograd:3x3", "winograd:6x6", "fft:16x16", "fft:32x32"):
        assert_true(compiled(file, "--conv", variant), file, math.inf)

picks, refused = set(), 0
for budget in (64, 8 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20):
    choice = compiled(plain, "--max-workspace", str(budget))
    if choice is None:
        # The compiled kernel reorders its image as well, so it needs more than that of the comparison.
        refused += 1
        assert not picks, (budget, picks)
        continue
    picks.add(name(choice))
    assert measured[plain][name(choice)]["workspace_bytes"] <= budget, (budget, choice)
    # The plan says what the kernel holds, not what was estimated.
    assert next(c["workspace_bytes"] for c in choice["candidates"] if name(c) == name(choice)) <= budget, (budget, choice)
assert len(picks) > 1, picks
print(f"{len(picks)} choices, {refused} refusals")
