// Filters that come apart: a pass along a line of each channel, or a convolution along lines into
// some channels, and a direct convolution along the other axis.
#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/convs/PlannedConvEmitter.h"
#include "codegen/halide/schedules/SeparableConv.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "ir/conv/LowRankFilter.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;

/// An element of factors that lie in the transformed filter `weights` from `first` on, in blocks.
Expr blockedElement(const PackedWeights &weights, int64_t first, const ir::OutputBlocks &blocks,
                    const Expr &output, const Expr &inner, const Expr &tap) {
  constexpr int64_t block = ir::OutputBlocks::block;
  // A panel may reach beyond the last block.
  Expr index = Halide::min(output / constantIndex(block), constantIndex(blocks.blocks() - 1));
  index = index * constantIndex(blocks.taps) + tap;
  index = index * constantIndex(blocks.inner) + inner;
  return weights.at(
      {constantIndex(first) + index * constantIndex(block) + output % constantIndex(block)});
}

class SeparableEmitter final : public PlannedConvEmitter<SeparablePlan> {
public:
  SeparableEmitter() : PlannedConvEmitter(ir::ScheduleKind::separable, /*wantsRows=*/false) {}

private:
  SeparablePlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const override {
    auto axes = static_cast<size_t>(op.getSpatialRank());
    if (axes < 2)
      throw EmitError{op.getLoc(), op.getAlgorithm()->text() + ": it needs two spatial axes"};
    llvm::ArrayRef<int64_t> variant = op.getAlgorithm()->getTile();
    SeparableProblem problem{.conv = problemOf(op), .axes = axes};
    problem.conv.computedInput |= convertsInput(op);
    problem.lineAxis = variant[0] == 1 ? 0 : axes - 1;
    problem.line = spatialConvOf(op).axes[problem.lineAxis];
    problem.rank = variant.size() > axes ? variant.back() : 0;
    SeparablePlan plan = planSeparable(problem, cpu);
    if (plan.rest.isDepthwise())
      return plan;
    RegisterTile tile = plan.direct.tile;
    tuneTile(tile, knobs);
    plan = planSeparable(problem, cpu, tile);
    tuneBlocks(plan.direct, knobs);
    return plan;
  }

  mlir::RankedTensorType weightType(ir::ConvOp op, const SeparablePlan &plan) const override {
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    if (plan.problem.rank > 0)
      return type;
    return plan.rest.isDepthwise() ? tapsOutermost(type) : panelType(type, plan.direct.panelWidth);
  }

  /// The lines of the shared factor lie behind those of the filters.
  static SeparableWeights shared(const SeparablePlan &plan, const PackedWeights &weights) {
    Expr outputs = constantIndex(plan.problem.conv.outChannels),
         inputs = constantIndex(plan.problem.conv.groupInputs());
    return {.line =
                [=](const Expr &channel, const Expr &, const Expr &tap) {
                  return weights.at({outputs + channel / inputs, channel % inputs, tap});
                },
            .rest = [=](const Expr &row, const Expr &column,
                        const Expr &tap) { return weights.at({row, column, tap}); }};
  }

  static SeparableWeights mixed(const SeparablePlan &plan, const PackedWeights &weights) {
    const ConvProblem &p = plan.problem.conv;
    const int64_t line = plan.problem.line.kernel;
    // Along y, as a row of the others' taps for each of its own.
    ir::LowRankBlocks blocks({.groups = p.groups,
                              .outputs = p.outChannels,
                              .inputs = p.groupInputs(),
                              .height = line,
                              .width = p.taps() / line,
                              .sharesRows = false},
                             plan.problem.rank);
    return {.line =
                [=](const Expr &channel, const Expr &inner, const Expr &tap) {
                  return blockedElement(weights, blocks.rest.size(), blocks.lines, channel, inner,
                                        tap);
                },
            .rest =
                [=](const Expr &output, const Expr &inner, const Expr &tap) {
                  return blockedElement(weights, 0, blocks.rest, output, inner, tap);
                }};
  }

  ConvLoops write(const SeparablePlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    SeparableWeights factors = plan.problem.rank > 0 ? mixed(plan, weights) : shared(plan, weights);
    if (!plan.rest.isDepthwise())
      factors.group = frame.groupInput(0, plan.direct.panelWidth) /
                      constantIndex(plan.problem.conv.groupInputs());
    Func padded = tiledInput(frame, builder);
    SeparableStages stages = emitSeparable(plan, padded, factors);
    CpuTarget cpu = builder.cpu();
    return {stages.acc, [=](Func output) { scheduleSeparable(plan, stages, padded, cpu, output); }};
  }
};

const SeparableEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::separable, emitter);

} // namespace
} // namespace quern::codegen
