// Files that the compiler makes: runtime/formats/File, with LLVM's errors.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace quern::codegen {

/// Writes `parts`, one after the other, to `path`: whole, or on failure not at all.
llvm::Error writeOutput(llvm::StringRef path, llvm::ArrayRef<llvm::ArrayRef<char>> parts);

/// Copies a finished file to `path`, which it replaces: whole, or on failure not at all.
llvm::Error installOutput(llvm::StringRef finished, llvm::StringRef path,
                          bool isExecutable = false);

} // namespace quern::codegen
