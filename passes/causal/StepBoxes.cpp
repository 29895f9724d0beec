#include "passes/causal/StepBoxes.h"

#include "passes/Model.h"
#include "passes/WeightExpression.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/OrderedView.h"
#include "passes/causal/ShapeOps.h"

namespace quern::passes {

using mlir::Value;

namespace {

/// A program for a part of the past is for so many positions at least, and there are so many parts
/// at most.
constexpr int64_t leastPast = 64, mostPasts = 8;

/// What an argument of a scan's body stands for that is the same at every step; else `value`.
Value outsideOfScan(Value value) {
  while (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value)) {
    auto scan = llvm::dyn_cast<ir::ScanOp>(argument.getOwner()->getParentOp());
    if (!scan)
      break;
    size_t before = scan.getSequences().size() + scan.getInits().size();
    value = scan.getInvariants()[argument.getArgNumber() - before];
  }
  return value;
}

/// Tables of bools, of the whole numbers that they compare, and of what follows from these, as a
/// weight from a distance, of more elements than this are computed anew in each step, a row at a
/// time: over pairs of positions they would be most of what a sequence keeps. Smaller ones are read
/// faster than computed.
constexpr int64_t largestMask = 1 << 20;

/// Whether an op computes, element by element, whole numbers or what follows from such.
bool isOfMasks(mlir::Operation *op) {
  return op && op->hasTrait<ir::Elementwise>() &&
         (ir::tensorType(op->getResult(0)).getElementType().isInteger() ||
          llvm::any_of(op->getOperands(),
                       [](Value operand) { return isOfMasks(operand.getDefiningOp()); }));
}

/// Whether an op computes such a table, and from nothing as large but others of the kind.
bool isLargeMask(mlir::Operation *op) {
  auto isLarge = [](Value value) {
    return ir::tensorType(value).getNumElements() > largestMask && !isSplatConstant(value);
  };
  return isOfMasks(op) && isLarge(op->getResult(0)) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return !isLarge(operand) || isLargeMask(operand.getDefiningOp());
         });
}

/// How many elements of a box at `level` lie side by side along the last ordered axis.
int64_t rowCount(mlir::RankedTensorType type, const OrderedMap &map, int64_t level) {
  int64_t count = 1;
  for (size_t j = static_cast<size_t>(level); j < map.size(); ++j) {
    bool isNew = !llvm::is_contained(llvm::ArrayRef(map).take_front(j), map[j]);
    count *= map[j] >= 0 && isNew ? type.getDimSize(map[j]) : 1;
  }
  return count;
}

} // namespace

StepBoxes::StepBoxes(mlir::func::FuncOp target, const SteppedModel &model, const OrderedAxes &axes,
                     const StepSchedule &schedule)
    : model(model), axes(axes), schedule(schedule), modules(target, axes.extents()) {
  Value input = model.inputs.front(), output = viewOf(model.outputs.front(), axes).root;
  if (model.hasColours()) {
    // A position is one colour; what the model computes with are planes of them.
    KeptValue planes = StepModules::kept(input, axes.of(input), axes.rates(input));
    KeptValue colours = StepModules::kept(output, axes.of(output), axes.rates(output));
    planes.runs.back() = colours.runs.back() = true;
    planes.rates.back() = colours.rates.back() = 1;
    planes.isPlanar = planes.isWhole = true;
    theInputState = modules.add(planes);
    theOutputState = modules.add(colours);
  } else {
    theInputState = modules.state(input, axes.of(input), axes.rates(input));
    theOutputState = modules.state(output, axes.of(output), axes.rates(output));
  }
  modules.touch({theInputState, here()}, schedule.of(input));
  // The next element is drawn from it when its own position has gone by.
  Distance previous = here();
  previous[0] = -1;
  modules.touch({theOutputState, previous}, schedule.of(output));
}

StepPlace StepBoxes::placeOf(const StepProgram &program, Value root, const Distance &distance) {
  StepPlace place{0, distance};
  for (size_t j = 0; j < static_cast<size_t>(program.when().level); ++j)
    (*place.distance)[j] -= program.when().phases[j] / axes.rates(root)[j];
  if (!model.hasColours() || !model.isInput(root)) {
    place.state = modules.state(root, axes.of(root), axes.rates(root));
    return place;
  }
  place.state = theInputState;
  bool isStepped = program.when().level == static_cast<int64_t>(axes.count());
  place.distance->back() = model.colourOf(root) - (isStepped ? program.when().phases.back() : 0);
  return place;
}

/// All of a value without position.
Value StepBoxes::whole(StepProgram &program, Value value) {
  value = outsideOfScan(value);
  if (Value known = program.local.lookupOrNull(value))
    return known;
  mlir::Operation *op = value.getDefiningOp();
  if (!op || (!isWeightExpression(value) && &program != &start())) {
    if (op)
      whole(start(), value);
    StepPlace place{modules.state(value, OrderedMap(axes.count(), -1), Distance(axes.count(), 1))};
    modules.touch(place, program.when());
    Value argument = program.argument(place, ir::tensorType(value));
    program.local.map(value, argument);
    return argument;
  }
  llvm::SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(whole(program, operand));
  mlir::Operation *copy = program.builder.clone(*op);
  copy->setOperands(operands);
  program.local.map(op->getResults(), copy->getResults());
  return program.local.lookup(value);
}

/// The box of a value that depends on nothing generated, where `map` says which of its axes run
/// along the order, at these rates: out of a table that the start program fills.
Value StepBoxes::freeBox(StepProgram &program, Value value, OrderedMap map, const Distance &rates) {
  mlir::RankedTensorType type = ir::tensorType(value);
  bool isStepped = false;
  for (size_t j = 0; j < map.size(); ++j) {
    if (map[j] >= 0 && type.getDimSize(map[j]) == 1)
      map[j] = -1;
    isStepped |= map[j] >= 0 && static_cast<int64_t>(j) < program.when().level;
  }
  if (!isStepped)
    return whole(program, value);
  mlir::RankedTensorType boxType =
      shaped(type, boxShape(type.getShape(), map, program.when().level));
  if (auto broadcast = value.getDefiningOp<ir::BroadcastOp>()) {
    int64_t added = type.getRank() - ir::tensorType(broadcast.getInput()).getRank();
    OrderedMap inner;
    for (int64_t axis : map)
      inner.push_back(axis < added ? -1 : axis - added);
    return ir::BroadcastOp::create(program.builder, value.getLoc(), boxType,
                                   freeBox(program, broadcast.getInput(), inner, rates),
                                   boxType.getShape());
  }
  if (isSplatConstant(value)) {
    auto elements =
        llvm::cast<mlir::DenseElementsAttr>(value.getDefiningOp<ir::ConstantOp>().getValue());
    return ir::ConstantOp::create(program.builder, value.getLoc(), boxType,
                                  elements.resizeSplat(boxType));
  }
  if (mlir::Operation *op = value.getDefiningOp(); isLargeMask(op))
    return maskBox(program, op, boxType, map, rates);
  whole(start(), value);
  return fromState(program, value, map, {modules.state(value, map, rates), here()});
}

/// The box of a mask, from those of what it is made of.
Value StepBoxes::maskBox(StepProgram &program, mlir::Operation *op, mlir::RankedTensorType boxType,
                         const OrderedMap &map, const Distance &rates) {
  mlir::IRMapping operands;
  for (Value operand : op->getOperands()) {
    int64_t added = boxType.getRank() - ir::tensorType(operand).getRank();
    OrderedMap inner;
    for (int64_t axis : map)
      inner.push_back(axis < added ? -1 : axis - added);
    operands.map(operand, freeBox(program, operand, inner, rates));
  }
  mlir::Operation *box = program.builder.clone(*op, operands);
  box->getResult(0).setType(boxType);
  return box->getResult(0);
}

/// The argument of `program` that is the state's box at `place`, as a box of `value`.
Value StepBoxes::fromState(StepProgram &program, Value value, const OrderedMap &map,
                           StepPlace place) {
  mlir::RankedTensorType type = ir::tensorType(value);
  int64_t level = program.when().level;
  llvm::SmallVector<int64_t> box = boxShape(type.getShape(), map, level), stored, kept;
  llvm::SmallVector<int64_t> order = memoryAxes(type.getRank(), map, level);
  for (int64_t axis : order)
    stored.push_back(type.getDimSize(axis));
  place.count = rowCount(type, map, level);
  modules.touch(place, program.when());
  Value argument = program.argument(place, shaped(type, stored));
  // From the order in memory to the order of the axes, then with the axes of one element.
  llvm::SmallVector<int64_t> back;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (const int64_t *found = llvm::find(order, axis); found != order.end())
      back.push_back(found - order.begin());
  return reshaped(program.builder, permuted(program.builder, argument, back), box);
}

/// Lets `program` write a box of `value` to `place`; where that has a position, as a state keeps
/// it.
void StepBoxes::keep(StepProgram &program, Value box, Value value, const OrderedMap &map,
                     StepPlace place) {
  mlir::RankedTensorType type = ir::tensorType(axes.isGenerated(value) ? value : box);
  if (place.distance) {
    llvm::SmallVector<int64_t> order = memoryAxes(type.getRank(), map, program.when().level);
    llvm::SmallVector<int64_t> sorted(order), shape, permutation;
    llvm::sort(sorted);
    for (int64_t axis : sorted)
      shape.push_back(type.getDimSize(axis));
    for (int64_t axis : order)
      permutation.push_back(llvm::find(sorted, axis) - sorted.begin());
    box = permuted(program.builder, reshaped(program.builder, box, shape), permutation);
    place.count = rowCount(type, map, program.when().level);
  }
  if (!axes.isGenerated(value))
    place = modules.filled(place.state);
  modules.touch(place, program.when());
  program.addResult(box, place);
}

/// Whether what lies at `distance` of a root is computed by `program` itself.
bool StepBoxes::isOwn(const StepProgram &program, Value root, const Distance &distance) const {
  Trigger when = program.when();
  when.from = when.until = 0;
  return !model.isInput(root) && schedule.of(root) == when && isSameBox(distance, when.level);
}

/// The box of a generated value, seen through views, at `distance` from the program's position.
Value StepBoxes::box(StepProgram &program, Value value, const Distance &distance) {
  OrderedView view = viewOf(value, axes);
  if (!axes.isGenerated(view.root))
    return reshaped(program.builder,
                    freeBox(program, view.root, axes.linkOf(value)->map, axes.rates(value)),
                    ir::tensorType(value).getShape());
  Distance stepped = here(), within = here();
  for (size_t j = 0; j < axes.count(); ++j)
    (static_cast<int64_t>(j) < program.when().level ? stepped : within)[j] =
        distance[j] + view.distance[j];
  Value root =
      isOwn(program, view.root, stepped)
          ? program.local.lookup(view.root)
          : fromState(program, view.root, axes.of(view.root), placeOf(program, view.root, stepped));
  root = underAxesOf(program, root, view.root, value);
  llvm::SmallVector<int64_t> wanted =
      boxShape(ir::tensorType(value).getShape(), axes.of(value), program.when().level);
  return within == here() && ir::tensorType(root).getShape() == llvm::ArrayRef(wanted)
             ? root
             : shifted(program, root, value, within);
}

/// A box of `root` with the axes of `value`, which has some of one element more or fewer.
Value StepBoxes::underAxesOf(StepProgram &program, Value box, Value root, Value value) {
  llvm::SmallVector<int64_t> shape =
      boxShape(ir::tensorType(value).getShape(), axes.of(value), program.when().level);
  for (size_t j = static_cast<size_t>(program.when().level); j < axes.count(); ++j)
    if (axes.of(root)[j] >= 0 && axes.of(value)[j] >= 0)
      shape[static_cast<size_t>(axes.of(value)[j])] =
          ir::tensorType(box).getDimSize(axes.of(root)[j]);
  return reshaped(program.builder, box, shape);
}

/// The box `root` moved by `within` along the axes of which it holds everything, with zeros
/// where there is nothing, as a box of `value`.
Value StepBoxes::shifted(StepProgram &program, Value root, Value value, const Distance &within) {
  mlir::RankedTensorType from = ir::tensorType(root);
  llvm::SmallVector<int64_t> to =
      boxShape(ir::tensorType(value).getShape(), axes.of(value), program.when().level);
  llvm::SmallVector<int64_t> low(to.size(), 0), high(to.size(), 0), starts(to.size(), 0);
  for (size_t j = static_cast<size_t>(program.when().level); j < axes.count(); ++j) {
    if (axes.of(value)[j] < 0)
      continue;
    auto axis = static_cast<size_t>(axes.of(value)[j]);
    low[axis] = std::max<int64_t>(-within[j], 0);
    starts[axis] = std::max<int64_t>(within[j], 0);
    high[axis] = std::max<int64_t>(within[j] + to[axis] - from.getShape()[axis], 0);
  }
  mlir::OpBuilder &builder = program.builder;
  auto padded = ir::PadOp::create(builder, value.getLoc(), root, builder.getDenseI64ArrayAttr(low),
                                  builder.getDenseI64ArrayAttr(high), builder.getF64FloatAttr(0.0));
  llvm::SmallVector<int64_t> ones(to.size(), 1);
  return ir::SliceOp::create(builder, value.getLoc(), padded, starts, to, ones);
}

llvm::SmallVector<StepProgram *> StepBoxes::programsOf(Value root) {
  Trigger when = schedule.of(root);
  int64_t positions = 1;
  for (int64_t extent : axes.extents())
    positions *= extent;
  int64_t count =
      schedule.grows(when) ? std::clamp<int64_t>(positions / leastPast, 1, mostPasts) : 1;
  if (count == 1)
    return {&modules.program(when)};
  llvm::SmallVector<StepProgram *> programs;
  for (int64_t i = 0; i < count; ++i) {
    when.from = positions * i / count;
    when.until = positions * (i + 1) / count;
    programs.push_back(&modules.program(when));
  }
  return programs;
}

/// An argument of `program` that holds `count` elements of a root from `place` on, along the one
/// axis of the root that runs along the order.
Value StepBoxes::stretch(StepProgram &program, Value root, const StepPlace &place, int64_t count) {
  mlir::RankedTensorType type = ir::tensorType(root);
  llvm::SmallVector<int64_t> order = memoryAxes(type.getRank(), axes.of(root), 0), stored, back;
  for (int64_t axis : order)
    stored.push_back(type.getDimSize(axis));
  stored.front() = count;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    back.push_back(llvm::find(order, axis) - order.begin());
  return permuted(program.builder, program.argument(place, shaped(type, stored)), back);
}

int64_t StepBoxes::pastCount(const StepProgram &program, int64_t count, int64_t ahead) const {
  int64_t until = program.when().until;
  return until ? std::min(until + ahead, count) : count;
}

Value StepBoxes::past(StepProgram &program, Value root, int64_t count) {
  StepPlace place{modules.state(root, axes.of(root), axes.rates(root))};
  modules.keepWhole(place.state);
  return stretch(program, root, place, count);
}

Value StepBoxes::lately(StepProgram &program, Value root, int64_t count, int64_t ahead) {
  StepPlace place = placeOf(program, root, Distance{1 - count + ahead});
  place.count = count;
  place.isBox = false;
  modules.touch(place, program.when());
  return stretch(program, root, place, count);
}

void StepBoxes::keepBefore(Value root, Value first) {
  if (isZeros(first))
    return;
  StepPlace place{modules.state(root, axes.of(root), axes.rates(root)), Distance{-1}};
  modules.touch(place, start().when());
  start().addResult(whole(start(), first), place);
}

/// `table`, of which axes run along the order as `map` says, without what lies behind the last
/// position: a state has no room for it, and no step reads it.
Value StepBoxes::untilLastPosition(StepProgram &program, Value table, const OrderedMap &map,
                                   size_t state) {
  for (size_t j = 0; j < map.size(); ++j)
    if (map[j] >= 0 && llvm::count(map, map[j]) == 1)
      table = firstAlong(program.builder, table, map[j],
                         std::min(ir::tensorType(table).getDimSize(map[j]),
                                  modules.elements(modules.at(state), j)));
  return table;
}

void StepBoxes::keepStates() {
  // What the start program computes may read states of its own.
  for (size_t i = 0; i < modules.values().size(); ++i) {
    auto [value, map, number] = modules.values()[i];
    bool hasPosition = modules.at(number).hasPosition();
    if (model.isInput(value) || (!value.getDefiningOp() && !hasPosition))
      continue; // the runtime writes what it is given
    if (auto *found = pieces.find(value); found != pieces.end()) {
      StepProgram &program = *programsOf(value).front();
      for (auto &[distance, box] : found->second)
        keep(program, box, value, map, placeOf(program, value, distance));
      continue;
    }
    bool isGenerated = axes.isGenerated(value);
    for (StepProgram *program :
         isGenerated ? programsOf(value) : llvm::SmallVector<StepProgram *>{&start()}) {
      Value box = isGenerated ? program->local.lookup(value)
                              : untilLastPosition(*program, whole(*program, value), map, number);
      StepPlace place{number};
      if (hasPosition)
        place.distance = here();
      keep(*program, box, value, map, place);
    }
  }
  if (model.hasColours())
    keepColours();
}

/// The output of each colour, at that colour's position.
void StepBoxes::keepColours() {
  for (auto [colour, value] : llvm::enumerate(model.outputs)) {
    StepProgram &program = *programsOf(value).front();
    StepPlace place{theOutputState, here()};
    place.distance->back() = static_cast<int64_t>(colour) - program.when().phases.back();
    keep(program, program.local.lookup(value), value, axes.of(value), place);
  }
}

} // namespace quern::passes
