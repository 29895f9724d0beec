// How often a classifier is right.
#pragma once

#include "runtime/main/Inputs.h"

namespace quern::runtime {

struct Score {
  size_t right = 0;
  size_t rows = 0;
  /// "443 of 450 as expected, 98.44 %".
  std::string text() const;
};

/// The true class of each row of the first output, read from a file of integers (--expect).
Result<std::vector<int64_t>> readExpected(const Signature &signature, const std::string &argument);

/// In how many rows of the first output the true class has the greatest number.
Score scoreOf(const std::vector<int64_t> &expected, const AlignedBytes &output);

} // namespace quern::runtime
