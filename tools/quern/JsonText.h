// JSON as commands print it.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace quern::tools {

/// Indented. Bytes that are no UTF-8, which names of files may hold, become the replacement
/// character.
inline std::string jsonText(const nlohmann::ordered_json &json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace quern::tools
