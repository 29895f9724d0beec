// What a sequence keeps: the states of all values, in one arena.
#pragma once

#include "runtime/Arena.h"
#include "runtime/ImageView.h"

namespace quern::runtime {

/// A place in the order: coordinates along its axes.
struct Place {
  uint64_t at[maxOrderedAxes];
};

/// The coordinates of position `position`.
Place placeOf(const SequenceEntry &order, uint64_t position);

/// One state in memory.
struct StateMemory {
  unsigned char *base;
  /// The slot number that has `before` slots in memory before it.
  uint64_t origin;
  /// 2^64 / rate, rounded up, of each axis: each step asks for many slots, and a division takes as
  /// long as all else there. 0 for a rate of 1.
  uint64_t inverses[maxOrderedAxes];
  /// Whether memory is too short for all positions.
  bool moves;
};

/// All states of a sequence. A plain structure over memory that its owner provides.
class SequenceState {
public:
  /// The bytes of all states.
  static uint64_t bytesOf(std::span<const StateEntry> states);

  /// Lays the states out in zeroed memory of bytesOf, the constant ones among the weights.
  void open(const ImageView &image, StateMemory *states, unsigned char *memory,
            const unsigned char *weights);

  /// Makes room for `place`: moves what is still read of each state to the front where its end is
  /// reached, and lets zeros lie behind it.
  void reach(const Place &place);
  /// The slot of `place` in a state.
  unsigned char *slot(uint64_t state, const Place &place) const {
    const StateEntry &entry = (*view).states()[state];
    return states[state].base +
           (entry.before + number(state, place) - states[state].origin) * entry.slotBytes;
  }
  /// The first slot of a state of which all is kept.
  unsigned char *firstSlot(uint64_t state) const {
    const StateEntry &entry = (*view).states()[state];
    return states[state].base + entry.before * entry.slotBytes;
  }
  uint64_t count() const { return view->states().size(); }
  StateMemory &memory(uint64_t state) const { return states[state]; }

  static uint64_t slotNumber(const StateEntry &entry, const Place &place) {
    uint64_t slot = 0;
    for (int axis = 0; axis < maxOrderedAxes; ++axis)
      slot += place.at[axis] / entry.rates[axis] * entry.strides[axis];
    return slot;
  }

private:
  /// slotNumber, by the inverses: exact for all that ImageView admits.
  uint64_t number(uint64_t state, const Place &place) const {
    const StateEntry &entry = (*view).states()[state];
    uint64_t slot = 0;
    for (uint32_t axis = 0; axis < axes; ++axis) {
      uint64_t inverse = states[state].inverses[axis];
      __extension__ using Wide = unsigned __int128;
      uint64_t quotient = static_cast<uint64_t>(Wide{place.at[axis]} * inverse >> 64);
      slot += (inverse == 0 ? place.at[axis] : quotient) * entry.strides[axis];
    }
    return slot;
  }

  const ImageView *view = nullptr;
  StateMemory *states = nullptr;
  /// Of the order.
  uint32_t axes = 0;
};

/// What a sequence takes as bytes, of these states: see quern_sequence_bytes.
uint64_t savedBytes(std::span<const StateEntry> states);

} // namespace quern::runtime
