#include "codegen/halide/schedules/SpatialConv.h"

namespace quern::codegen {

double SpatialConv::flops() const {
  double result = 2.0 * static_cast<double>(batch * outChannels * (inChannels / groups));
  for (const ConvAxis &axis : axes)
    result *= static_cast<double>(axis.out * axis.kernel);
  return result;
}

} // namespace quern::codegen
