// What the algorithms with a plan of their own have in common: one plan, asked for where weights
// are laid out, where the schedule's numbers are written down and where code is generated, so that
// all three agree.
#pragma once

#include "codegen/halide/Knobs.h"
#include "codegen/halide/PackedWeights.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "codegen/halide/convs/ConvFrame.h"

namespace quern::codegen {

/// A convolution as Funcs: its result over the frame's coordinates, and what gives them loops.
struct ConvLoops {
  Halide::Func result;
  std::function<void(Halide::Func output)> schedule;
};

/// `Plan` holds the numbers of the loops.
template <typename Plan> class PlannedConvEmitter : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const final {
    return weightType(op, planOf(op, cpuTargetOf(Halide::Target(target.halide))));
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const final {
    Knobs knobs = knobsOf(op);
    plan(op, computing(cpu, op.getResult()), knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const final {
    requireHost(op, builder);
    ConvFrame frame(op, wantsRows);
    CpuTarget cpu = computing(builder.cpu(), op.getResult());
    Plan plan = planOf(op, builder.cpu());
    PackedWeights weights(builder, op.getWeight(), weightType(op, plan));
    ConvLoops loops = write(plan, frame, builder, weights);
    builder.defineAnchor({.result = op.getResult(),
                          .dims = frame.dims,
                          .schedule =
                              [=](Halide::Func output) {
                                weights.schedule(cpu);
                                loops.schedule(output);
                              }},
                         [=](const Index &index) { return loops.result(frame.place(index)); });
  }

protected:
  /// `wantsRows`: convolutions of one spatial axis are given a second one.
  PlannedConvEmitter(ir::ScheduleKind kind, bool wantsRows) : kind(kind), wantsRows(wantsRows) {}

private:
  /// Chooses the numbers, those set by hand obeyed; all are recorded in `knobs`. Throws EmitError
  /// on what the algorithm does not support.
  virtual Plan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const = 0;

  /// How the weight should lie in memory.
  virtual mlir::RankedTensorType weightType(ir::ConvOp op, const Plan &plan) const = 0;

  /// Writes the algorithm.
  virtual ConvLoops write(const Plan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                          const PackedWeights &weights) const = 0;

  Knobs knobsOf(ir::ConvOp op) const {
    return Knobs(op->getParentOfType<mlir::func::FuncOp>(), kind);
  }

  Plan planOf(ir::ConvOp op, const CpuTarget &cpu) const {
    Knobs knobs = knobsOf(op);
    return plan(op, computing(cpu, op.getResult()), knobs);
  }

  ir::ScheduleKind kind;
  bool wantsRows;
};

} // namespace quern::codegen
