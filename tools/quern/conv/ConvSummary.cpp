#include "tools/quern/conv/ConvSummary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::tools {

ConvSummary summarise(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  std::vector<std::optional<ir::ConvAlgorithm>> kinds;
  ConvSummary summary;
  for (ir::ConvAlgorithm kind : measuredAlgorithms(layers)) {
    kinds.emplace_back(kind);
    summary.titles.push_back(ir::stringifyConvAlgorithm(kind).str());
  }
  kinds.emplace_back(std::nullopt);
  summary.titles.emplace_back("best");
  ConvSummary::Row all{"all", "", std::vector<double>(kinds.size(), 0)};
  for (const ConvLayer &layer : layers) {
    ConvSummary::Row &row =
        summary.rows.emplace_back(ConvSummary::Row{layer.name(), std::to_string(layer.count), {}});
    for (size_t i = 0; i < kinds.size(); ++i) {
      const ConvRecord *record = fastest(layer.records, setting.budgets, kinds[i]);
      row.cells.push_back(record ? record->msMedian : std::numeric_limits<double>::quiet_NaN());
      all.cells[i] += static_cast<double>(layer.count) * row.cells.back();
    }
  }
  summary.rows.push_back(std::move(all));
  return summary;
}

int decimalsOf(double milliseconds) {
  constexpr int least = 4, most = 8;
  return milliseconds > 0
             ? std::clamp(2 - static_cast<int>(std::floor(std::log10(milliseconds))), least, most)
             : least;
}

std::string millisecondsText(double milliseconds) {
  return std::isnan(milliseconds) ? "-"
                                  : fmt::format("{:.{}f}", milliseconds, decimalsOf(milliseconds));
}

} // namespace quern::tools
