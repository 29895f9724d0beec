// What was measured, for people who read it in a terminal: no line is longer than 120 columns.
#pragma once

#include "tools/quern/conv/ConvLayer.h"

#include <string>
#include <vector>

namespace quern::tools {

/// What the figures depend on.
std::string settingText(const ConvSetting &setting);

/// The table of one layer: a row for each record, those that do not apply with their reasons.
std::string tableText(const ConvLayer &layer);

/// A row for each layer, a column for each algorithm's best variant within the budget on errors,
/// and the sum over all layers.
std::string summaryText(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

/// What the columns mean, of times that are estimated or were measured.
std::string legendText(bool isEstimate);

} // namespace quern::tools
