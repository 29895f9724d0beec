// Reading what a user's path names, whatever that is.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorOr.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>

namespace quern::frontend {

/// No model and no list of names is written in more bytes than this; a larger file is something
/// else.
inline constexpr uint64_t textSizeLimit = 16 << 20;

/// The file's contents, or why they cannot be read. A device or pipe that gives more than
/// `textSizeLimit` is given up at that point, and what holds a zero byte is no text.
llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> readTextFile(llvm::StringRef path);

/// As readTextFile for the standard input.
llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> readStandardInput();

} // namespace quern::frontend
