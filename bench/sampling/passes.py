#!/usr/bin/env python3
"""How many full passes a whole sample takes, within one process, so that neither start-up nor the first touch of the weights counts.

    bench/sampling/passes.py --quern build/bin/quern made
    bench/sampling/passes.py --quern build/bin/quern --threads 2 wavenet:skips=128:T=4096 pixelcnn:C=3:H=32:W=32

A model is its file in models/ and its settings. Weights are made up. The full pass and whole samples (a sequence begun, every
element drawn, the sequence destroyed) take turns, and whole samples that are profiled; the least time of each counts. "GB/s" is what
the kernels of a sample read and write, each byte of a call counted once, over its time; "besides" is what an element takes outside of
kernels, with the drawing and its part of what the sequence's beginning takes. Profiling reads the clock before and after each kernel, and half of what
it adds counts as the kernels' own: so "besides" is the mean of a sample with and without it, less the profiled kernels. No packages are needed.
"""

import argparse
import ctypes
import os
import subprocess
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Tensor(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_int64)), ("bytes", ctypes.c_size_t),
                ("dtype", ctypes.c_int), ("rank", ctypes.c_uint32)]


class Order(ctypes.Structure):
    _fields_ = [("input", ctypes.c_size_t), ("output", ctypes.c_size_t), ("positions", ctypes.c_uint64),
                ("input_bytes", ctypes.c_size_t), ("output_bytes", ctypes.c_size_t), ("latency", ctypes.c_uint64),
                ("strict", ctypes.c_int)]


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("threads", ctypes.c_uint32), ("weights_path", ctypes.c_char_p),
                ("parallel_for", ctypes.c_void_p), ("parallel_for_user", ctypes.c_void_p), ("profile", ctypes.c_int)]


class Cost(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("kernel", ctypes.c_char_p), ("location", ctypes.c_char_p), ("flops", ctypes.c_uint64),
                ("bytes", ctypes.c_uint64), ("calls", ctypes.c_uint64), ("total_ns", ctypes.c_uint64), ("min_ns", ctypes.c_uint64)]


class Compiled:
    """A model as a shared library in this process."""

    def __init__(self, quern, spec, threads, folder):
        name, *settings = spec.split(":")
        path = f"{folder}/lib{name}.so"
        subprocess.run([quern, "compile", f"{TOP}/models/{name}.qn", "--weights", "random", "--steps", "always", "-q", "--emit",
                        "shared", "-o", path, *[word for setting in settings for word in ("--set", setting)]], check=True)
        self.library = ctypes.CDLL(path)
        accessor = getattr(self.library, f"quern_get_{name}")
        accessor.restype = ctypes.c_void_p
        self.model = ctypes.c_void_p(accessor())
        self.order = Order()
        self.check(self.library.quern_model_order(self.model, ctypes.byref(self.order)))
        self.inputs, self.outputs = self.memory("input"), self.memory("output")
        self.context = ctypes.c_void_p()
        options = Options(ctypes.sizeof(Options), threads, None, None, None, 0)
        self.check(self.library.quern_create(self.model, ctypes.byref(options), ctypes.byref(self.context)))

    def check(self, status):
        if status:
            self.library.quern_last_error.restype = ctypes.c_char_p
            raise SystemExit(self.library.quern_last_error(None).decode())

    def memory(self, what):
        """Zeros for all inputs or outputs, as an array of pointers."""
        buffers = []
        count = getattr(self.library, f"quern_{what}_count")
        count.restype = ctypes.c_size_t
        for i in range(count(self.model)):
            tensor = Tensor()
            self.check(getattr(self.library, f"quern_{what}")(self.model, ctypes.c_size_t(i), ctypes.byref(tensor)))
            buffers.append(ctypes.create_string_buffer(tensor.bytes))
        return (ctypes.c_void_p * len(buffers))(*map(ctypes.addressof, buffers)), buffers

    def full(self):
        self.check(self.library.quern_run(self.context, self.inputs[0], self.outputs[0]))

    def sample(self):
        sequence, first = ctypes.c_void_p(), 0 if self.order.strict else 1
        self.check(self.library.quern_sequence_create(self.context, self.inputs[0], ctypes.byref(sequence)))
        if first:
            element = ctypes.create_string_buffer(self.order.input_bytes)
            self.check(self.library.quern_advance(sequence, ctypes.c_uint64(0), ctypes.c_uint64(1), element, None))
        self.check(self.library.quern_sample(sequence, ctypes.c_uint64(self.order.positions - first), None, None))
        self.library.quern_sequence_destroy(sequence)


    def profiled_sample(self):
        """Milliseconds of a profiled sample, of its kernels, and the bytes that these move."""
        self.library.quern_set_profiling(self.context, 1)
        self.library.quern_profile_reset(self.context)
        before = time.perf_counter()
        self.sample()
        took = (time.perf_counter() - before) * 1e3
        self.library.quern_profile_count.restype = ctypes.c_size_t
        moved, inside = 0, 0
        for index in range(self.library.quern_profile_count(self.context)):
            cost = Cost()
            self.check(self.library.quern_profile(self.context, ctypes.c_size_t(index), ctypes.byref(cost)))
            moved, inside = moved + cost.bytes * cost.calls, inside + cost.total_ns * 1e-6
        self.library.quern_set_profiling(self.context, 0)
        return took, inside, moved


def least(work, seconds):
    """The least milliseconds of a run, over so long, and of at least one."""
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        before = time.perf_counter()
        work()
        times.append((time.perf_counter() - before) * 1e3)
    return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL[:NAME=VALUE...]")
    parser.add_argument("--quern", required=True, help="the compiler")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn")
    args = parser.parse_args()
    print("| model | positions | full pass, ms | a sample, ms | µs an element | full passes a sample takes | GB/s | µs besides |\n"
          + "| --- " * 8 + "|")
    for spec in args.models:
        with tempfile.TemporaryDirectory() as folder:
            compiled = Compiled(args.quern, spec, args.threads, folder)
            turns = [(least(compiled.full, args.seconds), least(compiled.sample, args.seconds),
                      *min(compiled.profiled_sample() for _ in range(3)))
                     for _ in range(args.rounds)]
        full, sample, profiled, inside, moved = (min(column) for column in zip(*turns))
        besides = (sample + profiled) / 2 - inside
        positions = compiled.order.positions
        print(f"| {spec} | {positions} | {full:.3g} | {sample:.3g} | {sample / positions * 1e3:.3g} | {sample / full:.2f} | "
              f"{moved / sample * 1e-6:.3g} | {besides / positions * 1e3:.2g} |", flush=True)


if __name__ == "__main__":
    main()
