// Which elements of its operands an element of a result reads: the one thing that the causality
// analysis asks of an op. Availability, counterexamples, receptive fields and states all follow.
#pragma once

#include "passes/causal/RankTensor.h"

#include <optional>

namespace quern::passes {

/// Consecutive axes, flattened in row-major order.
struct AxisRange {
  int64_t first = 0, count = 0;

  bool contains(int64_t axis) const { return axis >= first && axis < first + count; }
};

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
  /// [result elements][taps]: the coordinate along `operand`, or -1 where nothing is read
  /// (padding). Empty for the identity.
  std::vector<int32_t> table = {};
  TapName tapName = TapName::none;
  /// Tap t is `offset` tapStart + t * tapStep.
  int64_t tapStart = 0, tapStep = 1;

  int64_t source(int64_t resultElement, int64_t tap) const {
    return table.empty() ? resultElement : table[resultElement * taps + tap];
  }
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

/// The elements of one operand that a result element reads: all combinations of the maps' taps that
/// the mask or the comparison keeps, as there is one, and that lie inside. Each operand axis is in
/// exactly one map; the result may have axes in none. A map along masked result axes lies along one
/// such axis only.
struct Read {
  int64_t operand = 0;
  std::vector<AxisMap> maps = {};
  std::optional<ReadMask> mask = {};
  std::optional<Comparison> comparison = {};
};

using Reads = std::vector<Read>;

/// What the op's result reads of its operands. Operands that are computed from parameters alone are
/// left out. Every op of the dialect has a rule, but for those that hold others (scan, fused,
/// launch, yield).
Reads readsOf(mlir::Operation *op);

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
