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
#include "ir/conv/Division.h"

#include <optional>

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

/// How many outputs of each group are computed and dropped, so that each begins with a vector.
int64_t surplusOf(ir::ConvOp op, const CpuTarget &cpu) {
  int64_t each = problemOf(op).groupOutputs();
  return familyOf(op) == ConvFamily::PaddedGroups ? ir::roundUp(each, cpu.lanes) - each : 0;
}

DirectConvPlan tuned(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) {
  ConvProblem problem = problemOf(op);
  problem.computedInput |= convertsInput(op);
  problem.outChannels += problem.groups * surplusOf(op, cpu);
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
  Func sums; ///< of padded groups: all of them, in memory
};

/// How output channels are numbered where each group begins with a vector.
struct PaddedGroup {
  int64_t outputs, surplus, inputs;
  int64_t panelWidth;

  int64_t stored() const { return outputs + surplus; }
  Expr of(const Expr &c) const {
    return c / constantIndex(panelWidth) / constantIndex(stored() / panelWidth);
  }
  /// The number without those that are dropped; of these, that of one behind it.
  Expr output(const Expr &c) const { return c - of(c) * constantIndex(surplus); }
  Expr place(const Expr &output) const {
    return output / constantIndex(outputs) * constantIndex(stored()) +
           output % constantIndex(outputs);
  }
};

/// `panelWidth`: output channels of a panel, all of one group; 1 where there are none.
Stages writeStages(const ConvFrame &frame, const KernelBuilder &builder, ConvFamily family,
                   int64_t panelWidth, const PackedWeights &weights,
                   const std::optional<PaddedGroup> &padded) {
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
       channel = depthwise ? c
                 : padded  ? padded->of(c) * constantIndex(padded->inputs) + inner
                           : frame.groupInput(inner, panelWidth);
  std::vector<Expr> from = frame.source(here, channel, taps);
  Expr input = stages.padded.defined() ? stages.padded(from) : inputOrZero(frame, builder, from);
  stages.acc = Func("acc");
  stages.acc(frame.vars) = Halide::Internal::make_zero(frame.type());
  if (!padded) {
    stages.acc(frame.vars) += input * weights.at(frame.weight(c, inner, taps));
    return stages;
  }
  // One panel holds all output channels, and beyond them as many as the last group drops.
  std::vector<Expr> stored{padded->output(c), inner};
  stored.insert(stored.end(), taps.begin(), taps.begin() + frame.op.getSpatialRank());
  stored.emplace_back(0);
  stages.acc(frame.vars) += input * weights.stored(stored);
  stages.sums = Func("sums");
  stages.sums(frame.vars) = stages.acc(frame.vars);
  return stages;
}

class DirectEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    CpuTarget cpu = cpuTargetOf(Halide::Target(target.halide));
    if (isPlanned(op) && backendOf(target).packsWeights())
      return panelType(type, panelWidth(op, planOf(op, cpu)));
    return tapsOutermost(type);
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const override {
    auto kind = isPlanned(op)                           ? ir::ScheduleKind::direct_conv
                : familyOf(op) == ConvFamily::Depthwise ? ir::ScheduleKind::depthwise_conv
                                                        : ir::ScheduleKind::grouped_conv;
    Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), kind);
    if (isPlanned(op))
      tuned(op, computing(cpu, op.getResult()), knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    // On a device weights are read as they lie.
    if (isPlanned(op) && !builder.backend().hasDeviceMemory())
      emitPlanned(op, builder);
    else
      emitLoops(op, builder);
  }

private:
  static bool isPlanned(ir::ConvOp op) {
    ConvFamily family = familyOf(op);
    return family == ConvFamily::Direct || family == ConvFamily::PaddedGroups;
  }

  /// Output channels of a panel of weights: of padded groups all, and beyond them as many as the
  /// last group drops.
  static int64_t panelWidth(ir::ConvOp op, const DirectConvPlan &plan) {
    int64_t surplus = surplusOf(op, plan.cpu);
    return surplus == 0 ? plan.panelWidth
                        : ir::roundUp(problemOf(op).outChannels + surplus, plan.cpu.lanes);
  }

  void emitPlanned(ir::ConvOp op, KernelBuilder &builder) const {
    ConvFrame frame(op, true);
    DirectConvPlan plan = planOf(op, builder.cpu());
    PackedWeights weights(builder, op.getWeight(), weightType(op, builder.target()));
    std::optional<PaddedGroup> groups;
    std::vector<int64_t> extents;
    if (int64_t surplus = surplusOf(op, plan.cpu)) {
      groups = PaddedGroup{.outputs = problemOf(op).groupOutputs(),
                           .surplus = surplus,
                           .inputs = plan.problem.groupInputs(),
                           .panelWidth = plan.panelWidth};
      for (const ir::PhysicalDim &dim : frame.dims)
        extents.push_back(dim.extent);
      extents.front() = plan.problem.outChannels;
    }
    Stages stages =
        writeStages(frame, builder, ConvFamily::Direct, plan.panelWidth, weights, groups);
    builder.defineAnchor({.result = op.getResult(),
                          .dims = frame.dims,
                          .schedule =
                              [=](Func output) {
                                weights.schedule(plan.cpu);
                                if (groups)
                                  schedulePaddedGroups(plan, stages.padded, stages.acc, stages.sums,
                                                       extents, output);
                                else
                                  scheduleDirectConv(plan, stages.padded, stages.acc, output);
                              }},
                         [=](const Index &index) -> Expr {
                           std::vector<Expr> where = frame.place(index);
                           if (!groups)
                             return stages.acc(where);
                           where.front() = groups->place(where.front());
                           return stages.sums(where);
                         });
  }

  void emitLoops(ir::ConvOp op, KernelBuilder &builder) const {
    ConvFamily family = familyOf(op);
    bool isDepthwise = family == ConvFamily::Depthwise;
    ConvFrame frame(op, isDepthwise || family == ConvFamily::Direct);
    CpuTarget cpu = computing(builder.cpu(), op.getResult());
    ConvProblem problem = problemOf(op);
    mlir::RankedTensorType wanted;
    if (!builder.backend().hasDeviceMemory())
      wanted = weightType(op, builder.target());
    PackedWeights weights(builder, op.getWeight(), wanted);
    Stages stages = writeStages(frame, builder, family, 1, weights, {});
    builder.defineAnchor(
        {.result = op.getResult(),
         .dims = frame.dims,
         .privates = {stages.acc},
         .schedule =
             [=](Func output) {
               weights.schedule(cpu);
               if (isDepthwise)
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
