// Direct convolution: every product, in registers. Also what depthwise convolutions and those of
// narrow groups, and all on a device, are computed by.
#include "codegen/Backend.h"
#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/Knobs.h"
#include "codegen/halide/PackedWeights.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "codegen/halide/convs/ConvFrame.h"
#include "codegen/halide/schedules/GroupedConv.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

DirectConvPlan tuned(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) {
  ConvProblem problem = problemOf(op);
  problem.computedInput |= convertsInput(op);
  RegisterTile tile = planDirectConv(problem, cpu).tile;
  tuneTile(tile, knobs);
  DirectConvPlan plan = planDirectConv(problem, cpu, tile);
  // Work in front of the convolution is done once for each input element, not once for each
  // product.
  if (plan.paddedInput == PaddedInput::Inline && problem.computedInput)
    plan.paddedInput = problem.outHeight > plan.tile.my ? PaddedInput::Strip : PaddedInput::Root;
  int64_t padded = static_cast<int64_t>(plan.paddedInput);
  knobs.tune("padded_input", padded, 0);
  plan.paddedInput = static_cast<PaddedInput>(std::min<int64_t>(padded, 2));
  tuneBlocks(plan, knobs);
  return plan;
}

DirectConvPlan planOf(ir::ConvOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::direct_conv);
  return tuned(op, computing(cpu, op.getResult()), knobs);
}

/// The Funcs of one direct convolution.
struct Stages {
  Func padded; ///< undefined: the input is read where it lies
  Func acc;
};

/// `panelWidth`: output channels of a panel, all of one group; 1 where there are none.
Stages writeStages(const ConvFrame &frame, const KernelBuilder &builder, ConvFamily family,
                   int64_t panelWidth, const PackedWeights &weights) {
  Stages stages;
  // On a device each thread looks after its own edges.
  if (!builder.backend().hasDeviceMemory())
    stages.padded = paddedInput(frame, builder);
  // One input channel for each output in a depthwise convolution; else those of its group.
  int64_t perGroup = frame.op.getFilterShape()[1];
  bool depthwise = family == ConvFamily::Depthwise;
  std::vector<Halide::Range> ranges;
  if (!depthwise)
    ranges.emplace_back(0, constantIndex(perGroup));
  bool masked = !depthwise && frame.op.getTaps();
  if (masked)
    ranges.emplace_back(0, constantIndex(frame.op.liveTaps()));
  else
    frame.appendKernel(ranges);
  RDom r(ranges, "r");
  std::vector<Expr> taps;
  if (masked)
    taps = frame.tapAt(r[1]);
  else
    for (size_t i = depthwise ? 0 : 1; i < ranges.size(); ++i)
      taps.emplace_back(r[static_cast<int>(i)]);

  std::vector<Expr> here = frame.here();
  Expr c = here[0], inner = depthwise ? Expr(0) : Expr(r[0]),
       channel = depthwise ? c : frame.groupInput(inner, panelWidth);
  std::vector<Expr> from = frame.source(here, channel, taps);
  Expr input = stages.padded.defined() ? stages.padded(from) : inputOrZero(frame, builder, from);
  stages.acc = Func("acc");
  stages.acc(frame.vars) = Halide::Internal::make_zero(frame.type());
  stages.acc(frame.vars) += input * weights.at(frame.weight(c, inner, taps));
  return stages;
}

class DirectEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    if (familyOf(op) == ConvFamily::Direct && backendOf(target).packsWeights())
      return panelType(type, planOf(op, cpuTargetOf(Halide::Target(target.halide))).panelWidth);
    return tapsOutermost(type);
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const override {
    ConvFamily family = familyOf(op);
    auto kind = family == ConvFamily::Direct      ? ir::ScheduleKind::direct_conv
                : family == ConvFamily::Depthwise ? ir::ScheduleKind::depthwise_conv
                                                  : ir::ScheduleKind::grouped_conv;
    Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), kind);
    if (family == ConvFamily::Direct)
      tuned(op, computing(cpu, op.getResult()), knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    ConvFamily family = familyOf(op);
    ConvFrame frame(op, family != ConvFamily::Grouped);
    CpuTarget cpu = computing(builder.cpu(), op.getResult());
    ConvProblem problem = problemOf(op);
    // On a device weights are read as they lie.
    bool onDevice = builder.backend().hasDeviceMemory();
    DirectConvPlan plan{.problem = {}, .cpu = cpu, .panelWidth = 1};
    if (family == ConvFamily::Direct && !onDevice)
      plan = planOf(op, builder.cpu());
    mlir::RankedTensorType wanted;
    if (!onDevice)
      wanted = weightType(op, builder.target());
    PackedWeights weights(builder, op.getWeight(), wanted);
    Stages stages = writeStages(frame, builder, family, plan.panelWidth, weights);
    builder.defineAnchor(
        {.result = op.getResult(),
         .dims = frame.dims,
         .privates = {stages.acc},
         .schedule =
             [=](Func output) {
               weights.schedule(cpu);
               if (family == ConvFamily::Direct)
                 scheduleDirectConv(plan, stages.padded, stages.acc, output);
               else if (family == ConvFamily::Depthwise)
                 scheduleDepthwiseConv(problem, cpu, stages.padded, stages.acc, output);
               else
                 scheduleGroupedConv(problem, cpu, stages.padded, stages.acc, output);
             }},
        [=](const Index &index) { return stages.acc(frame.place(index)); });
  }
};

const DirectEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::direct, emitter);

} // namespace
} // namespace quern::codegen
