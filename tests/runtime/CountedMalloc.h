// Counts calls of malloc and its kin, by standing in front of the C library's: for programs of
// their own. What is loaded later is counted, too.
#pragma once

namespace quern::tests {

/// Counts from here on, in all threads.
void countAllocations();
/// How many there were since; stops counting.
int allocationsCounted();

} // namespace quern::tests
