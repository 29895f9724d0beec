// The functions that kernels import, as the tests have them: memory with padding, two threads, and
// an account of the scratch that is held.
#pragma once

#include <cstdint>

namespace quern::tests {

/// The most scratch that kernels held at once, as runtime::scratchBytesOf counts: outside of
/// parallel loops, and in one thread inside of them.
struct ScratchUse {
  uint64_t serialBytes;
  uint64_t threadBytes;
};

/// Begins the account anew.
void forgetScratch();
/// What was held since then.
ScratchUse scratchUse();

} // namespace quern::tests
