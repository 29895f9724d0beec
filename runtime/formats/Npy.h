// NumPy's .npy arrays. Format:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
#pragma once

#include "runtime/formats/Result.h"
#include "runtime/quern.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::runtime {

/// A dense row-major array that lies elsewhere.
struct ArrayView {
  quern_dtype dtype;
  /// Outermost first; empty for a scalar. Any number of axes, extents may be 0.
  std::vector<int64_t> shape;
  /// Exactly the elements.
  std::span<const std::byte> data;
};

/// A dense row-major array.
struct Array {
  quern_dtype dtype;
  std::vector<int64_t> shape;
  std::vector<std::byte> data;

  ArrayView view() const { return {dtype, shape, data}; }
};

/// The product of the extents times the element's size; fails on a negative extent or when 2^62 is
/// passed.
Result<uint64_t> arrayBytes(quern_dtype dtype, std::span<const int64_t> shape);

/// "[1, 3, 224, 224]".
std::string shapeText(std::span<const int64_t> shape);

/// Reads the header and finds the data within `file`; nothing is copied. `name` is for messages.
/// Fails, saying what was found, for arrays in Fortran order (of more than one axis longer than 1),
/// big-endian data, types that quern_dtype lacks (complex, strings, objects), and truncated or
/// surplus data.
Result<ArrayView> parseNpy(std::span<const std::byte> file, std::string_view name);

/// parseNpy on a file, copied.
Result<Array> readNpy(const std::string &path);

/// The bytes that precede the data in a file: version 1.0, padded to a multiple of 64. bf16 has no
/// NumPy type and fails.
Result<std::vector<std::byte>> npyHeader(quern_dtype dtype, std::span<const int64_t> shape);

/// Writes header and data, atomically.
Status writeNpy(const std::string &path, const ArrayView &array);

} // namespace quern::runtime
