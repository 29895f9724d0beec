#include "tools/quern/conv/ConvChoice.h"

#include "tools/quern/Compilation.h"

#include <fmt/format.h>

namespace quern::tools {
namespace {

bool isAllowed(const ConvRecord &record, const ConvSetting &setting) {
  return !record.isConditional && setting.budgets.keeps(record);
}

/// Why a record cannot be chosen whatever the others are; empty if it can.
std::string refusalOf(const ConvRecord &record, const ConvSetting &setting) {
  if (!record.isMeasured())
    return record.refusal;
  if (!setting.budgets.fitsWorkspace(record))
    return fmt::format("its workspace of {} exceeds the budget of {}",
                       byteText(record.workspaceBytes), byteText(*setting.budgets.maxWorkspace));
  return "";
}

std::string reasonAgainst(const ConvRecord &record, const ConvRecord &chosen,
                          const ConvSetting &setting) {
  if (std::string refusal = refusalOf(record, setting); !refusal.empty())
    return refusal;
  if (record.isConditional)
    return fmt::format("only for weights such as these were made up to be, which --weights tells; "
                       "takes {:.2f} times as long as the fastest of all",
                       record.msMedian / chosen.msMedian);
  if (!(record.maxError <= setting.budgets.maxError))
    return fmt::format("its error of {:.1e} exceeds the budget of {:.1e}", record.maxError,
                       setting.budgets.maxError);
  return fmt::format("takes {:.2f} times as long as the fastest",
                     record.msMedian / chosen.msMedian);
}

/// The better, the less: times of what is within the budgets, errors where nothing is. Direct needs
/// not have quite the least error, as for the compiler.
double rank(const ConvRecord &record, const ConvSetting &setting) {
  if (isAllowed(record, setting))
    return record.msMedian;
  bool isDirect = record.algorithm == ir::ConvAlgorithm::direct;
  return record.maxError * (isDirect ? passes::clearlyLess : 1);
}

} // namespace

void chooseMeasured(ConvLayer &layer, const ConvSetting &setting) {
  auto isEligible = [&](const ConvRecord &record) {
    return record.isMeasured() && !record.isConditional && setting.budgets.fitsWorkspace(record);
  };
  auto isBetter = [&](const ConvRecord &a, const ConvRecord &b) {
    bool isAllowedA = isAllowed(a, setting), isAllowedB = isAllowed(b, setting);
    return isAllowedA != isAllowedB ? isAllowedA : rank(a, setting) < rank(b, setting);
  };
  for (size_t index = 0; index < layer.records.size(); ++index)
    if (isEligible(layer.records[index]) &&
        (!layer.chosen || isBetter(layer.records[index], layer.records[*layer.chosen])))
      layer.chosen = index;
  layer.reasons.clear();
  for (size_t index = 0; index < layer.records.size(); ++index) {
    const ConvRecord &record = layer.records[index];
    if (layer.chosen != index)
      layer.reasons.push_back(layer.chosen
                                  ? reasonAgainst(record, layer.records[*layer.chosen], setting)
                                  : refusalOf(record, setting));
    else
      layer.reasons.push_back(isAllowed(record, setting)
                                  ? "fastest within the budgets"
                                  : "the least error: none keeps the budget on errors");
  }
}

/// Why the cost model leaves a record that it might have taken.
static std::string reasonAgainst(double milliseconds, const passes::ConvDecision &decision) {
  for (const passes::ConvCandidate &taken : decision.candidates)
    if (taken.algorithm == decision.algorithm && taken.tile == decision.tile)
      return fmt::format("takes {:.2f} times as long as {} by the cost model",
                         1000 * milliseconds / taken.cost.microseconds,
                         passes::variantText(taken.algorithm, taken.tile));
  return "";
}

void chooseAutomatic(ConvLayer &layer, passes::ConvPolicy policy) {
  // Where kernels were measured, what they hold is known.
  policy.workspace = [&, compile = policy.workspace](const passes::ConvShape &shape,
                                                     const passes::ConvCandidate &candidate) {
    for (const ConvRecord &record : layer.records)
      if (record.isMeasured() && isVariant(record, candidate.algorithm, candidate.tile))
        return std::optional(record.workspaceBytes);
    return compile(shape, candidate);
  };
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
  layer.fitsWorkspace = decision.fitsWorkspace;
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
      if (layer.chosen == index)
        layer.refusalOfChosen = candidate.refusal;
      bool isTaken = isPick && decision.fitsWorkspace;
      if (isTaken)
        layer.automatic = index;
      if (!layer.chosen)
        layer.reasons[index] = isTaken ? decision.reason : candidate.refusal;
    }
    if (layer.reasons[index].empty())
      layer.reasons[index] = reasonAgainst(layer.estimates[index], decision);
  }
}

} // namespace quern::tools
