"""compare_products.py MODEL FOLDER: runs the model of products directly and by blocks on the same random input, and fails where
the results differ by more than blocks may lose."""
import array
import os
import random
import subprocess
import sys

model, folder = sys.argv[1:]
random.seed(3)
path = os.path.join(folder, "x.raw")
with open(path, "wb") as file:
    array.array("f", (random.uniform(-1, 1) for _ in range(2 * 96 * 128))).tofile(file)
results = {}
for choice in ("direct", "strassen:1", "strassen:2", "strassen_winograd:1"):
    out = os.path.join(folder, "y.raw")
    subprocess.run(["quern", "run", model, "--weights", "random", "--conv", choice, "--quiet", path, "--", "--output", out],
                   check=True, env={**os.environ, "QUERN_CACHE": os.path.join(folder, "cache")})
    results[choice] = array.array("f")
    with open(out, "rb") as file:
        results[choice].fromfile(file, 192 * 64)
scale = max(map(abs, results["direct"]))
for choice, values in results.items():
    error = max(abs(a - b) for a, b in zip(values, results["direct"])) / scale
    print(f"{choice}: {error:.1e}")
    assert error < 1e-5 and (choice == "direct" or error > 0), choice
