#include "tools/quern/conv/ConvTable.h"

#include "passes/conv/ErrorClaims.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/conv/ConvSummary.h"

#include <fmt/format.h>

#include <algorithm>

namespace quern::tools {
namespace {

std::string rowText(const ConvLayer &layer, size_t index) {
  const ConvRecord &record = layer.records[index];
  std::string name = passes::variantText(record.algorithm, record.tile);
  if (!record.refusal.empty())
    return fmt::format("  {:<19} {}\n", name, record.refusal);
  char mark = record.isConditional ? '?' : ' ';
  std::string claim = layer.claims[index] ? passes::claimText(*layer.claims[index]) : "-";
  if (!record.isMeasured()) {
    bool isTaken = layer.automatic == index;
    return fmt::format("{} {:<19} {:>10.{}f} {:>8}{}\n", isTaken ? '*' : mark, name,
                       layer.estimates[index], decimalsOf(layer.estimates[index]), claim,
                       isTaken || record.isConditional ? "" : "  " + layer.reasons[index]);
  }
  int decimals = decimalsOf(record.msMedian);
  std::string spread = record.hasSpread() ? fmt::format("{:.{}f}", record.msSpread, decimals)
                                          : std::string(oneRunText);
  return fmt::format("{} {:<19} {:>10.{}f} {:>8} {:>8.1f} {:>8.1f} {:>5.0f}% {:>11} {:>11} "
                     "{:>8.1e} {:>8} {:>8.1e}\n",
                     layer.chosen == index ? '*' : mark, name, record.msMedian, decimals, spread,
                     effectiveGflops(layer, record), trueGflops(record), 100 * peakShare(record),
                     byteText(record.workspaceBytes), byteText(record.weightBytes), record.maxError,
                     claim, record.meanError);
}

/// The choice by what was measured, and how the cost model's compares.
std::string measuredChoiceText(const ConvLayer &layer) {
  std::string text = fmt::format("  * {}", layer.reasons[*layer.chosen]);
  if (!layer.automatic)
    return text + (layer.fitsWorkspace ? "; the cost model takes none of these\n" : "\n");
  if (layer.chosen == layer.automatic)
    return text + ", and the cost model's choice\n";
  const ConvRecord &pick = layer.records[*layer.automatic];
  text += fmt::format("; the cost model takes {}", passes::variantText(pick.algorithm, pick.tile));
  if (!pick.isMeasured())
    return text + "\n";
  double ratio = pick.msMedian / layer.records[*layer.chosen].msMedian;
  return ratio >= 1 ? text + fmt::format(", {:.2f} times as long\n", ratio)
                    : text + fmt::format(", in {:.0f} % of its time:\n    {}\n", 100 * ratio,
                                         layer.reasons[*layer.automatic]);
}

std::string choiceText(const ConvLayer &layer) {
  if (layer.chosen) {
    const std::string &doubt = layer.doubts[*layer.chosen];
    return measuredChoiceText(layer) +
           (doubt.empty() ? "" : fmt::format("    not taken by the compiler: {}\n", doubt));
  }
  if (!layer.automatic)
    return layer.fitsWorkspace ? "  the cost model takes none of these\n"
                               : "  none keeps the budget on workspace\n";
  // What else is said in the reason has a line of its own.
  auto [choice, others] = llvm::StringRef(layer.reasons[*layer.automatic]).split("; ");
  return fmt::format("  * the cost model's choice: {}\n{}", choice.str(),
                     others.empty() ? "" : fmt::format("    {}\n", others.str()));
}

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
  bool applies = llvm::any_of(layer.records, [](const ConvRecord &r) { return r.refusal.empty(); });
  if (isMeasured)
    text += fmt::format("  {:<19} {:>10} {:>8} {:>8} {:>8} {:>6} {:>11} {:>11} {:>8} {:>8} {:>8}\n",
                        "algorithm", "median ms", "spread", "GFLOP/s", "true", "peak", "workspace",
                        "weights", "max err", "claimed", "mean err");
  else
    text += fmt::format("  {:<19}{}\n", "algorithm", applies ? "  estim. ms  claimed" : " why not");
  for (size_t index = 0; index < layer.records.size(); ++index)
    text += rowText(layer, index);
  text += choiceText(layer);
  if (layer.isKept())
    text += fmt::format("  {}\n", keptText);
  if (llvm::any_of(layer.records, [](const ConvRecord &r) { return r.isConditional; }))
    text += "  ? only where filters are products of two lines, or sums of few such, as those made "
            "up for it\n"
            "    are; --weights looks at a model's own\n";
  return text;
}

std::string summaryText(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  ConvSummary summary = summarise(setting, layers);
  size_t width = 5;
  for (const ConvSummary::Row &row : summary.rows)
    width = std::max(width, row.name.size());
  auto line = [&](const std::string &name, const std::string &times, auto cellOf) {
    std::string text = fmt::format("{:<{}} {:>5}", name, width, times);
    for (size_t i = 0; i < summary.titles.size(); ++i)
      text += fmt::format(" {:>{}}", cellOf(i), std::max<size_t>(summary.titles[i].size(), 10));
    return text + "\n";
  };
  std::string text = "\n" + line("ms", "times", [&](size_t i) { return summary.titles[i]; });
  for (const ConvSummary::Row &row : summary.rows)
    text += line(row.name, row.times, [&](size_t i) { return millisecondsText(row.cells[i]); });
  return text;
}

std::string legendText(bool isEstimate) {
  if (isEstimate)
    return "\nClaimed is what the compiler, by samples, expects the largest error hardly to "
           "exceed, relative to the largest\noutput; - where that depends on weights that are "
           "not known.\n";
  return "\nSpread is what lies between the quartiles, in ms. GFLOP/s by the count of direct "
         "convolution; true: by the\nmultiplications counted in the compiled loops, of which peak "
         "is the share. Errors are relative to the largest\noutput, against double precision; "
         "claimed: what the compiler, by samples, expects the largest hardly to\nexceed. "
         "Workspace is held besides the stack, where buffers of up to 16 KiB each lie.\n";
}

} // namespace quern::tools
