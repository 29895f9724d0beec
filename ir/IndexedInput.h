// Which inputs of a model hold indices.
#pragma once

#include "ir/Quern.h"

namespace quern::ir {

namespace names {
/// On an argument of a model whose elements are indices: of how many elements, an i64.
inline constexpr llvm::StringLiteral indexes = "quern.indexes";
} // namespace names

/// Which elements are looked at: slices may leave some out that index nothing, or something else.
enum class Indices { all, some };

/// Of how many elements each element of `input`, or some of them, is an index, whatever shape and
/// type they are brought into (floats are truncated); 0 where that is not known.
int64_t elementsIndexedBy(mlir::Value input, Indices which);

} // namespace quern::ir
