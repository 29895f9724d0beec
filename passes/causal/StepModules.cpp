#include "passes/causal/StepModules.h"

#include "ir/Layout.h"

#include <algorithm>

namespace quern::passes {
namespace {

/// States up to this size are kept from the first position to the last: nothing is ever moved.
constexpr int64_t smallState = 64 << 10;
/// The least positions between two moves of a larger state to the front.
constexpr int64_t leastRoom = 64;

} // namespace

llvm::SmallVector<int64_t> memoryAxes(int64_t rank, const OrderedMap &axes, int64_t level) {
  llvm::SmallVector<int64_t> order;
  for (size_t j = static_cast<size_t>(level); j < axes.size(); ++j)
    if (axes[j] >= 0 && !llvm::is_contained(order, axes[j]))
      order.push_back(axes[j]);
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, axis))
      order.push_back(axis);
  return order;
}

llvm::SmallVector<int64_t> boxShape(llvm::ArrayRef<int64_t> shape, const OrderedMap &axes,
                                    int64_t level) {
  llvm::SmallVector<int64_t> box(shape);
  for (size_t j = 0; j < static_cast<size_t>(level); ++j)
    if (axes[j] >= 0)
      box[static_cast<size_t>(axes[j])] = 1;
  return box;
}

StepProgram::StepProgram(mlir::func::FuncOp model, const Trigger &when)
    : builder(model.getContext()), trigger(when), module(mlir::ModuleOp::create(model.getLoc())) {
  builder.setInsertionPointToStart(module->getBody());
  function =
      mlir::func::FuncOp::create(builder, model.getLoc(), "step", builder.getFunctionType({}, {}));
  function->setAttr(ir::names::model, builder.getUnitAttr());
  auto stepped = static_cast<size_t>(when.level);
  ir::Step step{when.level, when.isAfter, when.lag, when.from, when.until, {}, {}};
  llvm::append_range(step.periods, llvm::ArrayRef(when.periods).take_front(stepped));
  llvm::append_range(step.phases, llvm::ArrayRef(when.phases).take_front(stepped));
  function->setAttr(ir::names::step, step.attribute(builder.getContext()));
  builder.setInsertionPointToStart(function.addEntryBlock());
}

mlir::Value StepProgram::argument(const StepPlace &place, mlir::RankedTensorType type) {
  mlir::Block &block = function.front();
  for (auto [known, value] : llvm::zip_equal(argumentPlaces, block.getArguments()))
    if (known == place && value.getType() == type)
      return value;
  argumentPlaces.push_back(place);
  return block.addArgument(type, function.getLoc());
}

mlir::OwningOpRef<mlir::ModuleOp>
StepProgram::finish(llvm::function_ref<ir::Binding(const StepPlace &, bool isResult)> bind) {
  llvm::SmallVector<mlir::Value> values;
  for (auto &[value, place] : results)
    values.push_back(value);
  mlir::func::ReturnOp::create(builder, function.getLoc(), values);
  function.setFunctionType(builder.getFunctionType(function.front().getArgumentTypes(),
                                                   mlir::ValueRange(values).getTypes()));
  for (auto [index, place] : llvm::enumerate(argumentPlaces))
    function.setArgAttr(static_cast<unsigned>(index), ir::names::binding,
                        bind(place, false).attribute(builder.getContext()));
  for (auto [index, result] : llvm::enumerate(results))
    function.setResultAttr(static_cast<unsigned>(index), ir::names::binding,
                           bind(result.second, true).attribute(builder.getContext()));
  return std::move(module);
}

StepProgram &StepModules::program(const Trigger &when) {
  return programs.try_emplace(when, model, when).first->second;
}

size_t StepModules::add(const KeptValue &state) {
  states.push_back(state);
  return states.size() - 1;
}

KeptValue StepModules::kept(mlir::Value value, const OrderedMap &axes, const Distance &rates) {
  mlir::RankedTensorType type = ir::tensorType(value);
  KeptValue state;
  llvm::SmallVector<int64_t> slot;
  for (int64_t axis : memoryAxes(type.getRank(), axes, static_cast<int64_t>(axes.size())))
    slot.push_back(type.getDimSize(axis));
  state.slot = mlir::RankedTensorType::get(slot, type.getElementType());
  for (int64_t axis : axes)
    state.runs.push_back(axis != -1);
  state.rates = rates;
  return state;
}

size_t StepModules::state(mlir::Value value, const OrderedMap &axes, const Distance &rates) {
  for (auto &[known, knownAxes, number] : numbers)
    if (known == value && knownAxes == axes)
      return number;
  size_t number = add(kept(value, axes, rates));
  numbers.emplace_back(value, axes, number);
  return number;
}

llvm::SmallVector<int64_t> StepModules::inputStates(ir::CausalAttr contract,
                                                    size_t generated) const {
  llvm::SmallVector<int64_t> inputs(mlir::func::FuncOp(model).getNumArguments(), -1);
  for (const auto &[value, map, number] : numbers)
    if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
        argument && !states[number].hasPosition())
      inputs[argument.getArgNumber()] = static_cast<int64_t>(number);
  inputs[static_cast<size_t>(contract.getInput())] = static_cast<int64_t>(generated);
  return inputs;
}

int64_t StepModules::elements(const KeptValue &state, size_t axis) const {
  return (extents[axis] + state.rates[axis] - 1) / state.rates[axis];
}

/// Slots from one position to the next along each ordered axis. Behind each row lie as many slots
/// as reads reach past its ends: never written, they are the zeros of the padding.
llvm::SmallVector<int64_t> StepModules::strides(const KeptValue &state) const {
  llvm::SmallVector<int64_t> strides(extents.size(), 0);
  llvm::SmallVector<size_t> inwards = llvm::to_vector(llvm::seq(extents.size()));
  if (state.isPlanar)
    std::rotate(inwards.begin(), inwards.end() - 1, inwards.end());
  llvm::erase_if(inwards, [&](size_t j) { return !state.runs[j]; });
  int64_t stride = 1;
  for (size_t j : llvm::reverse(inwards)) {
    strides[j] = stride;
    int64_t halo = 0;
    for (const StepPlace &place : state.places)
      if (place.distance) {
        int64_t from = (*place.distance)[j];
        bool isLong = !place.isBox && j == inwards.back();
        halo = std::max({halo, -from, isLong ? from + place.count - 1 : from});
      }
    stride *= elements(state, j) + (j == inwards.front() ? 0 : halo);
  }
  return strides;
}

int64_t StepModules::slotAt(const KeptValue &state, const StepPlace &place) const {
  int64_t slot = place.first;
  if (place.distance)
    for (auto [by, stride] : llvm::zip_equal(*place.distance, strides(state)))
      slot += by * stride;
  return slot;
}

ir::StepState StepModules::describe(const KeptValue &state, int64_t lag) const {
  llvm::SmallVector<int64_t> steps = strides(state);
  // What is read for a position behind the known one lies further back.
  int64_t all = 1, before = lag, after = 0;
  for (auto [axis, stride] : llvm::enumerate(steps))
    all += (elements(state, axis) - 1) * stride;
  for (const StepPlace &place : state.places) {
    if (!place.distance)
      continue;
    int64_t slot = slotAt(state, place);
    before = std::max(before, lag - slot);
    after = std::max(after, slot + place.count - 1);
  }
  int64_t bytes = ir::tensorBytes(state.slot);
  int64_t room = std::min(all, std::max(before + after, leastRoom));
  if (state.isWhole || all * bytes <= smallState)
    room = all;
  // Memory may be moved within a box, and within one of several rows for which a grid has one.
  bool isBehind = false;
  for (size_t j = 0; room < all && j < steps.size(); ++j) {
    isBehind |= static_cast<int64_t>(j) >= state.level;
    before += isBehind ? (elements(state, j) - 1) * steps[j] : 0;
    isBehind |= state.rates[j] > 1;
  }
  llvm::SmallVector<int64_t> rates(llvm::ArrayRef<int64_t>(state.rates));
  return {bytes, rates, steps, before, after, room};
}

void StepModules::finish(ir::Steps steps) {
  steps.extents.assign(extents.begin(), extents.end());
  for (const KeptValue &state : states)
    steps.states.push_back(describe(state, steps.lag));
  auto bind = [&](const StepPlace &place, bool isResult) {
    const KeptValue &state = states[place.state];
    const ir::StepState &described = steps.states[place.state];
    bool isAll = isResult && state.isFilled && described.before == 0 && described.after == 0;
    return ir::Binding{static_cast<int64_t>(place.state),
                       slotAt(state, place) * ir::tensorBytes(state.slot), !place.distance, isAll};
  };
  mlir::OpBuilder builder(model);
  for (auto &[when, program] : programs)
    builder.insert(program.finish(bind).release());
  model->setAttr(ir::names::steps, steps.attribute(model.getContext()));
}

} // namespace quern::passes
