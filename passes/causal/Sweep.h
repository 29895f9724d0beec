// A sweep over a read in either direction: its loops, and its mask narrowed to what differs.
#pragma once

#include "passes/causal/KeptTaps.h"
#include "passes/causal/PairSweep.h"

namespace quern::passes {

/// What a sweep in either direction consists of, being built.
struct Sweep {
  const Read &read;
  llvm::ArrayRef<int64_t> resultShape;
  KeptTaps kept;
  std::vector<Loop> loops;
  /// Which AxisMap each loop stands for.
  std::vector<int64_t> mapOf;
  /// The map, if there is one, whose elements follow each other in memory on both sides: its pairs
  /// are run through by its formula, innermost, and it has no loop.
  const AxisMap *line = nullptr;

  Sweep(const Read &read, llvm::ArrayRef<int64_t> resultShape)
      : read(read), resultShape(resultShape), kept(read, resultShape) {}

  llvm::ArrayRef<int64_t> rowAxes() const {
    return read.mask ? llvm::ArrayRef<int64_t>(read.mask->resultAxes) : llvm::ArrayRef<int64_t>();
  }

  /// Where the mask holds the taps of a map, if it does.
  std::optional<size_t> maskPlace(int64_t map) const;

  /// The axis of the mask's rows that a map runs along, or -1.
  int64_t rowAxisOf(const AxisMap &map) const;

  bool followsRows() const {
    return llvm::any_of(loops, [](const Loop &loop) { return loop.rowAxis >= 0; });
  }

  void add(int64_t map, Loop loop);

  /// Makes the last of the maps that are swept the line, if it can be; `own` is its range in the
  /// tensor that is read from.
  bool findLine(llvm::ArrayRef<int64_t> swept, const RankTensor &from, AxisRange AxisMap::*own);

  /// All rows, or the representatives of `classes` with rows merged before.
  std::vector<Row> rows(llvm::ArrayRef<int64_t> resultStrides, const Classes *classes) const;

  template <typename Visit> void run(llvm::ArrayRef<Row> rows, Visit visit) {
    for (auto [loop, map] : llvm::zip_equal(loops, mapOf))
      if (auto place = maskPlace(map))
        loop.keptStride = product(llvm::ArrayRef(kept.taps).drop_front(*place + 1));
    if (!line)
      return runLoops(rows, visit);
    int64_t results = elementsAlong(line->result, resultShape);
    runLoops(rows, [&](int64_t result, int64_t operand) {
      forEachPair(*line, results, [&](int64_t r, int64_t o) { visit(result + r, operand + o); });
    });
  }

private:
  template <typename Visit> void runLoops(llvm::ArrayRef<Row> rows, Visit visit) {
    PairSweep<Visit> sweep(loops, rowAxes(), visit);
    for (const Row &row : rows)
      sweep.run(row);
  }
};

/// Offsets of what a tensor stores for the elements of a range of its axes, flattened.
std::vector<int64_t> rangeOffsets(AxisRange range, const RankTensor &tensor);

/// The map's operand offsets for a result of this shape, given those of the elements along its
/// operand axes.
std::vector<int64_t> sourceOffsets(const AxisMap &map, llvm::ArrayRef<int64_t> resultShape,
                                   const std::vector<int64_t> &elements);

} // namespace quern::passes
