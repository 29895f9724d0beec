// Step programs under construction: a module for each, and the states that they share.
#pragma once

#include "ir/StepAttributes.h"
#include "passes/causal/StepSchedule.h"

#include "mlir/IR/IRMapping.h"

#include <limits>
#include <map>

namespace quern::passes {

/// Where an argument or a result lies: `distance` positions from the current one in a state, or, if
/// it is absent, at the state's first slot.
struct StepPlace {
  size_t state = 0;
  std::optional<Distance> distance = {};
  /// How many slots it takes from there on.
  int64_t count = 1;
  /// Whether these are all elements of a box, or else neighbours along the last ordered axis.
  bool isBox = true;
  /// Where it has no distance: the slot at which it begins.
  int64_t first = 0;

  bool operator==(const StepPlace &) const = default;
};

/// What is kept of one value.
struct KeptValue {
  /// Element type, and shape of a slot.
  mlir::RankedTensorType slot;
  /// Which ordered axes it runs along; none: one slot for all positions.
  llvm::SmallVector<bool, 3> runs;
  /// How many positions along each ordered axis have one element.
  Distance rates;
  /// The innermost ordered axis lies outermost: the planes of an image's colours.
  bool isPlanar = false;
  /// All of it is read at once, or written.
  bool isWhole = false;
  /// The start program writes all of it, and no other program any.
  bool isFilled = false;
  /// The least level of the programs that touch it once their box is complete: they still need what
  /// was there before its first position.
  int64_t level = std::numeric_limits<int64_t>::max();
  llvm::SmallVector<StepPlace> places = {};

  bool hasPosition() const { return llvm::is_contained(runs, true); }
};

/// A step program being written: a function marked quern.model in a module of its own.
class StepProgram {
public:
  StepProgram(mlir::func::FuncOp model, const Trigger &when);

  const Trigger &when() const { return trigger; }
  /// An argument of that type and place; the same one when asked again.
  mlir::Value argument(const StepPlace &place, mlir::RankedTensorType type);
  /// Makes `value`, as it lies in memory, a result.
  void addResult(mlir::Value value, const StepPlace &place) { results.push_back({value, place}); }
  /// Writes the signature with the bindings that `bind` makes of places, of results or arguments,
  /// and gives the module away.
  mlir::OwningOpRef<mlir::ModuleOp>
  finish(llvm::function_ref<ir::Binding(const StepPlace &, bool isResult)> bind);

  mlir::OpBuilder builder;
  /// What stands here for values of the model: their boxes, or all of those without position.
  mlir::IRMapping local;

private:
  Trigger trigger;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  llvm::SmallVector<StepPlace> argumentPlaces;
  llvm::SmallVector<std::pair<mlir::Value, StepPlace>> results;
};

/// All programs and states of a model.
class StepModules {
public:
  StepModules(mlir::func::FuncOp model, llvm::ArrayRef<int64_t> extents)
      : model(model), extents(extents) {}

  StepProgram &program(const Trigger &when);
  /// How `value` is kept, whose axes run along the order as `axes` says, at these rates.
  static KeptValue kept(mlir::Value value, const OrderedMap &axes, const Distance &rates);
  /// The number of the state that keeps `value` so.
  size_t state(mlir::Value value, const OrderedMap &axes, const Distance &rates);
  /// The number of a further state.
  size_t add(const KeptValue &state);
  /// Notes that `place` is read or written by the program of `when`.
  void touch(const StepPlace &place, const Trigger &when) {
    KeptValue &state = states[place.state];
    state.places.push_back(place);
    if (when.isAfter)
      state.level = std::min(state.level, when.level);
  }
  void keepWhole(size_t state) { states[state].isWhole = true; }
  /// The place of all that a state ever holds, for the start program to write.
  StepPlace filled(size_t state) {
    states[state].isWhole = states[state].isFilled = true;
    return {state};
  }
  const KeptValue &at(size_t state) const { return states[state]; }
  /// How many elements a state has along an ordered axis.
  int64_t elements(const KeptValue &state, size_t axis) const;
  /// The state of each of the model's inputs, -1 where no program reads it: of the generated one
  /// `generated`, of others that of the whole tensor.
  llvm::SmallVector<int64_t> inputStates(ir::CausalAttr contract, size_t generated) const;
  /// The states asked for so far, with their values.
  const auto &values() const { return numbers; }

  /// Puts the programs into the model's module and describes how they work together on the model.
  /// `steps` has all but the extents and the states.
  void finish(ir::Steps steps);

private:
  ir::StepState describe(const KeptValue &state, int64_t lag) const;
  llvm::SmallVector<int64_t> strides(const KeptValue &state) const;
  int64_t slotAt(const KeptValue &state, const StepPlace &place) const;

  mlir::func::FuncOp model;
  llvm::SmallVector<int64_t, 3> extents;
  std::map<Trigger, StepProgram> programs;
  llvm::SmallVector<KeptValue> states;
  llvm::SmallVector<std::tuple<mlir::Value, OrderedMap, size_t>> numbers;
};

/// The axes in the order in which a state keeps them: ordered ones from ordered axis `level` on,
/// then the others. Ordered axes before `level` have extent 1 in a box and do not appear.
llvm::SmallVector<int64_t> memoryAxes(int64_t rank, const OrderedMap &axes, int64_t level);

/// `shape` with one element along the first `level` ordered axes.
llvm::SmallVector<int64_t> boxShape(llvm::ArrayRef<int64_t> shape, const OrderedMap &axes,
                                    int64_t level);

} // namespace quern::passes
