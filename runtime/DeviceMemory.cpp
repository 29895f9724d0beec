#include "runtime/DeviceMemory.h"

#include "runtime/DType.h"

#include <climits>

namespace quern::runtime {

namespace {

/// How many bytes from its offset on a checked buffer reaches.
uint64_t reach(const BufferEntry &entry) {
  uint64_t last = 0;
  for (int axis = 0; axis < entry.rank; ++axis)
    last += static_cast<uint64_t>(entry.axes[axis].extent - 1) *
            static_cast<uint64_t>(entry.axes[axis].stride);
  return (last + 1) * dtypeBytes(static_cast<quern_dtype>(entry.dtype));
}

/// Describes the root's bytes to Halide: its extents are 32-bit, so in as large words as divide the
/// size. False if even that is too many.
bool shape(DeviceRoot &root) {
  uint8_t bits = 64;
  while (root.bytes * 8 % bits != 0)
    bits /= 2;
  uint64_t words = root.bytes * 8 / bits;
  root.axis = {0, static_cast<int32_t>(words), 1, 0};
  root.buffer.type = {abi::typeUInt, bits, 1};
  root.buffer.dimensions = 1;
  root.buffer.dim = &root.axis;
  return words <= INT_MAX;
}

} // namespace

quern_status DeviceMemory::open(const Device &kind, void *userContext, const ImageView &image,
                                abi::Buffer *buffers, DeviceRoot *storage, Error &error) {
  device = &kind;
  context = userContext;
  roots = storage;
  collectRoots(image, buffers);
  for (uint64_t i = 0; i < rootCount; ++i) {
    DeviceRoot &root = roots[i];
    if (!shape(root))
      return error.set(QUERN_DEVICE_FAILED, "a buffer of %llu bytes is too large for %s",
                       static_cast<unsigned long long>(root.bytes), device->name);
    if (int code = device->allocate(context, &root.buffer))
      return failed("cannot reserve memory", code, error);
    if (root.space != Space::weights)
      continue;
    if (int code = device->upload(context, &root.buffer))
      return failed("cannot copy the weights", code, error);
  }
  auto entries = image.buffers();
  for (uint64_t i = 0; i < entries.size(); ++i) {
    const DeviceRoot &root = rootOf(entries[i]);
    buffers[i].device = root.buffer.device;
    buffers[i].deviceInterface = root.buffer.deviceInterface;
  }
  return QUERN_OK;
}

void DeviceMemory::collectRoots(const ImageView &image, abi::Buffer *buffers) {
  auto entries = image.buffers();
  for (uint64_t i = 0; i < entries.size(); ++i) {
    const BufferEntry &entry = entries[i];
    DeviceRoot &root = rootOf(entry);
    if (&root == roots + rootCount) {
      root = {{}, {}, entry.space, entry.io, entry.byteOffset, 0};
      root.buffer.host = buffers[i].host;
      ++rootCount;
    }
    root.bytes = reach(entry) > root.bytes ? reach(entry) : root.bytes;
  }
}

/// The root where the entry's bytes begin, or the place for a new one.
DeviceRoot &DeviceMemory::rootOf(const BufferEntry &entry) {
  for (uint64_t i = 0; i < rootCount; ++i) {
    DeviceRoot &root = roots[i];
    if (root.space == entry.space && root.io == entry.io && root.byteOffset == entry.byteOffset)
      return root;
  }
  return roots[rootCount];
}

quern_status DeviceMemory::upload(const void *const *inputs, Error &error) {
  for (uint64_t i = 0; i < rootCount; ++i) {
    DeviceRoot &root = roots[i];
    if (root.space != Space::input)
      continue;
    // Halide's buffers know no const; the device only reads here.
    root.buffer.host =
        static_cast<uint8_t *>(const_cast<void *>(inputs[root.io])) + root.byteOffset;
    if (int code = device->upload(context, &root.buffer))
      return failed("cannot copy an input", code, error);
  }
  return QUERN_OK;
}

quern_status DeviceMemory::download(void *const *outputs, Error &error) {
  for (uint64_t i = 0; i < rootCount; ++i) {
    DeviceRoot &root = roots[i];
    if (root.space != Space::output)
      continue;
    root.buffer.host = static_cast<uint8_t *>(outputs[root.io]) + root.byteOffset;
    if (int code = device->download(context, &root.buffer))
      return failed("cannot copy an output", code, error);
  }
  return QUERN_OK;
}

int DeviceMemory::finish() { return rootCount ? device->finish(context, &roots[0].buffer) : 0; }

void DeviceMemory::close() {
  for (uint64_t i = 0; i < rootCount; ++i)
    if (roots[i].buffer.device)
      device->free(context, &roots[i].buffer);
  rootCount = 0;
}

quern_status DeviceMemory::failed(const char *what, int code, Error &error) const {
  // Halide's runtime has usually said more through halide_error.
  if (error.text[0])
    return QUERN_DEVICE_FAILED;
  return error.set(QUERN_DEVICE_FAILED, "%s: %s (code %d)", device->name, what, code);
}

} // namespace quern::runtime
