// Objects to an executable, a library or one object: by the system's compiler driver, archives by
// LLVM.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quern::codegen {

enum class LinkKind { executable, shared, staticArchive, object };

/// What is to be linked with what.
struct LinkJob {
  LinkKind kind = LinkKind::executable;
  /// The function that returns the model, which programs call by another name.
  std::string accessor;
  std::vector<std::string> objects;
  /// What programs that are linked with a shared library look for when they start.
  std::string soname;
  /// Folder of libquern_runtime.a and libquern_main.a.
  std::string libraryFolder;
  /// Further libraries by name, from the backend.
  std::vector<std::string> libraries;
  /// The finished file, in a folder of ours.
  std::string output;
  /// Where intermediate files may be put.
  std::string scratchFolder;
};

/// Links. An error names the command's complaint.
llvm::Error link(const LinkJob &job);

/// Assembles an object at `object` that defines `symbol` as the bytes of `file`, 64-byte aligned
/// and followed by the padding that vector loads may touch.
llvm::Error embedFile(llvm::StringRef file, llvm::StringRef symbol, llvm::StringRef object);

} // namespace quern::codegen
