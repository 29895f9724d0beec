// A read's mask while it is narrowed to what differs.
#pragma once

#include "passes/causal/Classes.h"
#include "passes/causal/Reads.h"

namespace quern::passes {

/// Rows, for masked result coordinates, of combinations of taps.
struct KeptTaps {
  int64_t rows = 1;
  llvm::SmallVector<int64_t> taps;
  std::vector<uint8_t> kept{1};

  KeptTaps(const Read &read, llvm::ArrayRef<int64_t> resultShape);

  int64_t width() const { return product(taps); }
  /// Taps of one class along `place` become one, kept where any is.
  void mergeTaps(size_t place, const Classes &classes);
  /// Rows of one class become one, which keeps what any does.
  void mergeRows(const Classes &classes);
  Classes equalRows() const;
};

/// What a mask that speaks about no taps leaves of a tensor like the result: never elsewhere.
RankTensor shownBy(const ReadMask &mask, const RankTensor &result);

} // namespace quern::passes
