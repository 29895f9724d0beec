#include "tools/quern/conv/ConvJson.h"

#include <limits>

namespace quern::tools {
namespace {

/// The figures of a record and those that its layer gives.
Json reported(const ConvLayer &layer, size_t index) {
  const ConvRecord &record = layer.records[index];
  Json entry{{"layer", layer.name()}, {"shape", layer.shape.text()}, {"count", layer.count}};
  for (const char *figure : {"algorithm",    "tile",
                             "ms_min",       "ms_median",
                             "ms_spread",    "runs",
                             "gflops",       "true_gflops",
                             "peak_share",   "peak_gflops",
                             "estimated_ms", "workspace_bytes",
                             "weight_bytes", "multiplications",
                             "max_error",    "mean_error",
                             "error_bound",  "claimed_error",
                             "conditional",  "compile_seconds",
                             "from_cache"})
    entry[figure] = nullptr;
  if (record.isMeasured()) {
    entry.update(toJson(record));
    if (!record.hasSpread())
      entry["ms_spread"] = nullptr;
    entry["from_cache"] = record.isKept;
    entry["gflops"] = effectiveGflops(layer, record);
    entry["true_gflops"] = trueGflops(record);
    entry["peak_share"] = peakShare(record);
  }
  if (layer.claims[index])
    entry["claimed_error"] = *layer.claims[index];
  entry["algorithm"] = passes::variantText(record.algorithm, record.tile);
  entry["tile"] = std::vector<int64_t>(record.tile.begin(), record.tile.end());
  if (record.refusal.empty() && !layer.estimates.empty())
    entry["estimated_ms"] = layer.estimates[index];
  entry["chosen"] = layer.chosen == index;
  entry["chosen_by_model"] = layer.automatic == index;
  entry["reason"] = layer.verdictOn(index);
  return entry;
}

} // namespace

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
  json["runs"] = record.runs;
  json["workspace_bytes"] = record.workspaceBytes;
  json["weight_bytes"] = record.weightBytes;
  json["multiplications"] = record.multiplications;
  json["peak_gflops"] = record.peakGflops;
  json["max_error"] = record.maxError;
  json["mean_error"] = record.meanError;
  json["error_bound"] = record.errorBound;
  json["compile_seconds"] = record.compileSeconds;
  json["conditional"] = record.isConditional;
  return json;
}

Json toJson(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  Json records = Json::array();
  for (const ConvLayer &layer : layers)
    for (size_t index = 0; index < layer.records.size(); ++index)
      records.push_back(reported(layer, index));
  Json json{{"processor", setting.processor},
            {"target", setting.target},
            {"threads", setting.threads},
            {"dtype", passes::text(setting.element).str()},
            {"peak_gflops", setting.peakGflops},
            {"weights", setting.weights},
            {"max_error", setting.budgets.maxError},
            {"max_workspace", nullptr},
            {"records", std::move(records)}};
  if (setting.budgets.maxWorkspace)
    json["max_workspace"] = *setting.budgets.maxWorkspace;
  return json;
}

/// An error that was infinite, as where an algorithm overflows, is written as null.
static double numberFrom(const Json &value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
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
      entry.at("runs").get_to(record.runs);
      entry.at("workspace_bytes").get_to(record.workspaceBytes);
      entry.at("weight_bytes").get_to(record.weightBytes);
      entry.at("multiplications").get_to(record.multiplications);
      entry.at("peak_gflops").get_to(record.peakGflops);
      record.maxError = numberFrom(entry.at("max_error"));
      record.meanError = numberFrom(entry.at("mean_error"));
      record.errorBound = numberFrom(entry.at("error_bound"));
      entry.at("compile_seconds").get_to(record.compileSeconds);
      entry.at("conditional").get_to(record.isConditional);
    }
  } catch (const Json::exception &) {
    return std::nullopt;
  }
  return records;
}

} // namespace quern::tools
