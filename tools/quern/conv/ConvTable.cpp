#include "tools/quern/conv/ConvTable.h"

#include "tools/quern/Compilation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::tools {
namespace {

/// Decimals that show three digits of a time in milliseconds, four at least.
int decimalsOf(double milliseconds) {
  constexpr int least = 4, most = 8;
  return milliseconds > 0
             ? std::clamp(2 - static_cast<int>(std::floor(std::log10(milliseconds))), least, most)
             : least;
}

std::string rowText(const ConvLayer &layer, size_t index) {
  const ConvRecord &record = layer.records[index];
  std::string name = passes::variantText(record.algorithm, record.tile);
  if (!record.refusal.empty())
    return fmt::format("  {:<19} {}\n", name, record.refusal);
  char mark = record.isConditional ? '?' : ' ';
  if (!record.isMeasured()) {
    bool isTaken = layer.automatic == index;
    return fmt::format("{} {:<19} {:>10.{}f}{}\n", isTaken ? '*' : mark, name,
                       layer.estimates[index], decimalsOf(layer.estimates[index]),
                       isTaken || record.isConditional ? "" : "  " + layer.reasons[index]);
  }
  int decimals = decimalsOf(record.msMedian);
  std::string spread = record.hasSpread() ? fmt::format("{:.{}f}", record.msSpread, decimals) : "-";
  return fmt::format("{} {:<19} {:>10.{}f} {:>8} {:>8.1f} {:>8.1f} {:>5.0f}% {:>11} {:>11} "
                     "{:>8.1e} {:>8.1e}\n",
                     layer.chosen == index ? '*' : mark, name, record.msMedian, decimals, spread,
                     effectiveGflops(layer, record), trueGflops(record), 100 * peakShare(record),
                     byteText(record.workspaceBytes), byteText(record.weightBytes), record.maxError,
                     record.meanError);
}

std::string choiceText(const ConvLayer &layer) {
  std::string text;
  if (layer.chosen)
    text = fmt::format("  * {}", layer.reasons[*layer.chosen]);
  if (!layer.automatic)
    return layer.fitsWorkspace
               ? text + (layer.chosen ? "; " : "  ") + "the cost model takes none of these\n"
               : text + (layer.chosen ? "\n" : "  none keeps the budget on workspace\n");
  const ConvRecord &pick = layer.records[*layer.automatic];
  std::string name = passes::variantText(pick.algorithm, pick.tile);
  if (!layer.chosen)
    return fmt::format("  * the cost model's choice: {}\n", layer.reasons[*layer.automatic]);
  if (layer.chosen == layer.automatic)
    return text + ", and the cost model's choice\n";
  if (!pick.isMeasured())
    return text + fmt::format("; the cost model takes {}\n", name);
  const ConvRecord &chosen = layer.records[*layer.chosen];
  text += fmt::format("; the cost model takes {}, {:.2f} times as long", name,
                      pick.msMedian / chosen.msMedian);
  if (!layer.refusalOfChosen.empty())
    text += fmt::format(", as the compiler expects of {}: {}",
                        passes::variantText(chosen.algorithm, chosen.tile), layer.refusalOfChosen);
  return text + "\n";
}

/// Times of one algorithm, or of the best for each layer.
struct SummaryColumn {
  std::string title;
  std::optional<ir::ConvAlgorithm> kind;
  double sum = 0; ///< NaN where a layer cannot be computed so

  size_t width() const { return std::max<size_t>(title.size(), 10); }

  std::string cell(double milliseconds) const {
    return std::isnan(milliseconds)
               ? fmt::format(" {:>{}}", "-", width())
               : fmt::format(" {:>{}.{}f}", milliseconds, width(), decimalsOf(milliseconds));
  }

  /// The layer's time, which it adds to the sum.
  double add(const ConvLayer &layer, const ConvSetting &setting) {
    const ConvRecord *record = fastest(layer.records, setting.budgets, kind);
    double time = record ? record->msMedian : std::numeric_limits<double>::quiet_NaN();
    sum += static_cast<double>(layer.count) * time;
    return time;
  }
};

} // namespace

std::string settingText(const ConvSetting &setting) {
  return fmt::format(
      "{}, {}, {}, peak {:.1f} GFLOP/s measured; error budget {:.1e}{}\n{} {}\n", setting.processor,
      threadsText(setting.threads), passes::text(setting.element).str(), setting.peakGflops,
      setting.budgets.maxError,
      setting.budgets.maxWorkspace ? ", workspace budget " + byteText(*setting.budgets.maxWorkspace)
                                   : "",
      setting.isEstimate ? "times by the cost model, of which the least within the budgets is "
                           "taken, as estimated on"
                         : "errors on",
      setting.weights);
}

std::string tableText(const ConvLayer &layer) {
  std::string text =
      fmt::format("\n{}{}{}\n", layer.label.empty() ? "" : layer.label + ": ", layer.shape.text(),
                  layer.count > 1 ? fmt::format(" ({} times)", layer.count) : "");
  bool isMeasured = llvm::any_of(layer.records, [](const ConvRecord &r) { return r.isMeasured(); });
  text += isMeasured
              ? fmt::format("  {:<19} {:>10} {:>8} {:>8} {:>8} {:>6} {:>11} {:>11} {:>8} {:>8}\n",
                            "algorithm", "median ms", "spread", "GFLOP/s", "true", "peak",
                            "workspace", "weights", "max err", "mean err")
              : fmt::format("  {:<19} {:>10}\n", "algorithm", "estim. ms");
  for (size_t index = 0; index < layer.records.size(); ++index)
    text += rowText(layer, index);
  text += choiceText(layer);
  if (layer.isKept())
    text += fmt::format("  {}\n", keptText);
  if (llvm::any_of(layer.records, [](const ConvRecord &r) { return r.isConditional; }))
    text +=
        "  ? only where filters are products of two lines, or sums of few such, as those made up "
        "for it are; --weights looks at a model's own\n";
  return text;
}

std::string summaryText(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  size_t width = 5;
  for (const ConvLayer &layer : layers)
    width = std::max(width, layer.name().size());
  std::vector<SummaryColumn> columns;
  for (ir::ConvAlgorithm kind : measuredAlgorithms(layers))
    columns.push_back({ir::stringifyConvAlgorithm(kind).str(), kind});
  columns.push_back({"best", std::nullopt});

  std::string text = fmt::format("\n{:<{}} {:>5}", "ms", width, "times");
  for (const SummaryColumn &column : columns)
    text += fmt::format(" {:>{}}", column.title, column.width());
  for (const ConvLayer &layer : layers) {
    text += fmt::format("\n{:<{}} {:>5}", layer.name(), width, layer.count);
    for (SummaryColumn &column : columns)
      text += column.cell(column.add(layer, setting));
  }
  text += fmt::format("\n{:<{}} {:>5}", "all", width, "");
  for (const SummaryColumn &column : columns)
    text += column.cell(column.sum);
  return text + "\n";
}

std::string legendText() {
  return "\nSpread is what lies between the quartiles, in ms. GFLOP/s by the count of direct "
         "convolution; true: by the\nmultiplications counted in the compiled loops, of which peak "
         "is the share. Errors are relative to the largest\noutput, against double precision. "
         "Workspace is held besides the stack, where buffers of up to 16 KiB each lie.\n";
}

} // namespace quern::tools
