// Arrays in .npy and .npz files, as people name them: "FILE", or "FILE.npz:ARRAY" for one of
// several.
#pragma once

#include "runtime/formats/Npy.h"

namespace quern::runtime {

/// What the user wrote, taken apart.
struct ArrayFile {
  explicit ArrayFile(const std::string &argument);

  /// For messages.
  std::string argument;
  std::string path;
  /// Of an .npz; empty where none is named.
  std::string array;

  /// Whether the name says that it holds arrays.
  bool hasArraySuffix() const { return path.ends_with(".npy") || path.ends_with(".npz"); }
};

/// Whether the content says so.
bool holdsArrays(std::span<const std::byte> content);

/// All of a file that holds arrays; of another that may be endless no more than tells that there
/// are more than `most` bytes.
Result<std::vector<std::byte>> readContent(const ArrayFile &file, size_t most);

/// The names of an .npz's arrays. Nothing where the argument names one of them, or is no .npz that
/// can be read.
std::vector<std::string> arrayNames(const ArrayFile &file);

/// An array with what keeps its bytes alive, if the file's content does not.
struct FoundArray {
  std::vector<std::byte> memory;
  ArrayView view;
};

/// The array of `content`, which must outlive it. Of an .npz it is the one that the user named,
/// else the one named `wanted`, else the only one if NumPy has named it (arr_0). Failure lists what
/// there is.
Result<FoundArray> findArray(const ArrayFile &file, std::span<const std::byte> content,
                             const std::string &wanted);

} // namespace quern::runtime
