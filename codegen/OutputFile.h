// Files that the compiler makes: written beside their place and renamed, so that none is ever
// partial.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace quern::codegen {

/// Writes `parts`, one after the other, to `path`. On failure `path` is as it was before, and the
/// error says what could not be done and why.
llvm::Error writeOutput(llvm::StringRef path, llvm::ArrayRef<llvm::ArrayRef<char>> parts);

/// Moves a finished file of this process to `path`, which it replaces.
llvm::Error installOutput(llvm::StringRef finished, llvm::StringRef path);

/// A folder of this process's own for intermediate files, removed with all in it at the end.
class ScratchFolder {
public:
  /// Makes the folder in the system's temporary place (TMPDIR).
  static llvm::Expected<ScratchFolder> create();
  ScratchFolder(ScratchFolder &&other) : folder(std::move(other.folder)) { other.folder.clear(); }
  ~ScratchFolder();
  std::string file(llvm::StringRef name) const { return folder + "/" + name.str(); }

private:
  explicit ScratchFolder(std::string folder) : folder(std::move(folder)) {}
  std::string folder;
};

} // namespace quern::codegen
