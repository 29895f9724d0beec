// Kernels' objects as they are linked.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

namespace quern::codegen {

/// The object with `symbol`, and what begins with it, weak and hidden. A kernel's symbol is a hash
/// of its content, so two models in one program that share a kernel each bring the same definition:
/// one is taken, and none leaves the library that it is linked into.
llvm::Expected<llvm::SmallVector<char>> shareableKernel(llvm::StringRef object,
                                                        llvm::StringRef symbol);

} // namespace quern::codegen
