#pragma once

#include "bench/kernels/Layer.h"
#include "codegen/halide/schedules/CpuTarget.h"

#include <Halide.h>

#include <string>
#include <vector>

namespace quern::bench {

/// How the logical weights `[O][I][kh][kw]` of a layer lie in its kernel.
struct WeightPacking {
  int64_t panelWidth = 0; ///< 0: `[kh][kw][I][O]`; else `[panels][kh][kw][I][panelWidth]`
  int64_t panels = 0;
  std::optional<codegen::WinogradPlan> winograd{}; ///< transformed, as its header says
};

/// A layer's algorithm, scheduled.
struct LayerPipeline {
  Halide::Func output;
  std::vector<Halide::Argument>
      arguments; ///< input, weights, bias, residual: those that the layer has
  WeightPacking packing{};
  std::string note{}; ///< the choices made, for the table
};

/// Writes the algorithm of `layer` and schedules it for `cpu`.
/// convolutions and products.
LayerPipeline buildLayer(const Layer &layer, const codegen::CpuTarget &cpu);

} // namespace quern::bench
