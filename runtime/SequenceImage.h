// The sections of a model's image (runtime/ModelImage.h) about how a causal model is run position
// by position.
#pragma once

#include "runtime/quern.h"

#include <cstdint>

namespace quern::runtime {

/// The most axes that an order has: all of its input.
inline constexpr int maxOrderedAxes = QUERN_MAX_RANK;

/// What a sequence keeps of one value: slots of `slotBytes` bytes. The slot of a position is the
/// sum of its coordinates, divided by `rates` and rounded down, times `strides`; strides of 0 are
/// one slot for all. Rates are 1 past the order's axes. Programs read and write from `before` slots
/// before the current position's to `after` behind it. Memory holds before + room + after slots:
/// when a position lies `room` or more after the first one in memory, what is still read moves to
/// the front, and the rest becomes zero. A constant state is never written: its slots are the
/// weights from `weightsOffset` on, and a sequence keeps nothing of it.
struct StateEntry {
  uint64_t slotBytes;
  uint64_t before;
  uint64_t after;
  uint64_t room;
  uint64_t strides[maxOrderedAxes];
  uint64_t rates[maxOrderedAxes];
  uint64_t isConstant;
  uint64_t weightsOffset;
};

/// A step program: a driver of its own (quern_model::programs), for the buffers from `firstBuffer`.
/// It runs for boxes of one element along the first `level` ordered axes: once the box's last input
/// element is known (`isAfter`), else before its first is; level 0 once, at the start.
struct ProgramEntry {
  uint64_t firstBuffer;
  uint64_t bufferCount;
  uint32_t level;
  uint32_t isAfter;
  /// When position t is known, position t - lag is computed.
  uint64_t lag;
  /// It runs for the positions [from, until) only, and of those for which the coordinates along the
  /// first axes leave `phases` when divided by `periods`; past them, periods are 1.
  uint64_t from;
  uint64_t until;
  uint32_t periods[maxOrderedAxes];
  uint32_t phases[maxOrderedAxes];
};

/// The family of the next element's distribution, as #quern.distribution has it.
enum class DistributionKind : uint32_t {
  none = 0,
  categorical = 1,
  bernoulli = 2,
  logisticMixture = 3,
  gaussianMixture = 4
};

/// How a causal model is run position by position. Its section has one entry, or none.
struct SequenceEntry {
  uint32_t axes;
  /// 1: the output at a position does not depend on the input there.
  uint32_t isStrict;
  uint64_t extents[maxOrderedAxes];
  /// The axes of the generated input that the order runs along.
  uint32_t inputAxes[maxOrderedAxes];
  /// The generated input, and the state that keeps it.
  uint32_t input;
  uint32_t inputState;
  uint32_t output;
  uint32_t outputState;
  /// The output at a position is there `lag` positions later.
  uint64_t lag;
  /// Of the distribution: its parameters are every `parameterStride`th element of an output slot,
  /// `parameters` of them.
  DistributionKind distribution;
  uint32_t components;
  uint64_t levels;
  uint64_t parameters;
  uint64_t parameterStride;
  double low;
  double high;
};

static_assert(sizeof(StateEntry) == 176 && sizeof(ProgramEntry) == 112 &&
              sizeof(SequenceEntry) == 176);

} // namespace quern::runtime
