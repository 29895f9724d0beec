// What masks make known of values that depend on inputs: scores that a mask multiplies by zero, or
// lowers so far that a softmax gives them no weight, and what is computed from these.
#pragma once

#include "passes/causal/Ranges.h"
#include "passes/causal/RankTensor.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

#include <deque>
#include <optional>

namespace quern::passes {

/// Answers about the values of a model that does not change meanwhile.
class KnownRanges {
public:
  KnownRanges() = default;
  /// Of a run of the model in which elements of these values may be zeros in place of what they are
  /// computed as.
  explicit KnownRanges(llvm::DenseSet<mlir::Value> mayBeZero) : mayBeZero(std::move(mayBeZero)) {}

  /// The range (Range::packed) of each element, stored in full along the axes on which it differs;
  /// nothing where all are ordinary (ordinaryRange).
  std::optional<RankTensor> of(mlir::Value value);

  /// 1 where a value may be other than zero and 0 where it is zero whatever the parameters and the
  /// inputs are: a masked weight is a parameter times a constant with zeros, masked scores are a
  /// product of inputs times one. Stored as above. Nothing where no element is known to be zero.
  std::optional<RankTensor> possiblyNonzero(mlir::Value value);

  /// 1 where an element may be one number or another and 0 where it is the same number whatever the
  /// parameters and the inputs are. Stored as above. Nothing where none is.
  std::optional<RankTensor> undecided(mlir::Value value);

  /// 1 where an element of what a maximum or minimum over axes reads may be the one, and 0 where
  /// another one surely is. Stored as above. Nothing where any may be.
  std::optional<RankTensor> contenders(ir::ReduceOp extreme);

  /// Whether each element may be zero for all that is known.
  bool admitsZeros(mlir::Value value);

private:
  using Known = std::optional<RankTensor>;

  Known computed(mlir::Value value);
  Known ofResult(mlir::Value value);
  Known ofElementwise(mlir::Operation *op);
  Known ofMoved(mlir::Operation *op);
  Known ofPadded(ir::PadOp pad);
  Known ofJoined(ir::ConcatOp concat);
  Known ofSoftmax(ir::SoftmaxOp softmax);
  Known ofReduced(mlir::Operation *op);
  Known ofSpread(mlir::Operation *op);
  Known ofProducts(mlir::Operation *op);
  Known ofOthers(mlir::Operation *op);
  Known zerosOfProducts(mlir::Operation *op);

  /// The same as `of`, ordinary elements and all.
  RankTensor allOf(mlir::Value value);
  bool isOrdinary(mlir::Value value);
  bool isOrdinaryScan(ir::ScanOp scan);
  static RankTensor anything(mlir::Value value);
  void forget(mlir::Value value);
  void forgetOldest();

  llvm::DenseSet<mlir::Value> mayBeZero;
  llvm::DenseSet<mlir::Value> ordinary;
  llvm::DenseMap<mlir::Operation *, bool> ordinaryScans;
  llvm::DenseMap<mlir::Value, RankTensor> known;
  /// Those of `known` that are large, oldest first: they may have an element for each query and
  /// key, so no more are kept than who asks next is likely to ask for.
  std::deque<mlir::Value> large;
  unsigned depth = 0;
};

/// The same for one value.
std::optional<RankTensor> possiblyNonzero(mlir::Value value);

} // namespace quern::passes
