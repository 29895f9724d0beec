#!/usr/bin/env python3
"""Measures what Quern compiles beside other runtimes, on this machine, in turns: same network, same weights, same input.

  ./dev bench --models resnet50 --peers ort,openvino --threads 1,2 --markdown results.md

Every competitor is loaded first; then each runs for a while, round after round, so that a slow spell of the machine hits all
of them alike. A turn in which other processes kept the machine busy is tried again, and counts only where none was quieter.
The table gives the best run of each, and the median; a ratio below 1 says that Quern is faster. Results are compared with
ONNX Runtime's: a competitor that is off by more than 1e-4 of the largest value is marked.
"""
import argparse
import contextlib
import fcntl
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

from networks import NETWORKS, build
from runtimes import RUNTIMES, install

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
LOCK = os.path.join(tempfile.gettempdir(), "bench.lock")  # flock(1) on it keeps other measurements out
TOLERANCE = 1e-4  # of the largest value of the result
MOST_BUSY = 0.15  # cores that other processes may use while a turn is timed


def busy_seconds():
    """CPU time of everything on this machine so far, stolen time included."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:]]
    return sum(fields[:3] + fields[5:8]) / os.sysconf("SC_CLK_TCK")


def own_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    pass


class Competitor:
    """Runs in turns; `turns` holds, for each, how busy others were, the best latency and the median."""

    def __init__(self, name):
        self.name, self.turns, self.facts = name, [], {}

    def turn(self, seconds):
        for _ in range(4):
            time.sleep(0.05)  # the one before may still spin
            wall, every = time.perf_counter(), busy_seconds()
            own, best, median = self.run(seconds)
            others = (busy_seconds() - every - own) / (time.perf_counter() - wall)
            self.turns.append((others, best, median))
            if others < MOST_BUSY:
                return

    def result(self):
        limit = max(MOST_BUSY, min(turn[0] for turn in self.turns))
        turns = [turn for turn in self.turns if turn[0] <= limit]
        medians = sorted(turn[2] for turn in turns)
        return {"best_ms": min(turn[1] for turn in turns), "median_ms": medians[len(medians) // 2],
                "others": sum(turn[0] for turn in turns) / len(turns), **self.facts}


class Peer(Competitor):
    """Another runtime, in a process that stays."""

    def __init__(self, name, folder, threads):
        super().__init__(name)
        with open(f"{folder}/{name}.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, f"{HERE}/runtimes.py", name, folder, str(threads)], text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env=dict(os.environ, OMP_NUM_THREADS=str(threads), CUDA_VISIBLE_DEVICES=""))
        self.log = f"{folder}/{name}.log"
        self.facts = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{self.name} ended with status {self.process.wait()}; see {self.log}")
        return json.loads(line)

    def run(self, seconds):
        before = own_seconds(self.process.pid)
        print(seconds, file=self.process.stdin)
        latencies = sorted(self.answer())
        return own_seconds(self.process.pid) - before, latencies[0], latencies[len(latencies) // 2]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Quern(Competitor):
    """What `quern compile` makes: an executable that measures itself with --bench."""

    def __init__(self, quern, model, folder, threads, conv="auto"):
        super().__init__("quern")
        self.folder, self.threads, self.input = folder, threads, [f"{folder}/x.npy"]
        self.program, self.log = f"{folder}/quern.exe", f"{folder}/quern.log"
        began = time.perf_counter()
        self.command(quern, "compile", f"{TOP}/models/{model}.qn", "--weights", f"{folder}/weights.safetensors",
                     "--conv", conv, "-o", self.program)
        self.facts["load_s"] = time.perf_counter() - began
        self.command(self.program, *self.input, "--output", f"{folder}/quern.y.npy")

    def command(self, *arguments):
        """(what it printed, its CPU time)"""
        with open(self.log, "w+", encoding="utf-8") as log:
            process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise Failure(f"{' '.join(arguments)} ended with status {process.returncode}; see {self.log}")
            log.seek(0)
            return log.read(), usage.ru_utime + usage.ru_stime

    def run(self, seconds):
        text, own = self.command(self.program, *self.input, "--bench", "--seconds", str(seconds),
                                 "--threads", str(self.threads))
        said = re.search(r"latency_ms_min=(\S+) latency_ms_median=(\S+)", text)
        if not said:
            raise Failure(f"{self.program} --bench printed no latency; see {self.log}")
        return own, float(said[1]), float(said[2])

    def close(self):
        pass


def prepare(model, cache):
    """The folder with model.onnx, weights.safetensors, x.npy and flops, made unless this very networks.py has made it."""
    from safetensors.numpy import save_file
    folder = os.path.join(cache, model)
    with open(f"{HERE}/networks.py", encoding="utf-8") as file:
        source = file.read()
    made_for = f"{folder}/made-for"
    if os.path.exists(made_for):
        with open(made_for, encoding="utf-8") as file:
            if file.read() == source:
                return folder
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    network, state, x, flops = build(model)
    with open(f"{folder}/model.onnx", "wb") as file:
        file.write(network.SerializeToString())
    save_file({name: np.asarray(value) for name, value in state.items()}, f"{folder}/weights.safetensors")
    np.save(f"{folder}/x.npy", x)
    with open(f"{folder}/flops", "w", encoding="ascii") as file:
        file.write(str(flops))
    with open(made_for, "w", encoding="utf-8") as file:
        file.write(source)
    return folder


@contextlib.contextmanager
def quiet():
    with open(LOCK, "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another measurement holds {LOCK}; waiting", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def measure(model, threads, args):
    """One row per competitor: name -> facts."""
    folder, competitors, rows = prepare(model, args.cache), [], {}
    makers = [lambda: Quern(args.quern, model, folder, threads, args.conv)] if args.quern else []
    makers += [lambda name=name: Peer(name, folder, threads) for name in args.peers]
    try:
        for name, make in zip((["quern"] if args.quern else []) + args.peers, makers):
            try:
                competitors.append(make())
            except Failure as failure:
                rows[name] = {"error": str(failure)}
        with quiet():
            for _ in range(args.rounds):
                for one in [one for one in competitors if one.name not in rows]:
                    try:
                        one.turn(args.seconds)
                    except Failure as failure:
                        rows[one.name] = {"error": str(failure)}
    finally:
        for one in competitors:
            one.close()
    expected = np.load(f"{folder}/ort.y.npy") if os.path.exists(f"{folder}/ort.y.npy") else None
    for one in competitors:
        if one.name in rows:
            continue
        rows[one.name] = one.result()
        if expected is not None:
            got = np.load(f"{folder}/{one.name}.y.npy")
            rows[one.name]["difference"] = (float(np.abs(got - expected).max() / np.abs(expected).max())
                                            if got.shape == expected.shape else float("inf"))
    with open(f"{folder}/flops", encoding="ascii") as file:
        gflop = int(file.read()) / 1e9
    return {"model": model, "threads": threads, "gflop": gflop, "rows": rows}


def cell(row, key="best_ms"):
    if row is None or "error" in row:
        return "failed" if row else ""
    wrong = " (wrong result)" if row.get("difference", 0) > TOLERANCE else ""
    return f"{row[key]:.2f}{wrong}"


def ratio(rows):
    """Quern's best latency over that of the best peer whose result is right; no figure to quote where it was disturbed."""
    right = {name: row["best_ms"] for name, row in rows.items()
             if "error" not in row and row.get("difference", 0) <= TOLERANCE}
    ours = right.pop("quern", None)
    if not ours or not right:
        return ""
    disturbed = " (disturbed)" if any(row.get("others", 0) > MOST_BUSY for row in rows.values()) else ""
    return f"{ours / min(right.values()):.2f}{disturbed}"


def facts(peers):
    """What the numbers depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpuinfo = file.read()
    flags = set(re.search(r"^flags\s*:(.*)$", cpuinfo, re.M)[1].split())
    telling = [flag for flag in ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16")
               if flag in flags]
    from importlib.metadata import version
    wheels = ", ".join(f"{RUNTIMES[name][0][0].partition('[')[0]} {version(RUNTIMES[name][0][0].partition('[')[0])}"
                       for name in peers)
    return (f"{re.search(r'^model name.*: (.*)$', cpuinfo, re.M)[1]}, {os.cpu_count()} logical cores, "
            f"{' '.join(telling)}; Linux {platform.release().split('-')[0]}; {wheels}; {time.strftime('%Y-%m-%d')}.")


def table(results, peers):
    names = ["quern"] + peers
    lines = ["| model | GFLOP | threads | " + " | ".join(f"{name}, ms" for name in names) +
             " | quern / best peer | quern, median ms | cores busy with others |", "| --- " * (len(names) + 6) + "|"]
    for result in results:
        rows = result["rows"]
        busy = [row["others"] for row in rows.values() if "others" in row]
        lines.append(f"| {result['model']} | {result['gflop']:.2f} | {result['threads']} | " +
                     " | ".join(cell(rows.get(name)) for name in names) +
                     f" | {ratio(rows)} | {cell(rows.get('quern'), 'median_ms')} | {max(busy, default=0):.2f} |")
    errors = [f"- {result['model']}, {result['threads']} threads: {row['error']}"
              for result in results for row in result["rows"].values() if "error" in row]
    return "\n".join(lines + [""] + errors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commas = lambda text: [item for item in text.split(",") if item]
    parser.add_argument("--models", type=commas, default=list(NETWORKS), help="of " + ", ".join(NETWORKS))
    parser.add_argument("--peers", type=commas, default=["ort"], help="of " + ", ".join(RUNTIMES))
    parser.add_argument("--threads", type=commas, default=["1", "2"], help="thread counts; 1,2 unless given")
    parser.add_argument("--conv", default="auto", help="what quern compile is given as --conv")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one turn")
    parser.add_argument("--markdown", help="write the table here too")
    parser.add_argument("--json", help="append one line for each model and thread count here")
    parser.add_argument("--quern", help="the compiler; ./dev bench gives it")
    parser.add_argument("--cache", required=True, help="a folder for weights and what is built; ./dev bench gives it")
    args = parser.parse_args()
    for name, known in [(m, NETWORKS) for m in args.models] + [(p, RUNTIMES) for p in args.peers]:
        if name not in known:
            parser.error(f"no '{name}' among {', '.join(known)}")
    for name in args.peers:
        install(name)
    results = []
    for model in args.models:
        for threads in map(int, args.threads):
            results.append(measure(model, threads, args))
            print(table(results[-1:], args.peers), flush=True)
            if args.json:
                with open(args.json, "a", encoding="utf-8") as file:
                    file.write(json.dumps(results[-1]) + "\n")
    text = table(results, args.peers) + "\n" + facts(args.peers) + "\n"
    print("\n" + text)
    if args.markdown:
        with open(args.markdown, "w", encoding="utf-8") as file:
            file.write(text)
    failed = any("error" in row for result in results for row in result["rows"].values())
    wrong = any(row.get("difference", 0) > TOLERANCE for result in results for row in result["rows"].values())
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
