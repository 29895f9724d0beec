#pragma once

#include "ir/conv/ConvAxis.h"

#include <cstdint>
#include <vector>

namespace quern::codegen {

using ir::ConvAxis;

/// A convolution of one to three spatial axes, in plain numbers.
struct SpatialConv {
  int64_t batch = 1;
  int64_t inChannels = 1, outChannels = 1, groups = 1;
  std::vector<ConvAxis> axes{}; ///< innermost first: x, y, z
  bool computedInput = false;   ///< `padded` computes (a fused prologue), it does not merely copy
  bool planarInput = false;     ///< the input lies with x innermost rather than with the channels

  double flops() const; ///< of the direct algorithm
  bool isDepthwise() const { return groups > 1 && groups == inChannels && groups == outChannels; }
};

} // namespace quern::codegen
