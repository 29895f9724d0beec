// The page holds what every op reads, and sweeps back through it itself when a position is clicked:
// the fields of all positions through all layers would be far too much to list.
#include "tools/quern/causal/CausalPage.h"

#include "codegen/OutputFile.h"
#include "ir/Infer.h"
#include "ir/SourceLocation.h"
#include "tools/quern/causal/CausalReport.h"
#include "tools/quern/causal/PageText.h"
#include "tools/quern/causal/PositionAxes.h"

#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json.hpp>

namespace quern::tools {
namespace {

using Json = nlohmann::ordered_json;
using passes::AxisMap;
using passes::Read;
using passes::ReadMask;

std::vector<int64_t> list(llvm::ArrayRef<int64_t> values) { return values.vec(); }
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

Json mapJson(const AxisMap &map) {
  Json json{{"operand", {map.operand.first, map.operand.count}},
            {"result", {map.result.first, map.result.count}},
            {"taps", map.taps}};
  if (map.table.empty())
    json["affine"] = {map.stride, map.dilation, map.start};
  else
    json["table"] = map.table;
  return json;
}

/// The lengths of runs that are and are not kept, in turn, which most masks have few of; the first
/// are not.
Json runsOf(llvm::ArrayRef<uint8_t> kept) {
  std::vector<size_t> runs{0};
  for (uint8_t keeps : kept) {
    if ((keeps != 0) != (runs.size() % 2 == 0))
      runs.push_back(0);
    ++runs.back();
  }
  return runs;
}

Json maskJson(const ReadMask &mask) {
  return {{"axes", list(mask.resultAxes)}, {"maps", list(mask.maps)}, {"runs", runsOf(mask.kept)}};
}

/// Runs of keys, those of one length at equal distances together: first key, length, distance and
/// count.
Json spacedRuns(llvm::ArrayRef<passes::KeyRun> runs) {
  auto lengthOf = [](passes::KeyRun run) { return run.end - run.first; };
  Json json = Json::array();
  while (!runs.empty()) {
    int64_t distance = runs.size() > 1 ? runs[1].first - runs[0].first : 0;
    size_t count = 1;
    while (count < runs.size() && runs[count].first - runs[count - 1].first == distance &&
           lengthOf(runs[count]) == lengthOf(runs[0]))
      ++count;
    json.push_back({runs[0].first, lengthOf(runs[0]), distance, count});
    runs = runs.drop_front(count);
  }
  return json;
}

Json admittedJson(const passes::AdmittedKeys &admitted) {
  Json rows = Json::array();
  for (llvm::ArrayRef<passes::KeyRun> runs : admitted.runs)
    rows.push_back(spacedRuns(runs));
  return {{"axis", admitted.resultAxis}, {"map", admitted.map}, {"rows", std::move(rows)}};
}

/// Numbers that follow each other as the first and their count.
Json numbersJson(const std::vector<int32_t> &numbers) {
  for (size_t at = 1; at < numbers.size(); ++at)
    if (numbers[at] != numbers[at - 1] + 1)
      return numbers;
  return {{"first", numbers.front()}, {"count", numbers.size()}};
}

Json comparisonJson(const passes::Comparison &comparison) {
  return {{"axis", comparison.resultAxis},
          {"map", comparison.map},
          {"keys", numbersJson(comparison.keys)},
          {"limits", numbersJson(comparison.limits)}};
}

/// The graph of the ops that the output depends on the input through, by number.
class GraphWriter {
public:
  explicit GraphWriter(const passes::CausalAnalysis &analysis)
      : analysis(analysis), axesOfPositions(analysis) {}

  Json write(const CausalReport &report) {
    mlir::func::FuncOp model = analysis.model;
    const passes::Positions &positions = analysis.positions;
    ir::CausalAttr contract = positions.contract();
    Json graph;
    graph["model"] = model.getSymName().str();
    graph["input"] = {{"value", numberOf(analysis.input())},
                      {"name", valueName(analysis.input())},
                      {"axes", list(contract.getInputAxes())},
                      {"axisNames", report.axisNames()}};
    auto outputName = model.getResultAttrOfType<mlir::StringAttr>(
        static_cast<unsigned>(contract.getOutput()), ir::names::name);
    graph["output"] = {{"value", numberOf(analysis.output())},
                       {"name", outputName ? outputName.str() : "output"},
                       {"axes", list(contract.getOutputAxes())}};
    graph["extents"] = list(positions.extents());
    graph["strict"] = contract.getStrict();
    graph["order"] = list(contract.getOrder());
    graph["ahead"] = analysis.ahead;
    graph["at"] = list(report.field.output);
    graph["ops"] = opsJson(model.front());
    graph["layers"] = layers;
    graph["verdict"] = report.verdictText();
    graph["orderText"] = report.orderText();
    graph["lookAhead"] = report.lookAheadText();
    graph["memory"] = report.memoryText();
    if (report.counterexample)
      graph["leak"] = leakJson(report);
    graph["shapes"] = shapes;
    return graph;
  }

private:
  int64_t numberOf(mlir::Value value) {
    auto [entry, isNew] = numbers.try_emplace(value, shapes.size());
    if (isNew)
      shapes.push_back(list(shapeOf(value)));
    return entry->second;
  }

  /// The path on which the contract is broken.
  Json leakJson(const CausalReport &report) {
    const passes::Counterexample &found = *report.counterexample;
    Json path = Json::array();
    for (auto [at, step] : llvm::enumerate(found.steps))
      path.push_back({{"value", numberOf(step.op->getResult(0))},
                      {"element", list(step.element)},
                      {"text", step.text()},
                      {"reads", list(step.readElement)},
                      {"moves", step.moves},
                      {"blamed", at == found.blamed}});
    return {{"text", report.leakText()},
            {"reader", list(found.outputPosition)},
            {"path", std::move(path)}};
  }

  template <typename Range> Json numbersOf(Range &&values) {
    Json json = Json::array();
    for (mlir::Value value : values)
      json.push_back(numberOf(value));
    return json;
  }

  Json opsJson(mlir::Block &block) {
    bool isModel = llvm::isa<mlir::func::FuncOp>(block.getParentOp());
    Json ops = Json::array();
    for (mlir::Operation &op : block.without_terminator()) {
      if (isModel && analysis.available.of(op.getResult(0)).isAll(passes::RankTensor::never))
        continue;
      if (auto scan = llvm::dyn_cast<ir::ScanOp>(op))
        ops.push_back(scanJson(scan));
      else
        ops.push_back(opJson(op));
      if (isModel && moves(op))
        addLayer(op.getResult(0));
    }
    return ops;
  }

  Json opJson(mlir::Operation &op) {
    Json reads = Json::array();
    for (const Read &read : analysis.available.readsOf(&op)) {
      mlir::Value operand = op.getOperand(read.operand);
      Json maps = Json::array();
      for (const AxisMap &map : read.maps)
        maps.push_back(mapJson(map));
      Json json{{"value", numberOf(operand)}, {"maps", std::move(maps)}};
      if (read.mask)
        json["mask"] = maskJson(*read.mask);
      if (read.admitted)
        json["admitted"] = admittedJson(*read.admitted);
      if (read.comparison)
        json["comparison"] = comparisonJson(*read.comparison);
      reads.push_back(std::move(json));
    }
    return {{"result", numberOf(op.getResult(0))}, {"reads", std::move(reads)}};
  }

  Json scanJson(ir::ScanOp scan) {
    mlir::Block &body = scan.getBody().front();
    Json json{{"steps", scan.getSteps()},
              {"sequences", numbersOf(scan.getSequences())},
              {"axes", list(scan.getAxes())},
              {"inits", numbersOf(scan.getInits())},
              {"invariants", numbersOf(scan.getInvariants())},
              {"results", numbersOf(scan.getStacked())},
              {"resultAxes", list(scan.getResultAxes())},
              {"arguments", numbersOf(body.getArguments())}};
    json["body"] = opsJson(body);
    json["yields"] = numbersOf(body.getTerminator()->getOperands());
    return json;
  }

  /// Whether an op brings other positions to a place: the rest is not worth a picture.
  bool moves(mlir::Operation &op) const {
    if (llvm::isa<ir::ScanOp>(op))
      return true;
    for (const Read &read : analysis.available.readsOf(&op)) {
      const passes::RankTensor &operand = analysis.available.of(op.getOperand(read.operand));
      for (const AxisMap &map : read.maps)
        if (map.taps > 1 &&
            llvm::any_of(llvm::seq(map.operand.first, map.operand.first + map.operand.count),
                         [&](int64_t axis) { return !operand.isUniform(axis); }))
          return true;
    }
    return false;
  }

  void addLayer(mlir::Value value) {
    std::vector<int64_t> varying = varyingAxes(value), along = varying;
    std::erase_if(along, [&](int64_t axis) { return !axesOfPositions.contains(value, axis); });
    bool isUnits = along.empty() && !varying.empty();
    layers.push_back({{"value", numberOf(value)},
                      {"name", valueName(value)},
                      {"op", value.getDefiningOp()->getName().stripDialect().str()},
                      {"place", ir::locationText(value.getLoc())},
                      {"units", isUnits},
                      {"grid", isUnits ? varying : gridAxes(value, along)}});
  }

  /// The axes along which a value becomes available at different times.
  std::vector<int64_t> varyingAxes(mlir::Value value) const {
    const passes::RankTensor &available = analysis.available.of(value);
    std::vector<int64_t> varying;
    for (int64_t axis = 0; axis < static_cast<int64_t>(available.shape().size()); ++axis)
      if (!available.isUniform(axis))
        varying.push_back(axis);
    return varying;
  }

  /// The axes of a value to draw: of these, the last that are as many as the positions' (two, of a
  /// colour image), with extents in proportion; or the first.
  std::vector<int64_t> gridAxes(mlir::Value value, std::vector<int64_t> varying) const {
    llvm::ArrayRef<int64_t> grid = analysis.positions.extents().take_front(2),
                            shape = shapeOf(value);
    for (size_t end = varying.size(); end >= grid.size(); --end) {
      llvm::ArrayRef<int64_t> axes = llvm::ArrayRef(varying).slice(end - grid.size(), grid.size());
      if (llvm::all_of(llvm::zip_equal(axes, grid), [&](auto pair) {
            int64_t own = shape[std::get<0>(pair)], extent = std::get<1>(pair);
            return own % extent == 0 || extent % own == 0;
          }))
        return axes.vec();
    }
    varying.resize(std::min<size_t>(varying.size(), 1));
    return varying;
  }

  const passes::CausalAnalysis &analysis;
  PositionAxes axesOfPositions;
  llvm::DenseMap<mlir::Value, int64_t> numbers;
  std::vector<std::vector<int64_t>> shapes;
  Json layers = Json::array();
};

} // namespace

bool writeCausalPage(const CausalReport &report, const std::string &path) {
  Json written = GraphWriter(report.analysis).write(report);
  std::string page = pageText, graph = written.dump(-1, ' ', false, Json::error_handler_t::replace);
  // No text of the model ends the script it stands in.
  for (size_t end = 0; (end = graph.find("</", end)) != std::string::npos; end += 3)
    graph.replace(end, 2, "<\\/");
  constexpr std::string_view placeholder = "QUERN_GRAPH";
  page.replace(page.find(placeholder), placeholder.size(), graph);
  if (llvm::Error error =
          codegen::writeOutput(path, {llvm::ArrayRef<char>(page.data(), page.size())})) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return false;
  }
  return true;
}

} // namespace quern::tools
