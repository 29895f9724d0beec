#include "ir/Infer.h"
#include "ir/SourceLocation.h"
#include "passes/causal/Blame.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quern::passes {
namespace {

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// Where a walk is: in the model's body, or in a scan's at one step.
struct Frame {
  const RanksOfValues &ranks() const { return outer ? inside : *model; }

  const RanksOfValues *model = nullptr;
  std::shared_ptr<Frame> outer;
  ir::ScanOp scan;
  int64_t step = 0;
  RanksOfValues inside;
};

/// Follows arg-maxima from an element of the output to the input.
class Walk {
public:
  Walk(const CausalAnalysis &analysis, llvm::ArrayRef<int64_t> output)
      : analysis(analysis), value(analysis.output()), index(output), frame(modelFrame()) {
    limit = analysis.positions.limit(analysis.positions.outputRanks().at(output));
  }

  Counterexample run() {
    Counterexample found;
    found.output = index;
    found.outputPosition = analysis.positions.ofOutput(index);
    while (!isModelInput())
      if (llvm::isa<mlir::BlockArgument>(value))
        leaveBody(found);
      else if (auto scan = value.getDefiningOp<ir::ScanOp>())
        enterBody(scan);
      else
        follow(found);
    found.input = index;
    found.inputPosition = analysis.positions.ofInput(index);
    ranks = ranksAlong(analysis, found);
    for (auto [step, own] : llvm::zip_equal(found.steps, ranks))
      if (own.own && own.read)
        step.moves = !step.tap.empty() || own.own != own.read;
    return found;
  }

  /// The step to blame on the path that `run` gave.
  size_t blamed(const Counterexample &found) const {
    return blamedStep(analysis, found, ranks, beside);
  }

private:
  std::shared_ptr<Frame> modelFrame() const {
    auto bottom = std::make_shared<Frame>();
    bottom->model = &analysis.available.values();
    return bottom;
  }

  bool isModelInput() const { return value == analysis.input(); }

  /// How far the tap of a read lies from the position that is computed.
  static int64_t wayTo(const ElementRead &read) {
    int64_t way = 0;
    for (int64_t offset : read.tap)
      way += read.tapName == TapName::offset ? std::abs(offset) : 0;
    return way;
  }

  int64_t available() const { return ranksIn(frame->ranks(), value).at(index); }

  /// Whether a read is of another place, as far as one can tell without knowing the positions: of
  /// slices and pads, one along which times differ.
  bool bringsFrom(mlir::Operation *op, const ElementRead &read) const {
    if (!read.tap.empty())
      return true;
    if (!llvm::isa<ir::GatherOp, ir::SliceOp, ir::PadOp, ir::ConcatOp>(op) ||
        read.index.size() != index.size())
      return false;
    RankTensor ranks = ranksIn(frame->ranks(), op->getOperand(read.operand));
    return llvm::any_of(llvm::seq<size_t>(0, index.size()), [&](size_t axis) {
      bool counts = llvm::isa<ir::GatherOp>(op) || !ranks.isUniform(static_cast<int64_t>(axis));
      return counts && index[axis] != read.index[axis];
    });
  }

  /// From an element of an op's result to the latest element that it reads; of several, the one at
  /// the shortest way, so that the path shows no step that it could do without.
  void follow(Counterexample &found) {
    mlir::Operation *op = value.getDefiningOp();
    ElementRead latest;
    int64_t last = RankTensor::never, lastOfOthers = RankTensor::never;
    std::optional<int64_t> first;
    auto forEach = [&](llvm::function_ref<void(const ElementRead &, int64_t)> visit) {
      forEachRead(analysis.available.readsOf(op), op->getOperands(), shapeOf(value), index,
                  [&](const ElementRead &read) {
                    mlir::Value operand = op->getOperand(read.operand);
                    visit(read, ranksIn(frame->ranks(), operand).at(read.index));
                  });
    };
    forEach([&](const ElementRead &read, int64_t rank) {
      if (rank != RankTensor::never)
        first = std::min(first.value_or(rank), rank);
      if (rank > last || (rank == last && wayTo(read) < wayTo(latest))) {
        last = rank;
        latest = read;
      }
    });
    forEach([&](const ElementRead &read, int64_t rank) {
      if (read.tap != latest.tap || read.tapName != latest.tapName)
        lastOfOthers = std::max(lastOfOthers, rank);
    });
    assert(last == available() && "an element is available with its latest operand");
    found.steps.push_back({op, static_cast<unsigned>(latest.operand), index, latest.index,
                           latest.tap, latest.tapName, bringsFrom(op, latest)});
    // A key that is admitted alone is there by the mask.
    bool hasOthers = lastOfOthers != RankTensor::never || llvm::isa<ir::AttentionOp>(op);
    beside.push_back({hasOthers, lastOfOthers <= limit, first ? last - *first : 0});
    value = op->getOperand(latest.operand);
    index = latest.index;
  }

  /// From a scan's result to what its body yields at that step.
  void enterBody(ir::ScanOp scan) {
    auto number = llvm::cast<mlir::OpResult>(value).getResultNumber();
    int64_t axis = scan.getResultAxes()[number];
    auto body = std::make_shared<Frame>();
    body->outer = frame;
    body->scan = scan;
    body->step = index[axis];
    enter(std::move(body), number);
    index.erase(index.begin() + axis);
  }

  void enter(std::shared_ptr<Frame> body, unsigned carried) {
    body->inside = analysis.available.atStep(body->scan, body->step, body->outer->ranks());
    value = body->scan.getBody().front().getTerminator()->getOperand(carried);
    frame = std::move(body);
  }

  /// From an argument of a scan's body to what it stands for.
  void leaveBody(Counterexample &found) {
    unsigned number = llvm::cast<mlir::BlockArgument>(value).getArgNumber();
    ir::ScanOp scan = frame->scan;
    auto sequences = static_cast<unsigned>(scan.getSequences().size());
    auto inits = static_cast<unsigned>(scan.getInits().size());
    if (number >= sequences && number < sequences + inits && frame->step > 0) {
      recur(found, number);
      auto before = std::make_shared<Frame>();
      before->outer = frame->outer;
      before->scan = scan;
      before->step = frame->step - 1;
      enter(std::move(before), number - sequences);
      return;
    }
    if (number < sequences)
      index.insert(index.begin() + scan.getAxes()[number], frame->step);
    value = scan->getOperand(number);
    frame = frame->outer;
  }

  /// From a scan's step to what is carried from the one before.
  void recur(Counterexample &found, unsigned operand) {
    ir::ScanOp scan = frame->scan;
    int64_t axis = scan.getResultAxes()[operand - scan.getSequences().size()];
    llvm::SmallVector<int64_t> element(index), before(index);
    element.insert(element.begin() + axis, frame->step);
    before.insert(before.begin() + axis, frame->step - 1);
    found.steps.push_back({scan, operand, element, before, {-1}, TapName::offset, true});
    beside.push_back({});
  }

  const CausalAnalysis &analysis;
  mlir::Value value;
  llvm::SmallVector<int64_t> index;
  std::shared_ptr<Frame> frame;
  int64_t limit = 0;
  std::vector<ReadsBeside> beside;
  std::vector<StepRanks> ranks;
};

} // namespace

std::string indexText(llvm::ArrayRef<int64_t> index) {
  return fmt::format("[{}]", fmt::join(index, ","));
}

std::string PathStep::name() const {
  std::string label = ir::labelText(op->getLoc());
  return label.empty() ? op->getName().stripDialect().str() : label;
}

std::string PathStep::tapText() const {
  switch (tapName) {
  case TapName::none:
    return "";
  case TapName::coordinate:
    return fmt::format("element ({})", fmt::join(tap, ","));
  case TapName::offset:
    break;
  }
  std::string text;
  for (int64_t offset : tap)
    text += fmt::format("{}{}{}", text.empty() ? "" : ",", offset > 0 ? "+" : "", offset);
  return "tap (" + text + ")";
}

std::string PathStep::text() const {
  std::string place = ir::locationText(op->getLoc()), through = tapText();
  return name() + (place.empty() ? "" : " at " + place) + (through.empty() ? "" : ", " + through);
}

Counterexample findCounterexample(const CausalAnalysis &analysis, const Verdict &verdict) {
  // A recurrence is followed step by step: of one that leads so far nobody wants to see all.
  constexpr int64_t farthestSteps = 4096;
  mlir::func::FuncOp model = analysis.model;
  bool isTooFar = verdict.beyond > farthestSteps && !model.front().getOps<ir::ScanOp>().empty();
  // Who is at fault is plainest to see where least is read ahead.
  Walk plainestWalk(analysis, verdict.plainest);
  Counterexample plainest = plainestWalk.run();
  plainest.blamed = plainestWalk.blamed(plainest);
  if (isTooFar || verdict.farthest == verdict.plainest)
    return plainest;
  Walk walk(analysis, verdict.farthest);
  Counterexample found = walk.run();
  const PathStep &blamed = plainest.steps[plainest.blamed];
  std::optional<size_t> same;
  for (auto [at, step] : llvm::enumerate(found.steps)) {
    if (step.op != blamed.op || step.operand != blamed.operand)
      continue;
    // A recurrence comes by an op many times, and by its other taps, too.
    if (!same || (step.tap == blamed.tap && found.steps[*same].tap != blamed.tap))
      same = at;
  }
  found.blamed = same ? *same : walk.blamed(found);
  return found;
}

} // namespace quern::passes
