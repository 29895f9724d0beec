#include "codegen/halide/backends/Backends.h"

namespace quern::codegen {

const Backend &backendOf(const Target &target) {
  switch (target.device) {
  case runtime::DeviceKind::none:
    return cpuBackend();
  case runtime::DeviceKind::opencl:
    return openClBackend();
  }
  return cpuBackend();
}

} // namespace quern::codegen
