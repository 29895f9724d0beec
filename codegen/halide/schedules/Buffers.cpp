#include "codegen/halide/schedules/Buffers.h"

#include "codegen/halide/schedules/RegisterTile.h"

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

void spreadOverSets(Halide::Func copy, const Halide::Var &channel, int64_t channels,
                    int64_t positions, int64_t positionBytes) {
  constexpr int64_t cacheLineFloats = 16, few = 3;
  if (sharingSet(positions, positionBytes) > few)
    copy.align_storage(channel, static_cast<int>(channels + cacheLineFloats));
}

} // namespace quern::codegen
