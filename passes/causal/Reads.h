// Which elements of its operands an element of a result reads: the one thing that the causality
// analysis asks of an op. Availability, counterexamples, receptive fields and states all follow.
#pragma once

#include "passes/causal/RankTensor.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>
#include <memory>
#include <optional>

namespace quern::passes {

/// Consecutive axes, flattened in row-major order.
struct AxisRange {
  int64_t first = 0, count = 0;

  bool contains(int64_t axis) const { return axis >= first && axis < first + count; }
};

/// How many elements a value of this shape has along a range of its axes.
inline int64_t elementsAlong(AxisRange range, llvm::ArrayRef<int64_t> shape) {
  return product(shape.slice(range.first, range.count));
}

/// What a tap is called in messages.
enum class TapName {
  none,
  offset,    ///< its distance from the position that is computed
  coordinate ///< the coordinate that is read
};

/// Operand axes whose coordinates follow from the result's coordinates along `result` and from a
/// tap: an identity has one tap, a convolution's axis one for each kernel element, a reduced axis
/// one for each element and no axes of the result.
struct AxisMap {
  AxisRange operand = {}, result = {};
  int64_t taps = 1;
  /// Result element r reads through tap t the coordinate r * stride + t * dilation + start of
  /// `operand`, and nothing where that lies outside of [0, extent) (padding).
  int64_t stride = 1, dilation = 0, start = 0;
  int64_t extent = std::numeric_limits<int64_t>::max();
  /// What is read instead, where no such formula tells: [result elements][taps], -1 for nothing.
  std::vector<int32_t> table = {};
  TapName tapName = TapName::none;
  /// Tap t is `offset` tapStart + t * tapStep.
  int64_t tapStart = 0, tapStep = 1;

  int64_t source(int64_t resultElement, int64_t tap) const {
    if (!table.empty())
      return table[resultElement * taps + tap];
    int64_t at = resultElement * stride + tap * dilation + start;
    return at >= 0 && at < extent ? at : -1;
  }
  /// Whether some of `resultElements` reads nothing through some tap.
  bool hasPadding(int64_t resultElements) const;
  /// Whether each of `elements` of the result reads the one of as many that is at its own place.
  bool isIdentity() const { return table.empty() && taps == 1 && stride == 1 && start == 0; }
};

/// Combinations of result coordinates and taps that are read; all others are not (a masked weight
/// is a structural zero).
struct ReadMask {
  llvm::SmallVector<int64_t> resultAxes; ///< ascending
  llvm::SmallVector<int64_t> maps;       ///< AxisMaps whose taps it speaks about, ascending
  /// [result coordinates..., taps...], row-major, 0 or 1.
  std::vector<uint8_t> kept;
};

/// A mask that compares: tap t of a map that has no axes of the result is read for coordinate r
/// along the result's axis where keys[t] <= limits[r].
struct Comparison {
  int64_t resultAxis = 0, map = 0;
  std::vector<int32_t> keys, limits;
};

/// Neighbouring taps: [first, end).
struct KeyRun {
  int32_t first = 0, end = 0;
};

/// A mask of few runs, as that of attention: coordinate r along the result's axis reads those taps
/// of a map, which has no axes of the result, that lie in one of runs[r], ascending.
struct AdmittedKeys {
  int64_t resultAxis = 0, map = 0;
  std::vector<llvm::SmallVector<KeyRun, 1>> runs = {};

  bool has(int64_t query, int64_t key) const {
    const KeyRun *after = llvm::upper_bound(
        runs[query], key, [](int64_t key, KeyRun run) { return key < run.first; });
    return after != runs[query].begin() && key < std::prev(after)->end;
  }
};

/// The elements of one operand that a result element reads: all combinations of the maps' taps that
/// the mask, the comparison or the admission keeps, as there is one, and that lie inside. Each
/// operand axis is in exactly one map; the result may have axes in none. A map along masked result
/// axes lies along one such axis only.
struct Read {
  int64_t operand = 0;
  std::vector<AxisMap> maps = {};
  std::optional<ReadMask> mask = {};
  std::optional<Comparison> comparison = {};
  std::shared_ptr<const AdmittedKeys> admitted = {};
};

using Reads = std::vector<Read>;

class KnownRanges;

/// What the op's result reads of its operands. Operands that are computed from parameters alone are
/// left out. Every op of the dialect has a rule, but for those that hold others (scan, fused,
/// launch, yield).
Reads readsOf(mlir::Operation *op, KnownRanges &ranges);
Reads readsOf(mlir::Operation *op);
/// The same with what is read of weights.
Reads allReadsOf(mlir::Operation *op, KnownRanges &ranges);

/// Whether `readsOf` knows the op of this name ("quern.conv").
bool hasReadRule(llvm::StringRef opName);

/// An element of an operand that an element of the result reads.
struct ElementRead {
  int64_t operand = 0;
  llvm::SmallVector<int64_t> index;
  /// The taps it is read through, in the order of the operand's axes, and what they are.
  llvm::SmallVector<int64_t> tap;
  TapName tapName = TapName::none;
};

/// Calls `visit` with everything that the result's element `index` reads.
void forEachRead(llvm::ArrayRef<Read> reads, mlir::ValueRange operands,
                 llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> index,
                 llvm::function_ref<void(const ElementRead &)> visit);

} // namespace quern::passes
