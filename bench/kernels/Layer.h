#pragma once

#include "codegen/halide/schedules/ConvProblem.h"
#include "codegen/halide/schedules/RegisterTile.h"
#include "codegen/halide/schedules/Winograd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::bench {

enum class LayerKind { Conv, Depthwise, MaxPool, MeanPool, Linear };
enum class Activation { None, Relu, Relu6 };

/// One layer of a net as it would be one kernel: the anchor and its fused epilogue. All maps are
/// square.
struct Layer {
  std::string text; ///< the line that it was read from: equal lines are equal kernels
  LayerKind kind = LayerKind::Conv;
  codegen::ConvProblem problem{};
  Activation activation = Activation::None;
  bool residual = false;
  std::optional<codegen::RegisterTile> tile; ///< forced, to compare choices
  int64_t winograd = 0; ///< outputs of a Winograd tile along each axis; 0: direct
  codegen::WinogradKnobs knobs{};

  std::vector<int64_t> inputExtents() const;  ///< innermost first
  std::vector<int64_t> outputExtents() const; ///< innermost first
};

/// Reads a table of layers in the order of execution, one a line:
///     kind batch inChannels outChannels inSize kernel stride padLow padHigh activation [residual]
///     [planar]
/// with kind one of conv, depthwise, maxpool, meanpool, linear, and activation one of none, relu,
/// relu6. `#` begins a comment. Throws std::runtime_error that names the line.
std::vector<Layer> readLayers(const std::string &path);

} // namespace quern::bench
