"""conv_peak.py: the peak that `quern conv` measures on more threads than there are processors is no more than on as many."""
import json
import os
import subprocess


def peak(threads):
    """The best of some tries, since others use the machine, too."""
    command = ["quern", "conv", "--input", "1x8x9x9", "--filter", "8x8x3x3", "--estimate", "--json", "--threads", str(threads)]
    reports = (json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout) for _ in range(5))
    return max(report["peak_gflops"] for report in reports)


processors = len(os.sched_getaffinity(0))
few, many = peak(processors), peak(min(16 * processors, 256))
assert many < 3 * few, (few, many)
