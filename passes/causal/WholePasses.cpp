#include "passes/causal/WholePasses.h"

#include "passes/causal/PickedElements.h"
#include "passes/causal/ReceptiveField.h"
#include "passes/causal/ShapeOps.h"
#include "passes/causal/StepBoxes.h"

namespace quern::passes {
namespace {

using mlir::Value;

/// By rank, the highest rank that an output there reads.
std::vector<int64_t> readsByRank(const CausalAnalysis &analysis) {
  const Positions &positions = analysis.positions;
  RankTensor available = analysis.available.of(analysis.output());
  RankTensor ranks = positions.outputRanks().expandedAs(available);
  available = available.expandedAs(ranks);
  std::vector<int64_t> reads(static_cast<size_t>(positions.count()), RankTensor::never);
  for (auto [rank, read] : llvm::zip_equal(ranks.data(), available.data()))
    reads[static_cast<size_t>(rank)] = std::max<int64_t>(reads[static_cast<size_t>(rank)], read);
  return reads;
}

class PassWriter {
public:
  PassWriter(const CausalAnalysis &analysis)
      : analysis(analysis), positions(analysis.positions), contract(positions.contract()),
        model(analysis.model), modules(model, positions.extents()),
        inputState(modules.add(kept(analysis.input(), contract.getInputAxes()))),
        outputState(modules.add(kept(analysis.output(), contract.getOutputAxes()))) {}

  void write(const Wave &wave) {
    Trigger when;
    when.isAfter = !contract.getStrict();
    when.level = static_cast<int64_t>(positions.extents().size());
    when.lag = analysis.ahead;
    when.from = wave.from;
    when.until = wave.repeats ? wave.until : wave.from + 1;
    when.periods.assign(positions.extents().size(), 1);
    when.phases.assign(positions.extents().size(), 0);
    StepProgram &program = modules.program(when);
    RanksOfValues read = elementsRead(wave);
    for (mlir::Operation &op : mlir::func::FuncOp(model).front().without_terminator())
      if (llvm::any_of(op.getResults(), [&](Value result) { return read.contains(result); }))
        copy(program, op, read);
    // An output may be an input itself.
    if (!program.local.contains(analysis.output()))
      supply(program, analysis.output(), read);
    // Until the next position is known, the output is there for who asks.
    if (when.isAfter && when.lag > 0)
      modules.touch({outputState, Distance{-1}}, when);
    StepPlace place{outputState};
    place.first = wave.from;
    modules.touch(place, when);
    program.addResult(outputsOf(program, wave), place);
  }

  void finish() {
    ir::Steps steps;
    steps.inputs = modules.inputStates(contract, inputState);
    llvm::append_range(steps.inputAxes, contract.getInputAxes());
    llvm::append_range(steps.outputAxes, contract.getOutputAxes());
    steps.output = static_cast<int64_t>(outputState);
    steps.lag = analysis.ahead;
    modules.finish(steps);
  }

private:
  /// How many neighbours along each axis of `value` belong to one position, and 0 along the others.
  llvm::SmallVector<int64_t> neighboursIn(Value value, llvm::ArrayRef<int64_t> ordered) const {
    llvm::SmallVector<int64_t> neighbours(ir::tensorType(value).getRank(), 0);
    for (auto [axis, extent] : llvm::zip_equal(ordered, positions.extents()))
      neighbours[axis] = ir::tensorType(value).getDimSize(axis) / extent;
    return neighbours;
  }

  /// A slot for each rank, which holds all of `value` at one position.
  KeptValue kept(Value value, llvm::ArrayRef<int64_t> ordered) const {
    KeptValue state;
    llvm::SmallVector<int64_t> slot;
    for (auto [extent, neighbours] :
         llvm::zip_equal(ir::tensorType(value).getShape(), neighboursIn(value, ordered)))
      slot.push_back(neighbours == 0 ? extent : neighbours);
    state.slot = mlir::RankedTensorType::get(slot, ir::tensorType(value).getElementType());
    state.runs.assign(positions.extents().size(), true);
    state.rates.assign(positions.extents().size(), 1);
    state.isWhole = true;
    return state;
  }

  /// What the outputs of a wave read of all values.
  RanksOfValues elementsRead(const Wave &wave) const {
    RankTensor seed = positions.outputRanks();
    for (int32_t &rank : seed.data())
      rank = rank >= wave.from && rank < wave.until ? 1 : RankTensor::never;
    return sweepBack(analysis, seed);
  }

  void copy(StepProgram &program, mlir::Operation &op, const RanksOfValues &read) {
    for (Value operand : op.getOperands())
      if (!program.local.contains(operand))
        supply(program, operand, read);
    program.builder.clone(op, program.local);
  }

  /// Makes an operand, or the output, that no op copied so far has as its result. Where nothing of
  /// it is read, zeros do, unless it is known to be something else: a mask that hides what is read
  /// besides.
  void supply(StepProgram &program, Value operand, const RanksOfValues &read) {
    bool isGenerated = analysis.available.values().contains(operand);
    if (isGenerated && !read.contains(operand) &&
        analysis.available.reads().knownRanges().admitsZeros(operand))
      program.local.map(operand, zeros(program, operand));
    else if (mlir::Operation *op = operand.getDefiningOp())
      copy(program, *op, read);
    else
      program.local.map(operand, argument(program, operand));
  }

  /// An operand of which nothing is read.
  static Value zeros(StepProgram &program, Value operand) {
    auto zero = llvm::cast<mlir::TypedAttr>(program.builder.getZeroAttr(operand.getType()));
    return ir::ConstantOp::create(program.builder, operand.getLoc(), operand.getType(),
                                  llvm::cast<mlir::DenseElementsAttr>(zero));
  }

  /// An input of the model.
  Value argument(StepProgram &program, Value input) {
    if (input != analysis.input()) {
      StepPlace place{modules.state(input, OrderedMap(positions.extents().size(), -1),
                                    Distance(positions.extents().size(), 1))};
      modules.touch(place, program.when());
      return program.argument(place, ir::tensorType(input));
    }
    const KeptValue &state = modules.at(inputState);
    llvm::SmallVector<int64_t> stored(state.slot.getShape());
    stored.insert(stored.begin(), positions.count());
    StepPlace place{inputState};
    modules.touch(place, program.when());
    Value byRank =
        program.argument(place, mlir::RankedTensorType::get(stored, state.slot.getElementType()));
    std::vector<int64_t> ranks;
    ranks.reserve(static_cast<size_t>(positions.count()));
    for (int64_t number = 0; number < positions.count(); ++number)
      ranks.push_back(positions.rankOfNumber(number));
    return inPlace(program, pickedElements(program.builder, byRank, 0, 1, ranks), input);
  }

  /// Elements by position, [positions, slot], as the input has them: its ordered axes have one
  /// element a position.
  Value inPlace(StepProgram &program, Value byPosition, Value input) const {
    mlir::RankedTensorType type = ir::tensorType(input);
    llvm::ArrayRef<int64_t> ordered = contract.getInputAxes();
    llvm::SmallVector<int64_t> shape(positions.extents()), by;
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      const int64_t *found = llvm::find(ordered, axis);
      by.push_back(found != ordered.end() ? found - ordered.begin()
                                          : static_cast<int64_t>(shape.size()));
      if (found == ordered.end())
        shape.push_back(type.getDimSize(axis));
    }
    return permuted(program.builder, reshaped(program.builder, byPosition, shape), by);
  }

  /// The outputs of a wave, [positions, slot].
  Value outputsOf(StepProgram &program, const Wave &wave) const {
    Value output = program.local.lookup(analysis.output());
    std::vector<int64_t> numbers;
    numbers.reserve(static_cast<size_t>(wave.until - wave.from));
    for (int64_t rank = wave.from; rank < wave.until; ++rank)
      numbers.push_back(positions.numberOfRank(rank));
    mlir::OpBuilder &builder = program.builder;
    std::optional<int64_t> first = neighbouringAxes(output);
    if (!first)
      return pickedElements(builder, byPosition(program, output), 0, 1, numbers);
    auto count = static_cast<int64_t>(positions.extents().size());
    Value own = pickedElements(builder, output, *first, count, numbers);
    llvm::SmallVector<int64_t> slots(modules.at(outputState).slot.getShape());
    slots.insert(slots.begin(), static_cast<int64_t>(numbers.size()));
    return reshaped(builder, own, slots);
  }

  /// The first of the ordered axes, where they follow each other and have an element for each
  /// position.
  std::optional<int64_t> neighbouringAxes(Value output) const {
    llvm::ArrayRef<int64_t> ordered = contract.getOutputAxes();
    for (auto [at, extent] : llvm::enumerate(positions.extents()))
      if (ordered[at] != ordered.front() + static_cast<int64_t>(at) ||
          ir::tensorType(output).getDimSize(ordered[at]) != extent)
        return std::nullopt;
    return ordered.front();
  }

  /// All of `output`, [positions, slot].
  Value byPosition(StepProgram &program, Value output) const {
    llvm::ArrayRef<int64_t> ordered = contract.getOutputAxes();
    llvm::SmallVector<int64_t> neighbours = neighboursIn(output, ordered), split, places, rest;
    for (auto [axis, extent] : llvm::enumerate(ir::tensorType(output).getShape())) {
      if (neighbours[axis] > 0)
        split.push_back(extent / neighbours[axis]);
      rest.push_back(static_cast<int64_t>(split.size()));
      split.push_back(neighbours[axis] > 0 ? neighbours[axis] : extent);
    }
    for (int64_t axis : ordered)
      places.push_back(rest[static_cast<size_t>(axis)] - 1);
    llvm::append_range(places, rest);
    llvm::SmallVector<int64_t> shape(modules.at(outputState).slot.getShape());
    shape.insert(shape.begin(), positions.count());
    mlir::OpBuilder &builder = program.builder;
    return reshaped(builder, permuted(builder, reshaped(builder, output, split), places), shape);
  }

  const CausalAnalysis &analysis;
  const Positions &positions;
  ir::CausalAttr contract;
  mlir::func::FuncOp model;
  StepModules modules;
  size_t inputState, outputState;
};

} // namespace

std::vector<Wave> wavesOf(const CausalAnalysis &analysis) {
  std::vector<int64_t> reads = readsByRank(analysis);
  const Positions &positions = analysis.positions;
  std::vector<Wave> waves;
  for (int64_t from = 0, until = 0; from < positions.count(); from = until) {
    until = from + 1;
    while (until < positions.count() &&
           reads[static_cast<size_t>(until)] <= positions.limit(from) + analysis.ahead)
      ++until;
    bool isOne = until == from + 1;
    if (isOne && !waves.empty() && waves.back().repeats)
      waves.back().until = until;
    else
      waves.push_back({from, until, isOne});
  }
  return waves;
}

mlir::LogicalResult deriveWholePasses(mlir::func::FuncOp model, ir::CausalAttr contract) {
  mlir::FailureOr<CausalAnalysis> analysis = analyseCausality(model, contract);
  if (mlir::failed(analysis))
    return mlir::failure();
  if (!judge(*analysis).isCausal)
    return model.emitError("no step program can be derived: the output at a position depends on "
                           "elements of the input that are not known then");
  // The runtime counts what is late along one axis.
  if (analysis->ahead > 0 && analysis->positions.extents().size() > 1)
    return model.emitError("no step program can be derived: what looks ahead has none where the "
                           "order runs along several axes");
  PassWriter writer(*analysis);
  for (const Wave &wave : wavesOf(*analysis))
    writer.write(wave);
  writer.finish();
  return mlir::success();
}

} // namespace quern::passes
