// What the runtime needs of a machine with memory of its own. A model compiled for one points at
// such a table (quern_model::device), and the compiler links Halide's device runtime with it; a
// model for the CPU has neither.
#pragma once

#include "runtime/HalideAbi.h"
#include "runtime/ModelImage.h"

namespace quern::runtime {

/// All functions take the context as Halide's user_context, through which Halide's runtime reports
/// errors, and return 0 or Halide's error code.
struct Device {
  DeviceKind kind;
  /// "OpenCL".
  const char *name;
  /// Reserves device memory for a buffer, or frees it.
  int (*allocate)(void *context, abi::Buffer *buffer);
  int (*free)(void *context, abi::Buffer *buffer);
  /// Copies a buffer's bytes from its host pointer to the device, or back.
  int (*upload)(void *context, abi::Buffer *buffer);
  int (*download)(void *context, abi::Buffer *buffer);
  /// Waits for all that was started on the buffer's device.
  int (*finish)(void *context, abi::Buffer *buffer);
};

} // namespace quern::runtime

/// The OpenCL table.
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): only declared here
extern "C" const quern::runtime::Device quern_opencl_device;
