// Tables about the model and its kernels.
#pragma once

#include "runtime/main/Signature.h"

#include <nlohmann/json_fwd.hpp>

namespace quern::runtime {

/// What the model takes, gives and needs (--info).
std::string describeModel(const Signature &signature);
nlohmann::json modelToJson(const Signature &signature);

/// The kernels that took time, the costliest first, kernel calls on the same source line apart
/// (--profile).
std::string describeProfile(const quern_context *context);

} // namespace quern::runtime
