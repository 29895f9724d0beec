// The part of Halide's run-time ABI that kernels share with us, written out because programs that
// people ship contain no Halide headers. The layout is Halide 21's; tests/runtime/HalideAbiTest.cpp
// checks it against HalideRuntime.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::runtime::abi {

struct Type {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
inline constexpr uint8_t typeInt = 0;
inline constexpr uint8_t typeUInt = 1;
inline constexpr uint8_t typeFloat = 2;
inline constexpr uint8_t typeBFloat = 4;

struct Dimension {
  int32_t min;
  int32_t extent;
  /// In elements.
  int32_t stride;
  uint32_t flags;
};

/// halide_buffer_t.
struct Buffer {
  uint64_t device;
  const void *deviceInterface;
  uint8_t *host;
  uint64_t flags;
  Type type;
  int32_t dimensions;
  Dimension *dim;
  void *padding;
};
inline constexpr uint64_t flagHostDirty = 1;
inline constexpr uint64_t flagDeviceDirty = 2;

/// halide_task_t.
using Task = int (*)(void *userContext, int index, uint8_t *closure);

} // namespace quern::runtime::abi
