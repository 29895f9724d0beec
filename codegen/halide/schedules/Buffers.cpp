#include "codegen/halide/schedules/Buffers.h"

namespace quern::codegen {

void pinDense(Halide::OutputImageParam parameter, const std::vector<int64_t> &extents) {
  int64_t stride = 1;
  for (size_t i = 0; i < extents.size(); ++i) {
    auto dim = parameter.dim(static_cast<int>(i));
    dim.set_bounds(0, static_cast<int>(extents[i]));
    dim.set_stride(static_cast<int>(stride));
    stride *= extents[i];
  }
}

} // namespace quern::codegen
