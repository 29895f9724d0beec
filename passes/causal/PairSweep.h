// Running through the pairs (result element, operand element) of a read.
#pragma once

#include "passes/causal/Reads.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <cstdint>
#include <vector>

namespace quern::passes {

/// One AxisMap as it is run through.
struct Loop {
  int64_t taps = 1;
  /// Stored offsets of the result's elements along the map; one where it has no axes there.
  std::vector<int64_t> resultOffsets = {};
  /// [result elements][taps]: stored offsets in the operand, or -1.
  std::vector<int64_t> operandOffsets = {};
  /// Steps in a row of the mask; 0 if the mask does not speak about these taps.
  int64_t keptStride = 0;
  /// The result axis, if the rows of the mask run along it: then a row tells the coordinate.
  int64_t rowAxis = -1;

  bool hasCoordinate() const {
    return rowAxis < 0 && (resultOffsets.size() != 1 || resultOffsets.front() != 0);
  }
};

/// One row of the mask, for one set of masked result coordinates.
struct Row {
  int64_t resultOffset = 0;
  const uint8_t *kept = nullptr;
  llvm::SmallVector<int64_t> coordinates = {}; ///< along the mask's result axes
};

/// Calls `visit` with each result element and each operand element that it reads by the formula of
/// a map whose stride is positive.
template <typename Visit> void forEachPair(const AxisMap &map, int64_t results, Visit visit) {
  for (int64_t tap = 0; tap < map.taps; ++tap) {
    int64_t offset = tap * map.dilation + map.start;
    int64_t first = offset < 0 ? llvm::divideCeil(-offset, map.stride) : 0;
    int64_t end = offset < map.extent ? (map.extent - 1 - offset) / map.stride + 1 : 0;
    for (int64_t r = first; r < std::min(end, results); ++r)
      visit(r, r * map.stride + offset);
  }
}

/// Runs through all pairs of offsets.
template <typename Visit> class PairSweep {
public:
  PairSweep(llvm::ArrayRef<Loop> loops, llvm::ArrayRef<int64_t> rowAxes, Visit visit)
      : loops(loops), rowAxes(rowAxes), visit(visit), tap(loops.size(), 0) {
    for (auto [at, loop] : llvm::enumerate(loops))
      if (loop.hasCoordinate())
        open.push_back(at);
  }

  void run(const Row &current) {
    row = &current;
    chooseTaps(0, 0, row->resultOffset, 0);
  }

private:
  void chooseTaps(size_t at, int64_t kept, int64_t result, int64_t operand) {
    if (at == loops.size()) {
      if (row->kept[kept])
        chooseCoordinates(0, result, operand);
      return;
    }
    const Loop &loop = loops[at];
    for (int64_t t = 0; t < loop.taps; ++t) {
      tap[at] = t;
      int64_t offset = 0;
      if (!loop.hasCoordinate())
        offset = loop.operandOffsets[coordinate(loop) * loop.taps + t];
      if (offset >= 0)
        chooseTaps(at + 1, kept + t * loop.keptStride, result, operand + offset);
    }
  }

  int64_t coordinate(const Loop &loop) const {
    if (loop.rowAxis < 0)
      return 0;
    return row->coordinates[llvm::find(rowAxes, loop.rowAxis) - rowAxes.begin()];
  }

  void chooseCoordinates(size_t at, int64_t result, int64_t operand) {
    if (at == open.size()) {
      visit(result, operand);
      return;
    }
    const Loop &loop = loops[open[at]];
    const int64_t *sources = loop.operandOffsets.data() + tap[open[at]];
    bool isLast = at + 1 == open.size();
    for (int64_t r : llvm::seq<int64_t>(loop.resultOffsets.size())) {
      int64_t source = sources[r * loop.taps];
      if (source < 0)
        continue;
      if (isLast)
        visit(result + loop.resultOffsets[r], operand + source);
      else
        chooseCoordinates(at + 1, result + loop.resultOffsets[r], operand + source);
    }
  }

  llvm::ArrayRef<Loop> loops;
  llvm::ArrayRef<int64_t> rowAxes;
  Visit visit;
  llvm::SmallVector<int64_t> tap;
  llvm::SmallVector<size_t> open;
  const Row *row = nullptr;
};

} // namespace quern::passes
