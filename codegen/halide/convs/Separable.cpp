// Separable filters: a pass along a line of each channel, and a direct convolution along the other
// axis.
#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/convs/PlannedConvEmitter.h"
#include "codegen/halide/schedules/SeparableConv.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;

class SeparableEmitter final : public PlannedConvEmitter<SeparablePlan> {
public:
  SeparableEmitter() : PlannedConvEmitter(ir::ScheduleKind::separable, /*wantsRows=*/false) {}

private:
  SeparablePlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const override {
    ConvFamily family = familyOf(op);
    if (op.getSpatialRank() != 2 || (family != ConvFamily::Depthwise && op.getGroups() > 1))
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

  mlir::RankedTensorType weightType(ir::ConvOp op, const SeparablePlan &plan) const override {
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    return plan.problem.isDepthwise() ? tapsOutermost(type)
                                      : panelType(type, plan.direct.panelWidth);
  }

  ConvLoops write(const SeparablePlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    // The lines of the shared factor lie behind those of the filters.
    Expr outputs = constantIndex(plan.problem.outChannels),
         inputs = constantIndex(frame.op.getFilterShape()[1]);
    SeparableWeights lines{.shared =
                               [&](const Expr &channel, const Expr &tap) {
                                 return weights.at(
                                     {outputs + channel / inputs, channel % inputs, tap});
                               },
                           .rest = [&](const Expr &row, const Expr &column,
                                       const Expr &tap) { return weights.at({row, column, tap}); }};
    Func padded = tiledInput(frame, builder);
    SeparableStages stages = emitSeparable(plan, padded, lines);
    CpuTarget cpu = builder.cpu();
    return {stages.acc, [=](Func output) { scheduleSeparable(plan, stages, padded, cpu, output); }};
  }
};

const SeparableEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::separable, emitter);

} // namespace
} // namespace quern::codegen
