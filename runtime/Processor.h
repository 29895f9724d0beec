// What the machine offers us: instruction sets, processors and memory.
#pragma once

#include <cstdint>

namespace quern::runtime {

/// The X86Feature bits that processor and operating system support; 0 on other architectures.
uint64_t processorFeatures();

/// Asks the kernel to let this process use AMX tiles. True when it does.
bool enableAmx();

/// Writes the names of the set bits, "avx2, fma", cut off at `size`.
void featureNames(uint64_t features, char *text, uint64_t size);

/// How many processors this thread may use: the affinity mask, lowered to the quota of its control
/// groups rounded up, at least 1.
uint32_t availableProcessors();

/// The smallest cpu quota, in processors rounded up, of this process's control groups (v1 and v2)
/// and those above them; 0 when none is set. `root` precedes every path: "" but in tests.
uint32_t controlGroupQuota(const char *root);

/// Bytes of memory that this process may come to use at most: the machine's, lowered to the limit
/// of its control groups; 0 when neither is known.
uint64_t availableMemory();

/// The smallest memory limit, in bytes, of this process's control groups and those above them; 0
/// when none is set. `root` as above.
uint64_t controlGroupMemory(const char *root);

} // namespace quern::runtime
