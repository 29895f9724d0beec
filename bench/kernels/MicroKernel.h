#pragma once

#include "bench/kernels/CompiledKernel.h"
#include "bench/kernels/Memory.h"
#include "codegen/halide/schedules/RegisterTile.h"

#include <memory>
#include <string>

namespace quern::bench {

/// The yardstick for kernels that multiply matrices: one tile of sums in registers, its operands in
/// the first-level cache, and nothing else.
class MicroKernel {
public:
  MicroKernel(const codegen::CpuTarget &cpu, const std::string &target);

  /// One measurement, about a millisecond, on the thread's own clock.
  double gigaflops();
  /// Positions by vectors.
  std::string text() const;

private:
  codegen::RegisterTile tile;
  double flops = 0;
  Floats positions, panel, sums;
  Descriptor positionsAt, panelAt, sumsAt;
  std::unique_ptr<CompiledKernel> code;
};

} // namespace quern::bench
