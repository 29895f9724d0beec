// One spatial axis of a convolution, in plain numbers.
#pragma once

#include <cstdint>

namespace quern::ir {

struct ConvAxis {
  int64_t in = 1, out = 1;
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t padLow = 0;  ///< how far the first window begins before the input
  int64_t padHigh = 0; ///< how far the last window ends behind it, if no stride stops before

  /// Positions that a window covers, with those that dilation leaves out.
  int64_t span() const { return (kernel - 1) * dilation + 1; }
};

} // namespace quern::ir
