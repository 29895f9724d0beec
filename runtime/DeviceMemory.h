// A context's memory on a device. Buffers that begin at the same byte of a space (views, a value
// and what replaces it) share one allocation, the root; it stays for the context's life, so that
// kernels find everything in place.
#pragma once

#include "runtime/Errors.h"
#include "runtime/ImageView.h"
#include "runtime/devices/Device.h"

namespace quern::runtime {

/// One allocation on the device, as a buffer with one axis.
struct DeviceRoot {
  abi::Buffer buffer;
  abi::Dimension axis;
  Space space;
  uint32_t io;
  uint64_t byteOffset;
  uint64_t bytes;
};

/// A plain structure whose arrays the context provides: whoever holds it calls open and close.
struct DeviceMemory {
  /// Allocates, and uploads the weights. `buffers` are the driver's, with the host pointers of
  /// arena and weights set; `roots` has room for as many. A failure leaves what close() takes back.
  quern_status open(const Device &device, void *context, const ImageView &image,
                    abi::Buffer *buffers, DeviceRoot *roots, Error &error);
  quern_status upload(const void *const *inputs, Error &error);
  quern_status download(void *const *outputs, Error &error);
  /// Waits for the kernels that were started. 0 or Halide's error code.
  int finish();
  void close();
  bool isOpen() const { return device != nullptr; }

private:
  void collectRoots(const ImageView &image, abi::Buffer *buffers);
  DeviceRoot &rootOf(const BufferEntry &entry);
  quern_status failed(const char *what, int code, Error &error) const;

  const Device *device = nullptr;
  void *context = nullptr;
  DeviceRoot *roots = nullptr;
  uint64_t rootCount = 0;
};

} // namespace quern::runtime
