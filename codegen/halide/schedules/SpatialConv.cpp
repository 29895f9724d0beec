#include "codegen/halide/schedules/SpatialConv.h"

namespace quern::codegen {

double SpatialConv::flops() const {
  const int64_t perGroup = inChannels / groups;
  double result = 2.0 * static_cast<double>(batch * outChannels * perGroup);
  for (const ConvAxis &axis : axes)
    result *= static_cast<double>(axis.out * axis.kernel);
  return result;
}

} // namespace quern::codegen
