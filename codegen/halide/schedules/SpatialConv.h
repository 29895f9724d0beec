#pragma once

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// One spatial axis of a convolution.
struct ConvAxis {
  int64_t in = 1, out = 1;
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t padLow = 0;  ///< how far the first window begins before the input
  int64_t padHigh = 0; ///< how far the last window ends behind it

  /// Positions that a window covers, with those that dilation leaves out.
  int64_t span() const { return (kernel - 1) * dilation + 1; }
};

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
