"""Compares a convolution of every element type but f32 by all algorithms, and checks errors against what is promised."""
import json
import subprocess

ALL = {"direct", "im2col", "implicit_im2col", "winograd", "fft", "strassen", "strassen_winograd", "separable"}
BUDGETS = {"f16": 1e-3, "bf16": 1e-2, "f64": 1e-3}
# Of what is stored, by the largest output: the rounding of the type, or some of what f64 computes in.
LARGEST = {"f16": 6e-4, "bf16": 5e-3, "f64": 1e-12}

# Few products of few outputs, of which a sample shows hardly a rounding.
FEW = [["--input", "1x8x8", "--filter", "1x8x3"], ["--input", "1x2x8", "--filter", "1x2x3"], ["--input", "1x8x13", "--filter", "1x8x3"]]
for dtype in ["f32", *BUDGETS]:
    for layer in FEW:
        done = subprocess.run(["quern", "conv", *layer, "--pad", "causal", "--dtype", dtype, "--algorithm", "direct", "--algorithm", "im2col",
                               "--seconds", "0.001", "--json"], stdout=subprocess.PIPE, check=True)
        for record in json.loads(done.stdout)["records"]:
            if record["ms_median"] is not None:
                assert record["max_error"] <= record["claimed_error"], (dtype, record)

for dtype, budget in BUDGETS.items():
    done = subprocess.run(["quern", "conv", "--input", "1x16x9x9", "--filter", "16x16x3x3", "--pad", "1", "--dtype", dtype,
                           "--seconds", "0.001", "--json"], stdout=subprocess.PIPE, check=True)
    report = json.loads(done.stdout)
    assert report["max_error"] == budget, report["max_error"]
    measured = [record for record in report["records"] if record["ms_median"] is not None]
    for record in measured:
        assert record["max_error"] <= min(record["error_bound"], LARGEST[dtype]), (dtype, record)
        if record["claimed_error"] is not None:
            assert record["max_error"] <= record["claimed_error"], (dtype, record)
    chosen = next(record for record in measured if record["chosen"])
    assert chosen["max_error"] <= budget, (dtype, chosen)
    # Every type is served by all.
    names = {record["algorithm"].split()[0] for record in measured}
    assert names == ALL, (dtype, names)
