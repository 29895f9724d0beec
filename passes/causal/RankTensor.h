// A whole number for every element of a value: ranks, steps, memberships. What the causality
// analysis computes with.
#pragma once

#include "ir/Quern.h"

#include <memory>
#include <vector>

namespace quern::passes {

int64_t product(llvm::ArrayRef<int64_t> extents);

/// An int32 tensor shaped like a value, stored once along each axis where all its elements agree:
/// activations of a network differ in time or place, and rarely along their channels. Copies share
/// their elements until one is written to, since most ops pass on what they read.
class RankTensor {
public:
  /// What an element is that depends on nothing.
  static constexpr int32_t never = -1;

  RankTensor() = default;
  /// `value` everywhere.
  explicit RankTensor(llvm::ArrayRef<int64_t> shape, int32_t value = never);
  /// `value` everywhere, stored along `extents`, each 1 or the shape's.
  RankTensor(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> extents, int32_t value);

  llvm::ArrayRef<int64_t> shape() const { return theShape; }
  llvm::ArrayRef<int64_t> extents() const { return theExtents; }
  /// Whether all elements along the axis agree, whatever the other coordinates.
  bool isUniform(int64_t axis) const { return theExtents[axis] == 1; }
  /// Steps between stored elements; 0 along uniform axes.
  llvm::SmallVector<int64_t> strides() const;

  int32_t at(llvm::ArrayRef<int64_t> index) const;
  int32_t max() const;
  int32_t min() const;
  bool isAll(int32_t value) const;

  /// The stored elements, to be written to: no longer shared.
  std::vector<int32_t> &data();
  const std::vector<int32_t> &data() const { return *elements; }

  /// Stores `axes` in full.
  RankTensor expanded(llvm::ArrayRef<int64_t> axes) const;
  /// Finds the axes along which all elements agree, and stores those once.
  void compress();
  /// this = max(this, other), element by element. Shapes agree.
  void raise(const RankTensor &other);

  /// Each element becomes the largest along `axis`.
  void raiseAlong(int64_t axis);

  /// The tensor at `coordinate` of `axis`, without that axis.
  RankTensor slice(int64_t axis, int64_t coordinate) const;
  /// The slices of equal shape, in order along a new axis `axis`.
  static RankTensor stack(llvm::ArrayRef<RankTensor> slices, int64_t axis);

private:
  void compressAxis(size_t axis);

  llvm::SmallVector<int64_t> theShape, theExtents;
  std::shared_ptr<std::vector<int32_t>> elements;
};

} // namespace quern::passes
