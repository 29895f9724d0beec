"""flushed.py LONG SHORT POSITIONS: a stream of POSITIONS elements to the program LONG, which has more, gives to 1e-6 what SHORT, the
model for so many, gives in a pass over them."""
import array
import subprocess
import sys

long, short, positions = sys.argv[1], sys.argv[2], int(sys.argv[3])
sound = array.array("f", [(i * 37 % 11 - 5) / 8 for i in range(positions)]).tobytes()
streamed = array.array("f", subprocess.run([long, "--stream"], input=sound, stdout=subprocess.PIPE, check=True).stdout)
subprocess.run([short, "-", "--output", short + ".raw"], input=sound, check=True)
with open(short + ".raw", "rb") as file:
    whole = array.array("f", file.read())
assert len(streamed) == len(whole) == positions, (len(streamed), len(whole))
assert max(abs(a - b) for a, b in zip(streamed, whole)) < 1e-6, (streamed, whole)
assert max(map(abs, whole)) > 0
