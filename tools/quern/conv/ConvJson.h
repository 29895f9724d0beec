// Records of convolutions as JSON.
#pragma once

#include "tools/quern/conv/ConvLayer.h"
#include "tools/quern/conv/TuningCache.h"

#include <optional>

namespace quern::tools {

Json toJson(const ConvRecord &record);

/// One record for each layer and algorithm: what was measured, null where it does not apply, and
/// what is made of it.
Json toJson(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

/// What toJson made of a record. Nothing where it is not that.
std::optional<std::vector<ConvRecord>> recordsFrom(const Json &json);

} // namespace quern::tools
