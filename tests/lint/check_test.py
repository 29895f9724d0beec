#!/usr/bin/env python3
"""What check.py finds in fixtures/broken, which breaks each rule, is what expected.txt says: no more, no less.

After a change of the rules: python3 check.py --root fixtures/broken > fixtures/expected.txt, and read the difference.
"""
import difflib
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
run = subprocess.run([sys.executable, f"{here}/check.py", "--root", f"{here}/fixtures/broken"],
                     stdout=subprocess.PIPE, text=True, check=False)
with open(f"{here}/fixtures/expected.txt", encoding="utf-8") as file:
    expected = file.read()
if run.stdout != expected:
    sys.exit("".join(difflib.unified_diff(expected.splitlines(True), run.stdout.splitlines(True), "expected", "found")))
if run.returncode != 1:
    sys.exit(f"check.py found what is wrong, and exited {run.returncode}")
