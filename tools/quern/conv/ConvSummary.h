// What several layers take together, by each algorithm.
#pragma once

#include "tools/quern/conv/ConvLayer.h"

namespace quern::tools {

/// A column for each algorithm's fastest variant within the budgets, and one for the best of all.
struct ConvSummary {
  struct Row {
    std::string name;
    std::string times;         ///< how often there is such a layer
    std::vector<double> cells; ///< milliseconds; NaN where there is no such variant
  };
  std::vector<std::string> titles{}; ///< of the columns
  std::vector<Row> rows{};           ///< one for each layer, and their sum
};

ConvSummary summarise(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

/// Milliseconds to three digits, with four decimals at least; "-" of NaN.
std::string millisecondsText(double milliseconds);

/// Decimals of the same.
int decimalsOf(double milliseconds);

} // namespace quern::tools
