// The convolution that `quern conv` is asked about, on the command line.
#pragma once

#include "passes/conv/ConvShape.h"

#include <string>
#include <vector>

namespace quern::tools {

/// Convolutions as their extents are written: "1x64x56x56" and "64x64x3x3".
struct ConvArguments {
  /// Several where a shell has taken "{1..3}" for its own and written them out.
  std::vector<std::string> inputs, filters;
  std::string stride = "1", pad = "0", dilation = "1";
  int64_t groups = 1;
  passes::ConvElement element = passes::ConvElement::f32;

  /// The shapes that are meant: one, or one for each value of the ranges "{first..last}" and
  /// "{first..last..step}" and the lists "{1,3,5}" in `inputs` and `filters`. A filter with fewer
  /// spatial extents than the input repeats its last one; "C" in place of its output or input
  /// channels stands for the input's, those of a group for the latter. Empty, with a message in
  /// `why`, where that makes no convolution, or one that this machine's memory does not hold.
  std::vector<passes::ConvShape> shapes(std::string &why) const;
};

/// Whether kernels can address the tensors of a convolution, and this machine's memory holds them;
/// if not, says why.
bool fitsMemory(const passes::ConvShape &shape, std::string &why);

} // namespace quern::tools
