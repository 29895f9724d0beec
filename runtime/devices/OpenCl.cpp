// OpenCL through Halide's own runtime object, which the compiler links into a program that has such
// a model. The declarations are weak: in a program without one nothing calls them, and a shared
// library that holds the whole runtime still links.
#include "runtime/devices/Device.h"

struct halide_device_interface_t;

// Halide 21's interface (HalideRuntime.h, HalideRuntimeOpenCL.h), as far as it is used here.
#define WEAK __attribute__((weak))

extern "C" {
WEAK const halide_device_interface_t *halide_opencl_device_interface();
WEAK int halide_device_malloc(void *context, halide_buffer_t *buffer,
                              const halide_device_interface_t *device);
WEAK int halide_device_free(void *context, halide_buffer_t *buffer);
WEAK int halide_copy_to_device(void *context, halide_buffer_t *buffer,
                               const halide_device_interface_t *device);
WEAK int halide_copy_to_host(void *context, halide_buffer_t *buffer);
WEAK int halide_device_sync(void *context, halide_buffer_t *buffer);
}

namespace quern::runtime {

namespace {

halide_buffer_t *asHalide(abi::Buffer *buffer) {
  return reinterpret_cast<halide_buffer_t *>(buffer);
}

int allocate(void *context, abi::Buffer *buffer) {
  return halide_device_malloc(context, asHalide(buffer), halide_opencl_device_interface());
}

int release(void *context, abi::Buffer *buffer) {
  return halide_device_free(context, asHalide(buffer));
}

int upload(void *context, abi::Buffer *buffer) {
  buffer->flags = abi::flagHostDirty;
  return halide_copy_to_device(context, asHalide(buffer), halide_opencl_device_interface());
}

int download(void *context, abi::Buffer *buffer) {
  buffer->flags = abi::flagDeviceDirty;
  return halide_copy_to_host(context, asHalide(buffer));
}

int finish(void *context, abi::Buffer *buffer) {
  return halide_device_sync(context, asHalide(buffer));
}

} // namespace
} // namespace quern::runtime

const quern::runtime::Device quern_opencl_device = {
    quern::runtime::DeviceKind::opencl,
    "OpenCL",
    quern::runtime::allocate,
    quern::runtime::release,
    quern::runtime::upload,
    quern::runtime::download,
    quern::runtime::finish,
};
