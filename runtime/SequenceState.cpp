#include "runtime/SequenceState.h"

#include <cstring>

namespace quern::runtime {

namespace {

uint64_t slotsOf(const StateEntry &entry) { return entry.before + entry.room + entry.after; }

/// States begin at cache lines, with room behind for what vector loads read and never use.
uint64_t bytesOfState(const StateEntry &entry) {
  if (entry.isConstant)
    return 0;
  uint64_t bytes = slotsOf(entry) * entry.slotBytes + tailPadding;
  return (bytes + bufferAlignment - 1) / bufferAlignment * bufferAlignment;
}

/// The slot of the last position.
uint64_t lastSlot(const SequenceEntry &order, const StateEntry &entry) {
  Place place{};
  for (uint32_t axis = 0; axis < order.axes; ++axis)
    place.at[axis] = order.extents[axis] - 1;
  return SequenceState::slotNumber(entry, place);
}

} // namespace

Place placeOf(const SequenceEntry &order, uint64_t position) {
  Place place{};
  for (uint32_t axis = order.axes; axis-- > 1;) {
    place.at[axis] = position % order.extents[axis];
    position /= order.extents[axis];
  }
  place.at[0] = position;
  return place;
}

uint64_t SequenceState::bytesOf(std::span<const StateEntry> states) {
  uint64_t bytes = 0;
  for (const StateEntry &entry : states)
    bytes += bytesOfState(entry);
  return bytes;
}

void SequenceState::open(const ImageView &image, StateMemory *given, unsigned char *memory,
                         const unsigned char *weights) {
  view = &image;
  axes = image.sequence()->axes;
  states = given;
  for (uint64_t i = 0; i < count(); ++i) {
    const StateEntry &entry = image.states()[i];
    // No program writes constant ones; a slot's address knows no const.
    states[i].base =
        entry.isConstant ? const_cast<unsigned char *>(weights) + entry.weightsOffset : memory;
    states[i].origin = 0;
    for (int axis = 0; axis < maxOrderedAxes; ++axis)
      states[i].inverses[axis] = entry.rates[axis] == 1 ? 0 : UINT64_MAX / entry.rates[axis] + 1;
    states[i].moves = image.sequence()->lag > 0 || lastSlot(*image.sequence(), entry) >= entry.room;
    memory += bytesOfState(entry);
  }
}

void SequenceState::reach(const Place &place) {
  for (uint64_t i = 0; i < count(); ++i) {
    const StateEntry &entry = view->states()[i];
    if (!states[i].moves)
      continue;
    uint64_t reached = number(i, place);
    // On a grid of rows, numbers begin anew in the rows between.
    if (reached < states[i].origin + entry.room)
      continue;
    uint64_t passed = reached - states[i].origin;
    uint64_t all = slotsOf(entry);
    uint64_t kept = entry.before + entry.after;
    if (passed >= all)
      kept = 0;
    else if (kept > all - passed)
      kept = all - passed;
    std::memmove(states[i].base, states[i].base + passed * entry.slotBytes, kept * entry.slotBytes);
    std::memset(states[i].base + kept * entry.slotBytes, 0, (all - kept) * entry.slotBytes);
    states[i].origin = reached;
  }
}

} // namespace quern::runtime
