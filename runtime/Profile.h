// What each kernel call has cost.
#pragma once

#include <cstdint>

namespace quern::runtime {

/// One kernel call's account.
struct StepCost {
  uint64_t calls;
  uint64_t totalNs;
  uint64_t minNs;
  /// When the call in progress began.
  uint64_t begunNs;

  void begin();
  void end();
};

} // namespace quern::runtime
