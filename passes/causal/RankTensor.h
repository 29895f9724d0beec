// A whole number for every element of a value: ranks, steps, memberships. What the causality
// analysis computes with.
#pragma once

#include "ir/Quern.h"

#include <memory>
#include <vector>

namespace quern::passes {

int64_t product(llvm::ArrayRef<int64_t> extents);

/// An int32 tensor shaped like a value, stored once for each run of neighbours that agree: there
/// are as many runs of one length along an axis as `extents` says, one where all its elements
/// agree. Activations of a network differ in time or place, and rarely along their channels. Copies
/// share their elements until one is written to, since most ops pass on what they read.
class RankTensor {
public:
  /// What an element is that depends on nothing.
  static constexpr int32_t never = -1;

  RankTensor() = default;
  /// `value` everywhere.
  explicit RankTensor(llvm::ArrayRef<int64_t> shape, int32_t value = never);
  /// `value` everywhere, stored along `extents`, which divide the shape's.
  RankTensor(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> extents, int32_t value);

  llvm::ArrayRef<int64_t> shape() const { return theShape; }
  llvm::ArrayRef<int64_t> extents() const { return theExtents; }
  /// Whether all elements along the axis agree, whatever the other coordinates.
  bool isUniform(int64_t axis) const { return theExtents[axis] == 1; }
  /// How many neighbours along the axis agree, whatever the other coordinates.
  int64_t run(int64_t axis) const { return theShape[axis] / theExtents[axis]; }
  /// Steps between stored elements; 0 along uniform axes.
  llvm::SmallVector<int64_t> strides() const;
  /// The first element of those that are stored as the one at `stored`.
  llvm::SmallVector<int64_t> firstOf(llvm::ArrayRef<int64_t> stored) const;

  int32_t at(llvm::ArrayRef<int64_t> index) const;
  int32_t max() const;
  int32_t min() const;
  bool isAll(int32_t value) const;

  /// The stored elements, to be written to: no longer shared.
  std::vector<int32_t> &data();
  const std::vector<int32_t> &data() const { return *elements; }

  /// Stores `axes` in full.
  RankTensor expanded(llvm::ArrayRef<int64_t> axes) const;
  /// Stored along at least its own extents and those of another tensor of this shape.
  RankTensor expandedAs(const RankTensor &other) const;
  /// Finds the axes along which all elements agree, and stores those once.
  void compress();
  /// What it stores, as of a value of another shape that stores as much; shared.
  RankTensor viewed(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> extents) const;
  /// As broadcast to a larger shape; shared.
  RankTensor broadcast(llvm::ArrayRef<int64_t> shape) const;
  /// Shares the elements of another tensor if they are its own.
  void shareWith(const RankTensor &other);
  /// Whether it shares all that it stores with another tensor of its shape.
  bool isShared(const RankTensor &other) const {
    return elements == other.elements && theExtents == other.theExtents;
  }
  /// this = max(this, other), element by element. Shapes agree.
  void raise(const RankTensor &other);

  /// Each element becomes the largest along `axis`.
  void raiseAlong(int64_t axis);

  /// The tensor at `coordinate` of `axis`, without that axis.
  RankTensor slice(int64_t axis, int64_t coordinate) const;
  /// The slices of equal shape, in order along a new axis `axis`.
  static RankTensor stack(llvm::ArrayRef<RankTensor> slices, int64_t axis);

private:
  RankTensor storedAlong(llvm::ArrayRef<int64_t> extents) const;
  /// For each of `count` equal runs along an axis, the offset of what is stored for it.
  std::vector<int64_t> offsetsOf(size_t axis, int64_t count) const;
  void compressAxis(size_t axis);

  llvm::SmallVector<int64_t> theShape, theExtents;
  std::shared_ptr<std::vector<int32_t>> elements;
};

} // namespace quern::passes
