// Our mirror of Halide's structures has Halide's layout.
#include "runtime/HalideAbi.h"

#include <HalideRuntime.h>

#include <gtest/gtest.h>

#include <type_traits>

namespace quern::tests {
namespace {

namespace abi = runtime::abi;

static_assert(sizeof(abi::Buffer) == sizeof(halide_buffer_t));
static_assert(alignof(abi::Buffer) == alignof(halide_buffer_t));
static_assert(offsetof(abi::Buffer, device) == offsetof(halide_buffer_t, device));
static_assert(offsetof(abi::Buffer, deviceInterface) ==
              offsetof(halide_buffer_t, device_interface));
static_assert(offsetof(abi::Buffer, host) == offsetof(halide_buffer_t, host));
static_assert(offsetof(abi::Buffer, flags) == offsetof(halide_buffer_t, flags));
static_assert(offsetof(abi::Buffer, type) == offsetof(halide_buffer_t, type));
static_assert(offsetof(abi::Buffer, dimensions) == offsetof(halide_buffer_t, dimensions));
static_assert(offsetof(abi::Buffer, dim) == offsetof(halide_buffer_t, dim));

static_assert(sizeof(abi::Type) == sizeof(halide_type_t));
static_assert(offsetof(abi::Type, code) == offsetof(halide_type_t, code));
static_assert(offsetof(abi::Type, bits) == offsetof(halide_type_t, bits));
static_assert(offsetof(abi::Type, lanes) == offsetof(halide_type_t, lanes));
static_assert(abi::typeInt == halide_type_int && abi::typeUInt == halide_type_uint);
static_assert(abi::typeFloat == halide_type_float && abi::typeBFloat == halide_type_bfloat);

static_assert(sizeof(abi::Dimension) == sizeof(halide_dimension_t));
static_assert(offsetof(abi::Dimension, min) == offsetof(halide_dimension_t, min));
static_assert(offsetof(abi::Dimension, extent) == offsetof(halide_dimension_t, extent));
static_assert(offsetof(abi::Dimension, stride) == offsetof(halide_dimension_t, stride));
static_assert(offsetof(abi::Dimension, flags) == offsetof(halide_dimension_t, flags));

static_assert(abi::flagHostDirty == halide_buffer_flag_host_dirty);
static_assert(abi::flagDeviceDirty == halide_buffer_flag_device_dirty);
static_assert(std::is_same_v<abi::Task, halide_task_t>);

TEST(HalideAbi, IsTheOneWeWereWrittenFor) { EXPECT_EQ(HALIDE_VERSION_MAJOR, 21); }

} // namespace
} // namespace quern::tests
