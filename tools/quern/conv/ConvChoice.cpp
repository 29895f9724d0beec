#include "tools/quern/conv/ConvChoice.h"

#include "tools/quern/Compilation.h"

#include <fmt/format.h>

namespace quern::tools {
namespace {

bool isAllowed(const ConvRecord &record, const ConvSetting &setting) {
  return !record.isConditional && setting.budgets.keeps(record);
}

std::string reasonAgainst(const ConvRecord &record, const ConvRecord &chosen,
                          const ConvSetting &setting) {
  if (!record.isMeasured())
    return record.refusal;
  if (record.isConditional)
    return fmt::format("only for weights such as these were made up to be, which --weights tells; "
                       "takes {:.2f} times as long as the fastest of all",
                       record.msMedian / chosen.msMedian);
  if (!setting.budgets.fitsWorkspace(record))
    return fmt::format("its workspace of {} exceeds the budget of {}",
                       byteText(record.workspaceBytes), byteText(*setting.budgets.maxWorkspace));
  if (!(record.maxError <= setting.budgets.maxError))
    return fmt::format("its error of {:.1e} exceeds the budget of {:.1e}", record.maxError,
                       setting.budgets.maxError);
  return fmt::format("takes {:.2f} times as long as the fastest",
                     record.msMedian / chosen.msMedian);
}

/// Of the choice where none keeps the budgets.
std::string leastError(const ConvLayer &layer, const ConvSetting &setting) {
  auto any = [&](auto keeps) {
    return llvm::any_of(layer.records, [&](const ConvRecord &record) {
      return record.isMeasured() && !record.isConditional && keeps(record);
    });
  };
  bool isAccurate =
      any([&](const ConvRecord &r) { return r.maxError <= setting.budgets.maxError; });
  bool isSmall = any([&](const ConvRecord &r) { return setting.budgets.fitsWorkspace(r); });
  const char *which = isAccurate && isSmall ? "both budgets"
                      : isAccurate          ? "the budget on workspace"
                      : isSmall             ? "the budget on errors"
                                            : "the budgets";
  return fmt::format("the least error: none keeps {}", which);
}

} // namespace

void chooseMeasured(ConvLayer &layer, const ConvSetting &setting) {
  auto better = [&](const ConvRecord &a, const ConvRecord &b) {
    bool isAllowedA = isAllowed(a, setting), isAllowedB = isAllowed(b, setting);
    if (isAllowedA != isAllowedB)
      return isAllowedA;
    if (a.isConditional != b.isConditional)
      return b.isConditional;
    return isAllowedA ? a.msMedian < b.msMedian : a.maxError < passes::clearlyLess * b.maxError;
  };
  for (size_t index = 0; index < layer.records.size(); ++index)
    if (layer.records[index].isMeasured() &&
        (!layer.chosen || better(layer.records[index], layer.records[*layer.chosen])))
      layer.chosen = index;
  layer.reasons.clear();
  for (size_t index = 0; index < layer.records.size(); ++index) {
    const ConvRecord &record = layer.records[index];
    if (layer.chosen != index)
      layer.reasons.push_back(layer.chosen
                                  ? reasonAgainst(record, layer.records[*layer.chosen], setting)
                                  : record.refusal);
    else
      layer.reasons.push_back(isAllowed(record, setting) ? "fastest within the budgets"
                                                         : leastError(layer, setting));
  }
}

void chooseAutomatic(ConvLayer &layer, const passes::ConvPolicy &policy) {
  // As one filter of all their output channels, of which decide() looks at the most demanding.
  std::vector<float> weights;
  for (const std::vector<float> &filter : layer.filters)
    llvm::append_range(weights, filter);
  std::optional<passes::FilterView> view;
  if (!weights.empty())
    view = passes::FilterView{weights,
                              layer.shape.outChannels * static_cast<int64_t>(layer.filters.size()),
                              layer.shape.channelsPerGroup()};
  passes::ConvDecision decision = passes::decide(layer.shape, view, policy);
  layer.estimates.assign(layer.records.size(), 0);
  for (size_t index = 0; index < layer.records.size(); ++index) {
    const ConvRecord &record = layer.records[index];
    if (record.refusal.empty())
      layer.estimates[index] = passes::convAlgorithm(record.algorithm)
                                   .cost(layer.shape, record.tile, policy.machine)
                                   .microseconds /
                               1000;
    bool isPick = decision.algorithm == record.algorithm && decision.tile == record.tile;
    for (const passes::ConvCandidate &candidate : decision.candidates) {
      if (candidate.algorithm != record.algorithm || candidate.tile != record.tile)
        continue;
      // Nothing is looked at that exceeds the budget on workspace: then there is no choice.
      if (isPick && candidate.error)
        layer.automatic = index;
      if (!layer.chosen && !record.isConditional)
        layer.reasons[index] = isPick && candidate.error ? decision.reason : candidate.refusal;
    }
  }
}

} // namespace quern::tools
