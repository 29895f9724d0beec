// Which inputs of a model hold indices.
#pragma once

#include "ir/Quern.h"

namespace quern::ir {

namespace names {
/// On an argument of a model whose integers are indices: of how many elements, an i64.
inline constexpr llvm::StringLiteral indexes = "quern.indexes";
} // namespace names

/// Of how many elements each integer of `input` is an index, whatever shape they are brought into;
/// 0 where that is not known.
int64_t elementsIndexedBy(mlir::Value input);

} // namespace quern::ir
