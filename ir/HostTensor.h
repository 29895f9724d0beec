// Tensors in the compiler's own memory: weights as loaded, as computed at compile time, and as
// written into a model.
#pragma once

#include "ir/Quern.h"

#include <memory>

namespace quern::ir {

/// A row-major tensor whose bytes are owned, or borrowed from `owner` (a mapped weights file).
/// Elements are little-endian; a bool takes a byte.
class HostTensor {
public:
  /// Zero-filled memory of its own. `type` is row-major.
  static HostTensor allocate(mlir::RankedTensorType type);

  /// The bytes of something that `owner` keeps alive.
  static HostTensor borrow(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                           std::shared_ptr<const void> owner);

  /// The value of a constant.
  static HostTensor fromAttribute(mlir::ElementsAttr value);

  mlir::RankedTensorType type() const { return tensorType; }
  llvm::ArrayRef<char> bytes() const { return data; }

  /// Own bytes, to be filled; not for a borrowed tensor.
  llvm::MutableArrayRef<char> mutableBytes();

  /// The same elements under another row-major type with as many of them.
  HostTensor reshaped(mlir::RankedTensorType type) const;

  /// row[i] = element `start + i * stride`, converted to double. Integers beyond 2^53 lose their
  /// low digits.
  void loadRow(int64_t start, int64_t stride, llvm::MutableArrayRef<double> row) const;

  /// Element `start + i` = row[i], converted to the element type: rounded to nearest even for
  /// floats, towards zero for integers.
  void storeRow(int64_t start, llvm::ArrayRef<double> row);

private:
  mlir::RankedTensorType tensorType;
  llvm::ArrayRef<char> data;
  std::shared_ptr<const void> owner;
  bool isOwn = false;
};

/// Row-major strides, in elements.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Calls `visit` with each index of `shape` in row-major order; once for rank 0.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);

/// Writes `tensor` as `type` lies in memory (its layout, blocks padded with zeros) to `out`, which
/// holds tensorBytes(type) bytes. Shapes and element types must agree.
void writeInLayout(const HostTensor &tensor, mlir::RankedTensorType type,
                   llvm::MutableArrayRef<char> out);

} // namespace quern::ir
