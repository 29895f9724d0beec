// One spatial axis of a window that slides over its input.
#pragma once

#include "ir/Infer.h"

namespace quern::passes {

struct SlidingAxis {
  int64_t in, out, stride, dilation, padLow;

  /// From where element 0 of the result lies to what a place of the window reads for it.
  int64_t distance(int64_t place) const { return place * dilation - padLow; }

  /// Whether a place ever lies on the input. Along a short axis it may lie in the padding always.
  bool isEverInside(int64_t place) const {
    int64_t first = distance(place), output = first < 0 ? (stride - 1 - first) / stride : 0;
    return output < out && first + output * stride < in;
  }
};

/// Of a convolution or a pooling.
template <typename Op> SlidingAxis slidingAxis(Op op, size_t spatial) {
  auto axis = static_cast<int64_t>(spatial) + 2;
  return {ir::tensorType(op.getInput()).getDimSize(axis),
          ir::tensorType(op.getResult()).getDimSize(axis), op.getStrides()[spatial],
          op.getDilations()[spatial], op.getPadLow()[spatial]};
}

} // namespace quern::passes
