#include "tools/quern/conv/ConvJson.h"

namespace quern::tools {

Json toJson(const ConvRecord &record) {
  Json json{{"algorithm", ir::stringifyConvAlgorithm(record.algorithm).str()},
            {"tile", std::vector<int64_t>(record.tile.begin(), record.tile.end())}};
  if (!record.refusal.empty()) {
    json["reason"] = record.refusal;
    return json;
  }
  json["ms_min"] = record.msMin;
  json["ms_median"] = record.msMedian;
  json["ms_spread"] = record.msSpread;
  json["workspace_bytes"] = record.workspaceBytes;
  json["weight_bytes"] = record.weightBytes;
  json["multiplications"] = record.multiplications;
  json["max_error"] = record.maxError;
  json["mean_error"] = record.meanError;
  json["error_bound"] = record.errorBound;
  json["compile_seconds"] = record.compileSeconds;
  return json;
}

std::optional<std::vector<ConvRecord>> recordsFrom(const Json &json) {
  if (!json.is_array())
    return std::nullopt;
  std::vector<ConvRecord> records;
  try {
    for (const Json &entry : json) {
      ConvRecord &record = records.emplace_back();
      auto algorithm = ir::symbolizeConvAlgorithm(entry.at("algorithm").get<std::string>());
      if (!algorithm)
        return std::nullopt;
      record.algorithm = *algorithm;
      for (const Json &extent : entry.at("tile"))
        record.tile.push_back(extent.get<int64_t>());
      if (entry.contains("reason")) {
        record.refusal = entry["reason"].get<std::string>();
        continue;
      }
      entry.at("ms_min").get_to(record.msMin);
      entry.at("ms_median").get_to(record.msMedian);
      entry.at("ms_spread").get_to(record.msSpread);
      entry.at("workspace_bytes").get_to(record.workspaceBytes);
      entry.at("weight_bytes").get_to(record.weightBytes);
      entry.at("multiplications").get_to(record.multiplications);
      entry.at("max_error").get_to(record.maxError);
      entry.at("mean_error").get_to(record.meanError);
      entry.at("error_bound").get_to(record.errorBound);
      entry.at("compile_seconds").get_to(record.compileSeconds);
    }
  } catch (const Json::exception &) {
    return std::nullopt;
  }
  return records;
}

} // namespace quern::tools
