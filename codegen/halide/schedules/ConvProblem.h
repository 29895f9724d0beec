#pragma once

#include <cstdint>

namespace quern::codegen {

/// A 2-D convolution or window reduction, in plain numbers. Spatial sizes are (x, y) = (width,
/// height); a 1-D problem has height 1 and a kernel of height 1; of a 3-D one the outermost axis's
/// outputs count as further images, each a sum over kernelZ slabs.
struct ConvProblem {
  int64_t batch = 1;
  int64_t inChannels = 1, outChannels = 1, groups = 1;
  int64_t inWidth = 1, inHeight = 1;
  int64_t outWidth = 1, outHeight = 1;
  int64_t kernelX = 1, kernelY = 1, kernelZ = 1;
  int64_t strideX = 1, strideY = 1;
  int64_t dilationX = 1, dilationY = 1;
  int64_t padLeft = 0, padTop = 0;     ///< how far the first window begins before the input
  int64_t padRight = 0, padBottom = 0; ///< how far the last window ends behind it
  bool planarInput = false;            ///< the input lies as NCHW (x innermost) rather than NHWC
  bool computedInput = false; ///< `padded` computes (a fused prologue), it does not merely copy

  bool isPointwise() const { return taps() == 1; }
  int64_t taps() const { return kernelX * kernelY * kernelZ; }
  bool isPadded() const { return padLeft > 0 || padTop > 0 || padRight > 0 || padBottom > 0; }
  int64_t groupInputs() const { return inChannels / groups; }
  int64_t groupOutputs() const { return outChannels / groups; }
  bool isDepthwise() const { return groups > 1 && groups == inChannels && groups == outChannels; }

  /// Rows and columns of the padded input that `count` consecutive outputs read.
  int64_t inputColumns(int64_t count) const {
    return (count - 1) * strideX + (kernelX - 1) * dilationX + 1;
  }
  int64_t inputRows(int64_t count) const {
    return (count - 1) * strideY + (kernelY - 1) * dilationY + 1;
  }
  double flops() const {
    return 2.0 * static_cast<double>(batch * outWidth * outHeight * outChannels) *
           static_cast<double>(taps() * groupInputs());
  }
};

} // namespace quern::codegen
