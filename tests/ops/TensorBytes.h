// Between a reference tensor of doubles and the bytes of a typed buffer in any layout.
#pragma once

#include "ir/Layout.h"
#include "tests/ops/reference/Reference.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::tests {

/// "f32", "u8", … as the reference calls it.
std::string elementName(mlir::Type element);

/// The bytes of `tensor` laid out as `type` says; the padding of blocks is zero.
std::vector<uint8_t> toBytes(const reference::Tensor &tensor, mlir::RankedTensorType type);
/// The inverse.
reference::Tensor fromBytes(const uint8_t *bytes, mlir::RankedTensorType type);

} // namespace quern::tests
