// Small questions about extents that every family's schedule asks.
#pragma once

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// How many elements a tensor of these extents has.
inline double elementCount(const std::vector<int64_t> &extents) {
  double count = 1;
  for (int64_t extent : extents)
    count *= static_cast<double>(extent);
  return count;
}

/// The tail of a loop of `extent` split by `factor`: none, or a test.
inline Halide::TailStrategy tailFor(int64_t extent, int64_t factor) {
  return extent % factor == 0 ? Halide::TailStrategy::RoundUp : Halide::TailStrategy::GuardWithIf;
}

} // namespace quern::codegen
