// The generation order of a model's input, and where its output stands in it.
#pragma once

#include "passes/causal/RankTensor.h"

namespace quern::passes {

/// The positions of a causal contract.
class Positions {
public:
  /// Fails, with an error at the model, where the contract does not fit it: an input, output or
  /// axis that it does not have, an extent of the output that is no multiple of the input's, an
  /// order of another length.
  static mlir::FailureOr<Positions> of(mlir::func::FuncOp model, ir::CausalAttr contract);

  ir::CausalAttr contract() const { return theContract; }
  /// Extents of the ordered axes, outermost first.
  llvm::ArrayRef<int64_t> extents() const { return theExtents; }
  /// How many there are.
  int64_t count() const { return static_cast<int64_t>(rankByNumber.size()); }

  int64_t rankOf(llvm::ArrayRef<int64_t> position) const;
  /// By the position's row-major number.
  int64_t rankOfNumber(int64_t number) const { return rankByNumber[number]; }
  llvm::SmallVector<int64_t> positionOf(int64_t rank) const;
  /// The row-major number of the position of that rank.
  int64_t numberOfRank(int64_t rank) const { return numberByRank[rank]; }

  /// The highest rank that an output at this rank may read.
  int64_t limit(int64_t rank) const { return theContract.getStrict() ? rank - 1 : rank; }

  /// The position of an element of the input, and of the output.
  llvm::SmallVector<int64_t> ofInput(llvm::ArrayRef<int64_t> index) const;
  llvm::SmallVector<int64_t> ofOutput(llvm::ArrayRef<int64_t> index) const;

  /// Ranks of the input's elements, and of the output's.
  const RankTensor &inputRanks() const { return theInputRanks; }
  const RankTensor &outputRanks() const { return theOutputRanks; }

private:
  RankTensor ranks(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes) const;

  ir::CausalAttr theContract;
  llvm::SmallVector<int64_t> theExtents;
  /// How many neighbours along each ordered axis of the output belong to one position.
  llvm::SmallVector<int64_t> neighbours;
  std::vector<int64_t> rankByNumber, numberByRank;
  RankTensor theInputRanks, theOutputRanks;
};

} // namespace quern::passes
