#include "tools/quern/conv/ConvReport.h"

#include "tools/quern/Compilation.h"

#include <fmt/format.h>

namespace quern::tools {
namespace {

std::string rowText(const ConvSetting &setting, const ConvLayer &layer, size_t index) {
  const ConvRecord &record = layer.records[index];
  std::string name = passes::variantText(record.algorithm, record.tile);
  if (!record.refusal.empty())
    return fmt::format("  {:<19} {}\n", name, record.refusal);
  return fmt::format("{} {:<19} {:>9.3f} {:>8.3f} {:>8.1f} {:>8.1f} {:>5.0f}% {:>11} {:>11} "
                     "{:>8.1e} {:>8.1e}\n",
                     layer.chosen == index ? '*' : ' ', name, record.msMedian, record.msSpread,
                     effectiveGflops(layer, record), trueGflops(record),
                     100 * trueGflops(record) / setting.peakGflops, byteText(record.workspaceBytes),
                     byteText(record.weightBytes), record.maxError, record.meanError);
}

} // namespace

double effectiveGflops(const ConvLayer &layer, const ConvRecord &record) {
  return 2e-6 * static_cast<double>(layer.shape.products()) / record.msMedian;
}

double trueGflops(const ConvRecord &record) {
  return 2e-6 * static_cast<double>(record.multiplications) / record.msMedian;
}

std::string tableText(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  std::string text = fmt::format(
      "{}, {} thread{}, peak {:.1f} GFLOP/s measured; error budget {:.1e}\n", setting.processor,
      setting.threads, setting.threads == 1 ? "" : "s", setting.peakGflops, setting.maxError);
  for (const ConvLayer &layer : layers) {
    text +=
        fmt::format("\n{}{}{}\n", layer.label.empty() ? "" : layer.label + ": ", layer.shape.text(),
                    layer.count > 1 ? fmt::format(" ({} times)", layer.count) : "");
    text += fmt::format("  {:<19} {:>9} {:>8} {:>8} {:>8} {:>6} {:>11} {:>11} {:>8} {:>8}\n",
                        "algorithm", "median ms", "spread", "GFLOP/s", "true", "peak", "workspace",
                        "weights", "max err", "mean err");
    for (size_t index = 0; index < layer.records.size(); ++index)
      text += rowText(setting, layer, index);
    if (!layer.reason.empty())
      text += fmt::format("  * {}\n", layer.reason);
  }
  text += "\nGFLOP/s by the count of direct convolution; true: by the multiplications counted in "
          "the compiled loops, of which peak is the share.\n";
  return text;
}

Json reportJson(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  Json records = Json::array();
  for (const ConvLayer &layer : layers)
    for (size_t index = 0; index < layer.records.size(); ++index) {
      const ConvRecord &record = layer.records[index];
      Json entry{{"layer", layer.label.empty() ? layer.shape.text() : layer.label},
                 {"shape", layer.shape.text()},
                 {"count", layer.count}};
      entry.update(toJson(record));
      entry["algorithm"] = passes::variantText(record.algorithm, record.tile);
      entry["chosen"] = layer.chosen == index;
      if (record.refusal.empty()) {
        entry["gflops"] = effectiveGflops(layer, record);
        entry["true_gflops"] = trueGflops(record);
        entry["peak_share"] = trueGflops(record) / setting.peakGflops;
        entry["reason"] = layer.chosen == index ? layer.reason : "";
      }
      records.push_back(entry);
    }
  return {{"processor", setting.processor}, {"target", setting.target},
          {"threads", setting.threads},     {"peak_gflops", setting.peakGflops},
          {"max_error", setting.maxError},  {"records", records}};
}

} // namespace quern::tools
