// Records of convolutions as JSON.
#pragma once

#include "tools/quern/conv/ConvLab.h"

#include <nlohmann/json.hpp>

#include <optional>

namespace quern::tools {

using Json = nlohmann::ordered_json;

Json toJson(const ConvRecord &record);

/// What toJson made. Nothing where it is not that.
std::optional<std::vector<ConvRecord>> recordsFrom(const Json &json);

} // namespace quern::tools
