#pragma once

#include "codegen/Backend.h"

namespace quern::codegen {

/// Kernels run by the thread that calls the model and by its pool.
const Backend &cpuBackend();
/// Kernels run on an OpenCL device, buffers mirrored there by Halide's runtime.
const Backend &openClBackend();

} // namespace quern::codegen
