// When each element of each value can be computed: the largest rank of the input that it depends
// on.
#pragma once

#include "passes/causal/KnownRanges.h"
#include "passes/causal/Positions.h"
#include "passes/causal/Reads.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace quern::passes {

/// A tensor for each value of a block. Values that are not in it depend on nothing.
using RanksOfValues = llvm::DenseMap<mlir::Value, RankTensor>;

/// What ops read, computed once for each.
class ReadCache {
public:
  const Reads &of(mlir::Operation *op);
  /// Takes an op to read something else from now on; gives what it was taken to read.
  Reads exchange(mlir::Operation *op, Reads others);
  /// What is known of the values that it was asked about.
  KnownRanges &knownRanges() { return ranges; }

private:
  KnownRanges ranges;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<Reads>> reads;
};

/// avail_v(i) = the largest rank of an input position that v[i] depends on, -1 where it depends on
/// none, for every value of a model's body.
class Availability {
public:
  Availability(mlir::func::FuncOp model, const Positions &positions);

  /// Of a value of the model's body.
  const RankTensor &of(mlir::Value value) const;

  /// Of the values of a scan's body at one step. `outside` has those around the scan.
  RanksOfValues atStep(ir::ScanOp scan, int64_t step, const RanksOfValues &outside) const;

  /// Of all values, were these the ranks of the model's input.
  RanksOfValues ofInput(mlir::Value input, RankTensor inputRanks) const;

  const RanksOfValues &values() const { return ranks; }
  const Reads &readsOf(mlir::Operation *op) const { return cache->of(op); }
  ReadCache &reads() const { return *cache; }

private:
  void propagate(mlir::Block &block, RanksOfValues &values) const;
  void propagateScan(ir::ScanOp scan, RanksOfValues &values) const;

  std::unique_ptr<ReadCache> cache = std::make_unique<ReadCache>();
  /// Of a model's values that depend on nothing, by need.
  mutable RanksOfValues independent;
  RanksOfValues ranks;
};

/// The tensor of a value in `values`; never where there is none.
RankTensor ranksIn(const RanksOfValues &values, mlir::Value value);

} // namespace quern::passes
