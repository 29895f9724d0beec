// Which buffers of the step programs lie in states, and where.
#pragma once

#include "runtime/ImageView.h"

/// A buffer of a step program that lies in a state.
struct quern_binding {
  uint64_t buffer;
  uint32_t state;
  bool isFixed;
  /// From the current position's slot, or from the first.
  int64_t byteOffset;
  /// Of a constant state: from here to the next position's slot, and the bytes to read there. They
  /// are fetched a step ahead: each position has weights of its own, which nothing else foretells.
  uint64_t toNext;
  uint64_t bytesAhead;
};

namespace quern::runtime {

/// Whether two bindings count from the same slot.
inline bool isSameSlot(const quern_binding &a, const quern_binding &b) {
  return a.state == b.state && a.isFixed == b.isFixed;
}

/// Fills in the bindings of all programs: of program i from firstBinding[i] to firstBinding[i + 1],
/// those that count from the same slot beside each other.
void bindStates(const ImageView &image, quern_binding *bindings, uint64_t *firstBinding);

} // namespace quern::runtime
