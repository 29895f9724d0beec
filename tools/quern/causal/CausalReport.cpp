#include "tools/quern/causal/CausalReport.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "ir/SourceLocation.h"
#include "ir/StepAttributes.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/JsonText.h"

#include "llvm/ADT/StringMap.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace quern::tools {
namespace {

using Json = nlohmann::ordered_json;
using passes::indexText;

std::vector<int64_t> list(llvm::ArrayRef<int64_t> index) { return index.vec(); }

std::string plural(int64_t count, llvm::StringRef noun) {
  return fmt::format("{} {}{}", count, noun.str(), count == 1 ? "" : "s");
}

std::string locationOf(mlir::Value value) {
  mlir::Operation *op = value.getDefiningOp();
  return op ? ir::locationText(op->getLoc()) : "";
}

std::string inputName(const passes::CausalAnalysis &analysis) {
  return valueName(analysis.input());
}

std::string outputName(const passes::CausalAnalysis &analysis) {
  mlir::func::FuncOp model = analysis.model;
  auto name = model.getResultAttrOfType<mlir::StringAttr>(
      static_cast<unsigned>(analysis.positions.contract().getOutput()), ir::names::name);
  return name ? name.str() : "output";
}

/// The positions that a set holds.
Json positionsIn(const std::vector<uint8_t> &set, llvm::ArrayRef<int64_t> extents) {
  Json positions = Json::array();
  size_t at = 0;
  ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> position) {
    if (set[at++])
      positions.push_back(list(position));
  });
  return positions;
}

Json stepsJson(const std::optional<passes::Counterexample> &found) {
  Json steps = Json::array();
  if (!found)
    return steps;
  for (auto [at, step] : llvm::enumerate(found->steps))
    steps.push_back({{"op", step.op->getName().getStringRef().str()},
                     {"label", ir::labelText(step.op->getLoc())},
                     {"location", ir::locationText(step.op->getLoc())},
                     {"tap", list(step.tap)},
                     {"element", list(step.element)},
                     {"reads", list(step.readElement)},
                     {"blamed", at == found->blamed}});
  return steps;
}

/// Values of one label are told apart by their ops, and of one op by a number.
std::vector<std::string> distinctNames(llvm::ArrayRef<passes::ValueState> states) {
  llvm::StringMap<int> count, used;
  std::vector<std::string> names;
  for (const passes::ValueState &state : states) {
    std::string name = valueName(state.value);
    mlir::Operation *op = state.value.getDefiningOp();
    std::string kind = op ? op->getName().stripDialect().str() : "input";
    names.push_back(name == kind || !op ? name : name + " " + kind);
    ++count[names.back()];
  }
  for (std::string &name : names)
    if (count[name] > 1)
      name = fmt::format("{} #{}", name, ++used[name]);
  return names;
}

Json statesJson(llvm::ArrayRef<passes::ValueState> states) {
  Json values = Json::array();
  for (auto [name, state] : llvm::zip_equal(distinctNames(states), states))
    values.push_back({{"value", name},
                      {"location", locationOf(state.value)},
                      {"shape", list(ir::tensorType(state.value).getShape())},
                      {"positions", state.positions},
                      {"position_bytes", state.positionBytes},
                      {"bytes", state.bytes()}});
  return values;
}

std::optional<passes::Counterexample> counterexampleOf(const passes::CausalAnalysis &analysis,
                                                       const passes::Verdict &verdict) {
  if (verdict.isCausal)
    return std::nullopt;
  return passes::findCounterexample(analysis, verdict);
}

/// Where nobody says which position to look at.
llvm::SmallVector<int64_t>
tellingPosition(const passes::CausalAnalysis &analysis,
                const std::optional<passes::Counterexample> &counterexample) {
  return counterexample ? counterexample->outputPosition
                        : passes::showcasePosition(analysis.positions);
}

void printCounterexample(const CausalReport &report) {
  const passes::Counterexample &found = *report.counterexample;
  fmt::print("  {}\n", report.leakText());
  llvm::SmallVector<size_t> steps;
  for (auto [at, step] : llvm::enumerate(found.steps))
    if (step.moves || at == found.blamed)
      steps.push_back(at);
  // A recurrence goes through as many as there are positions.
  constexpr size_t shownAtEachEnd = 8;
  size_t hidden = 0;
  auto printHidden = [&] {
    if (hidden > 0)
      fmt::print("    and so on, through {} more\n", std::exchange(hidden, 0));
  };
  for (auto [number, at] : llvm::enumerate(steps)) {
    bool isAtEnd = number < shownAtEachEnd || number + shownAtEachEnd >= steps.size();
    if (!isAtEnd && at != found.blamed) {
      ++hidden;
      continue;
    }
    printHidden();
    const passes::PathStep &step = found.steps[at];
    fmt::print("  {} {}: element {} reads {}\n", at == found.blamed ? '>' : ' ', step.text(),
               indexText(step.element), indexText(step.readElement));
  }
}

void printField(const CausalReport &report) {
  const passes::ReceptiveField &field = report.field;
  fmt::print("  receptive field of {}{}: ", outputName(report.analysis), indexText(field.output));
  if (field.low.empty()) {
    fmt::print("nothing\n");
    return;
  }
  fmt::print("{}, from {} to {}\n", plural(field.seenCount(), "position"), indexText(field.low),
             indexText(field.high));
  if (int64_t blind = field.blindCount())
    fmt::print("  blind spot: {} within that box, generated before and not seen\n",
               plural(blind, "position"));
  else
    fmt::print("  blind spot: none\n");
}

void printStates(const CausalReport &report) {
  llvm::ArrayRef<passes::ValueState> states = report.states;
  if (states.empty()) {
    fmt::print("  state: none\n");
    return;
  }
  fmt::print("  state of the model as written: {} in {}\n", byteText(report.stateBytes()),
             plural(static_cast<int64_t>(states.size()), "value"));
  std::vector<std::string> names = distinctNames(states);
  size_t width = 5;
  for (const std::string &name : names)
    width = std::max(width, name.size());
  fmt::print("    {:<{}}  {:>9}  {:>10}  {:>10}  {}\n", "value", width, "positions", "bytes each",
             "bytes", "source");
  for (auto [name, state] : llvm::zip_equal(names, states))
    fmt::print("    {:<{}}  {:>9}  {:>10}  {:>10}  {}\n", name, width, state.positions,
               state.positionBytes, state.bytes(), locationOf(state.value));
}

} // namespace

std::string valueName(mlir::Value value) {
  if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value)) {
    auto model = llvm::cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp());
    auto name = model.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), ir::names::name);
    return name ? name.str() : fmt::format("input {}", argument.getArgNumber());
  }
  mlir::Operation *op = value.getDefiningOp();
  std::string label = ir::labelText(op->getLoc());
  return label.empty() ? op->getName().stripDialect().str() : label;
}

CausalReport::CausalReport(const passes::CausalAnalysis &analysis,
                           std::optional<llvm::SmallVector<int64_t>> at)
    : analysis(analysis), verdict(passes::judge(analysis)),
      counterexample(counterexampleOf(analysis, verdict)),
      field(passes::receptiveField(analysis, at ? *at : tellingPosition(analysis, counterexample))),
      states(passes::stateSizes(analysis)) {}

int64_t CausalReport::stateBytes() const {
  int64_t bytes = 0;
  for (const passes::ValueState &state : states)
    bytes += state.bytes();
  return bytes;
}

std::string CausalReport::verdictText() const {
  const passes::Positions &positions = analysis.positions;
  mlir::func::FuncOp model = analysis.model;
  llvm::StringRef kind = positions.contract().getStrict() ? "strictly causal" : "causal";
  std::string ahead = analysis.ahead == 0 ? "" : fmt::format(" with {} ahead", analysis.ahead);
  return fmt::format("{}: {}{} over {} position{} of {}{}", model.getSymName().str(),
                     verdict.isCausal ? "" : "not ", kind.str(),
                     fmt::join(positions.extents(), " x "), positions.count() == 1 ? "" : "s",
                     inputName(analysis), ahead);
}

std::string CausalReport::leakText() const {
  const passes::Counterexample &found = *counterexample;
  std::string through = found.steps.empty() ? "" : " through " + found.steps[found.blamed].text();
  return fmt::format("{}{} reads {}{}{}", outputName(analysis), indexText(found.outputPosition),
                     inputName(analysis), indexText(found.inputPosition), through);
}

std::string CausalReport::orderText() const {
  constexpr size_t most = 32, shown = 12;
  const passes::Positions &positions = analysis.positions;
  if (positions.contract().getOrder().empty())
    return "";
  std::vector<int64_t> byTurn;
  for (int64_t rank = 0; rank < positions.count(); ++rank)
    byTurn.push_back(positions.numberOfRank(rank));
  llvm::ArrayRef<int64_t> turns = byTurn;
  std::string list = fmt::format("{}", fmt::join(turns, " "));
  if (turns.size() > most)
    list = fmt::format("{} ... {}", fmt::join(turns.take_front(shown), " "),
                       fmt::join(turns.take_back(shown), " "));
  return fmt::format("order: {} are generated in the order {}{}",
                     plural(positions.count(), "position"), list,
                     positions.extents().size() > 1 ? ", numbered row by row" : "");
}

std::vector<std::string> CausalReport::axisNames() const {
  std::vector<std::string> names;
  mlir::func::FuncOp model = analysis.model;
  auto given = model->getAttrOfType<mlir::ArrayAttr>(ir::names::axes);
  ir::CausalAttr contract = analysis.positions.contract();
  // Another contract than the model's own has axes of its own.
  if (given && contract == model->getAttr(ir::names::causal))
    for (auto name : given.getAsRange<mlir::StringAttr>())
      names.push_back(name.str());
  else
    for (int64_t axis : contract.getInputAxes())
      names.push_back(fmt::format("axis {}", axis));
  return names;
}

std::string CausalReport::lookAheadText() const {
  std::string ahead =
      verdict.beyond == 0
          ? "no output reads farther than the contract lets it"
          : fmt::format("an output reads up to {} farther than the contract lets it",
                        plural(verdict.beyond, "position"));
  if (verdict.lookAhead < analysis.ahead)
    ahead += fmt::format(" (of {} ahead it reads {})", plural(analysis.ahead, "position"),
                         verdict.lookAhead);
  std::string wait = verdict.latency == 0 ? "each output waits for no later element"
                                          : fmt::format("each output waits for {}",
                                                        plural(verdict.latency, "later element"));
  if (steps && steps->latency != verdict.latency)
    wait += fmt::format(", but as compiled for {}", plural(steps->latency, "later element"));
  return fmt::format("look-ahead: {}; as a stream, {}", ahead, wait);
}

std::string CausalReport::memoryText() const {
  std::string written = byteText(stateBytes());
  return steps
             ? fmt::format("a sequence takes {}, with padding and room to move on; step by step as "
                           "written the model would read {} of what earlier positions gave",
                           byteText(steps->sequenceBytes), written)
             : fmt::format("step by step as written the model reads {} of what earlier positions "
                           "gave",
                           written);
}

void CausalReport::print() const {
  fmt::print("{}\n", verdictText());
  if (counterexample)
    printCounterexample(*this);
  if (std::string order = orderText(); !order.empty())
    fmt::print("  {}\n", order);
  fmt::print("  {}\n", lookAheadText());
  printField(*this);
  fmt::print("  memory: {}\n", memoryText());
  printStates(*this);
}

std::string CausalReport::json() const {
  mlir::func::FuncOp model = analysis.model;
  llvm::ArrayRef<int64_t> extents = analysis.positions.extents();
  Json json{{"model", model.getSymName().str()},
            {"extents", list(extents)},
            {"order", list(analysis.positions.contract().getOrder())},
            {"strict", analysis.positions.contract().getStrict()},
            {"causal", verdict.isCausal},
            {"look_ahead", verdict.lookAhead},
            {"beyond_contract", verdict.beyond},
            {"latency", verdict.latency},
            {"compiled_latency", steps ? Json(steps->latency) : Json()},
            {"counterexample", stepsJson(counterexample)},
            {"receptive_field",
             {{"output", list(field.output)},
              {"count", field.seenCount()},
              {"low", list(field.low)},
              {"high", list(field.high)},
              {"positions", positionsIn(field.seen, extents)}}},
            {"blind_spot",
             {{"count", field.blindCount()}, {"positions", positionsIn(field.blind, extents)}}},
            {"state_bytes", stateBytes()},
            {"sequence_bytes", steps ? Json(steps->sequenceBytes) : Json()},
            {"states", statesJson(states)}};
  if (counterexample) {
    json["reader"] = list(counterexample->outputPosition);
    json["read"] = list(counterexample->inputPosition);
  }
  return jsonText(json);
}

} // namespace quern::tools
