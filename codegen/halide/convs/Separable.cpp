// Separable filters: a pass along a line of each channel, and a direct convolution along the other
// axis.
#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/Knobs.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "codegen/halide/convs/ConvFrame.h"
#include "codegen/halide/schedules/SeparableConv.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;

SeparablePlan tuned(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) {
  ConvFamily family = familyOf(op);
  if (family == ConvFamily::Grouped)
    throw EmitError{op.getLoc(),
                    op.getAlgorithm()->text() +
                        ": it needs two spatial axes and groups of one channel or all"};
  ConvProblem problem = problemOf(op);
  bool sharesRows = op.getAlgorithm()->getTile()[0] == 1;
  SeparablePlan plan = planSeparable(problem, sharesRows, cpu);
  if (family == ConvFamily::Depthwise)
    return plan;
  RegisterTile tile = plan.direct.tile;
  tuneTile(tile, knobs);
  plan = planSeparable(problem, sharesRows, cpu, tile);
  tuneBlocks(plan.direct, knobs);
  return plan;
}

SeparablePlan planOf(ir::ConvOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::separable);
  return tuned(op, cpu, knobs);
}

class SeparableEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    SeparablePlan plan = planOf(op, cpuTargetOf(Halide::Target(target.halide)));
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    return plan.problem.isDepthwise() ? tapsOutermost(type)
                                      : panelType(type, plan.direct.panelWidth);
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const override {
    Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::separable);
    tuned(op, cpu, knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    requireTransformed(op, builder);
    ConvFrame frame(op, /*wantsRows=*/false);
    CpuTarget cpu = builder.cpu();
    SeparablePlan plan = planOf(op, cpu);
    mlir::RankedTensorType wanted = weightType(op, builder.target());
    Func packed = repackedWeights(frame, builder, wanted);
    // The lines of the shared factor lie behind those of the filters.
    Expr outputs = constantIndex(plan.problem.outChannels),
         inputs = constantIndex(op.getFilterShape()[1]);
    auto element = [&](const Expr &row, const Expr &column, const Expr &tap) {
      return weightAt(frame, builder, packed, wanted, {row, column, tap});
    };
    SeparableWeights weights{.shared =
                                 [&](const Expr &channel, const Expr &tap) {
                                   return element(outputs + channel / inputs, channel % inputs,
                                                  tap);
                                 },
                             .rest = element};
    Func padded = tiledInput(frame, builder);
    SeparableStages stages = emitSeparable(plan, padded, weights);
    builder.defineAnchor({.result = op.getResult(),
                          .dims = frame.dims,
                          .schedule =
                              [=](Func output) {
                                schedulePacked(packed, cpu);
                                scheduleSeparable(plan, stages, padded, cpu, output);
                              }},
                         [=](const Index &index) { return stages.acc(frame.place(index)); });
  }
};

const SeparableEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::separable, emitter);

} // namespace
} // namespace quern::codegen
