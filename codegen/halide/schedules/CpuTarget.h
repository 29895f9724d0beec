#pragma once

#include <Halide.h>

#include <cstdint>

namespace quern::codegen {

/// What the CPU schedules need to know of a machine. They count in elements of 4 bytes. Everything
/// is derived from the Halide target's features, never from the machine that compiles, so that the
/// same target gives the same code everywhere.
struct CpuTarget {
  int lanes = 8;                ///< elements of a vector register
  int registers = 16;           ///< vector registers
  int64_t l1Bytes = 32 * 1024;  ///< first-level data cache of a core
  int64_t l2Bytes = 512 * 1024; ///< second-level cache of a core
  int threads = 4;              ///< threads to find work for; a run may use fewer or more
  double flopsPerNanosecond =
      100.0; ///< one core, roughly: only decides what is worth a parallel loop

  /// The same machine as kernels see it that compute in elements of so many bytes: of wider ones
  /// vectors and caches hold fewer.
  CpuTarget computingIn(int64_t elementBytes) const;
};

/// Derives the figures from a Halide target (x86 with SSE, AVX, AVX2 or AVX-512, Arm, RISC-V,
/// WebAssembly).
CpuTarget cpuTargetOf(const Halide::Target &target);

} // namespace quern::codegen
