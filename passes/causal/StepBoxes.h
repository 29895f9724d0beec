// The boxes of a model's values within its step programs, and what is kept of them.
#pragma once

#include "passes/causal/StepModules.h"

#include "llvm/ADT/MapVector.h"

namespace quern::passes {

class StepBoxes {
public:
  StepBoxes(mlir::func::FuncOp target, const SteppedModel &model, const OrderedAxes &axes,
            const StepSchedule &schedule);

  const OrderedAxes &order() const { return axes; }
  StepModules &programs() { return modules; }
  /// No distance.
  Distance here() const { return Distance(axes.count(), 0); }
  /// The program that runs once, at the start.
  StepProgram &start() { return modules.program({}); }
  /// The state of the generated input, and of the output.
  size_t inputState() const { return theInputState; }
  size_t outputState() const { return theOutputState; }
  /// The programs that compute a root: one, or, where it reads all of the past, several for longer
  /// and longer pasts.
  llvm::SmallVector<StepProgram *> programsOf(mlir::Value root);

  /// All of a value that depends on nothing generated.
  mlir::Value whole(StepProgram &program, mlir::Value value);
  /// The box of a value that depends on nothing generated, where `map` says which of its axes run
  /// along the order, at these rates: out of a table that the start program fills.
  mlir::Value freeBox(StepProgram &program, mlir::Value value, OrderedMap map,
                      const Distance &rates);
  /// The box of a generated value, seen through views, at `distance` from the program's position.
  mlir::Value box(StepProgram &program, mlir::Value value, const Distance &distance);
  /// Whether what lies at `distance` of a root is computed by `program` itself.
  bool isOwn(const StepProgram &program, mlir::Value root, const Distance &distance) const;
  /// Elements of a root from `distance` on, as a program finds them in its state.
  StepPlace placeOf(const StepProgram &program, mlir::Value root, const Distance &distance);
  /// Of `count` elements along the whole order those that may count in `program`: in one for the
  /// positions up to some, what lies before those and `ahead` behind.
  int64_t pastCount(const StepProgram &program, int64_t count, int64_t ahead) const;
  /// The first `count` elements of a root along the whole order, which one of its axes holds.
  mlir::Value past(StepProgram &program, mlir::Value root, int64_t count);
  /// The last `count` elements of a root up to `ahead` behind the program's position, along the
  /// only ordered axis.
  mlir::Value lately(StepProgram &program, mlir::Value root, int64_t count, int64_t ahead);
  /// What lies before the first position of `root`, if not zeros.
  void keepBefore(mlir::Value root, mlir::Value first);
  /// Notes that `box` is what the program of a value computes of it for the elements at `distance`:
  /// one of several that it computes at a time.
  void addPiece(mlir::Value value, const Distance &distance, mlir::Value box) {
    pieces[value].push_back({distance, box});
  }
  /// Lets the programs return what is kept of the values that they compute.
  void keepStates();

private:
  mlir::Value maskBox(StepProgram &program, mlir::Operation *op, mlir::RankedTensorType boxType,
                      const OrderedMap &map, const Distance &rates);
  mlir::Value fromState(StepProgram &program, mlir::Value value, const OrderedMap &map,
                        StepPlace place);
  void keep(StepProgram &program, mlir::Value box, mlir::Value value, const OrderedMap &map,
            StepPlace place);
  mlir::Value untilLastPosition(StepProgram &program, mlir::Value table, const OrderedMap &map,
                                size_t state);
  mlir::Value stretch(StepProgram &program, mlir::Value root, const StepPlace &place,
                      int64_t count);
  void keepColours();
  mlir::Value underAxesOf(StepProgram &program, mlir::Value box, mlir::Value root,
                          mlir::Value value);
  mlir::Value shifted(StepProgram &program, mlir::Value root, mlir::Value value,
                      const Distance &within);

  const SteppedModel &model;
  const OrderedAxes &axes;
  const StepSchedule &schedule;
  StepModules modules;
  size_t theInputState = 0, theOutputState = 0;
  llvm::MapVector<mlir::Value, llvm::SmallVector<std::pair<Distance, mlir::Value>>> pieces;
};

} // namespace quern::passes
