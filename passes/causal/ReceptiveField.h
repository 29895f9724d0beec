// What one output position sees of the input, and what it overlooks.
#pragma once

#include "passes/causal/Causality.h"

namespace quern::passes {

struct ReceptiveField {
  llvm::SmallVector<int64_t> output; ///< the position of the output
  /// Positions of the input that it depends on, in row-major order, 0 or 1.
  std::vector<uint8_t> seen;
  /// Positions that are generated before it, that lie within the bounding box of those it sees,
  /// and that it does not see: its blind spot.
  std::vector<uint8_t> blind;
  /// Least and largest coordinate seen along each ordered axis; empty where nothing is seen.
  llvm::SmallVector<int64_t> low, high;

  int64_t seenCount() const;
  int64_t blindCount() const;
};

/// Of every value what the elements of the output read, each with the largest that `wanted` has of
/// those that read it; never where none does. Values of which nothing is read are absent; with
/// `onlyArguments` all but the model's arguments are.
RanksOfValues sweepBack(const CausalAnalysis &analysis, const RankTensor &wanted,
                        bool onlyArguments = false);

/// Sweeps back through the model from all elements of the output at one position.
ReceptiveField receptiveField(const CausalAnalysis &analysis, llvm::ArrayRef<int64_t> position);

/// The position that shows most: the last of a sequence, the middle of a grid.
llvm::SmallVector<int64_t> showcasePosition(const Positions &positions);

} // namespace quern::passes
