#include "runtime/SequenceState.h"

#include <cstring>

namespace quern::runtime {

namespace {

uint64_t slotsOf(const StateEntry &entry) { return entry.before + entry.room + entry.after; }

/// States begin at cache lines, with room behind for what vector loads read and never use.
uint64_t bytesOfState(const StateEntry &entry) {
  uint64_t bytes = slotsOf(entry) * entry.slotBytes + tailPadding;
  return (bytes + bufferAlignment - 1) / bufferAlignment * bufferAlignment;
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

uint64_t SequenceState::bytesOf(const ImageView &image) {
  uint64_t bytes = 0;
  for (const StateEntry &entry : image.states())
    bytes += bytesOfState(entry);
  return bytes;
}

void SequenceState::open(const ImageView &image, StateMemory *given, unsigned char *memory) {
  view = &image;
  states = given;
  for (uint64_t i = 0; i < count(); ++i) {
    states[i] = {memory, 0};
    memory += bytesOfState(image.states()[i]);
  }
}

void SequenceState::reach(const Place &place) {
  for (uint64_t i = 0; i < count(); ++i) {
    const StateEntry &entry = view->states()[i];
    uint64_t number = slotNumber(entry, place);
    // On a grid of rows, numbers begin anew in the rows between.
    if (number < states[i].origin + entry.room)
      continue;
    uint64_t passed = number - states[i].origin;
    uint64_t all = slotsOf(entry);
    uint64_t kept = entry.before + entry.after;
    if (passed >= all)
      kept = 0;
    else if (kept > all - passed)
      kept = all - passed;
    std::memmove(states[i].base, states[i].base + passed * entry.slotBytes, kept * entry.slotBytes);
    std::memset(states[i].base + kept * entry.slotBytes, 0, (all - kept) * entry.slotBytes);
    states[i].origin = number;
  }
}

} // namespace quern::runtime
