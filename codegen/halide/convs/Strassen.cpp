// Strassen's product of blocks, and Winograd's variant of it, over convolutions of one group.
#include "ir/conv/Strassen.h"

#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/StrassenKernel.h"
#include "codegen/halide/convs/PlannedConvEmitter.h"

namespace quern::codegen {
namespace {

using Halide::Func;
using Halide::Var;

class StrassenEmitter final : public PlannedConvEmitter<StrassenPlan> {
public:
  StrassenEmitter() : PlannedConvEmitter(ir::ScheduleKind::strassen, /*wantsRows=*/true) {}

private:
  StrassenPlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const override {
    SpatialConv conv = spatialConvOf(op);
    if (!ir::isSlabwise(conv.axes.size(), conv.axes.back()) || conv.groups > 1)
      throw EmitError{op.getLoc(), op.getAlgorithm()->text() +
                                       ": it needs one group, and of three spatial axes an "
                                       "outermost one without taps and padding"};
    return tunedStrassen(problemOf(op), *op.getAlgorithm(), cpu, knobs);
  }

  mlir::RankedTensorType weightType(ir::ConvOp op, const StrassenPlan &plan) const override {
    return strassenWeightType(op.getWeight(), plan);
  }

  ConvLoops write(const StrassenPlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    Func padded = tiledInput(frame, builder);
    if (frame.spatial < 3) {
      StrassenStages stages = strassenStages(plan, padded, weights);
      return {stages.joined, [=](Func output) { scheduleStrassen(plan, stages, output); }};
    }
    int depth = static_cast<int>(frame.dims[3].extent),
        step = static_cast<int>(frame.op.getStrides()[0]);
    Var c("c"), x("x"), y("y"), z("z"), n("n");
    Func slabs("slabs"), volumes("volumes");
    slabs(c, x, y, n) = padded(c, x, y, n % depth * step, n / depth);
    StrassenStages stages = strassenStages(plan, slabs, weights);
    volumes(c, x, y, z, n) = stages.joined(c, x, y, n * depth + z);
    return {volumes, [=](Func output) { scheduleStrassen(plan, stages, output); }};
  }
};

const StrassenEmitter emitter;
const ConvEmitterFor strassen(ir::ConvAlgorithm::strassen, emitter);
const ConvEmitterFor winogradsVariant(ir::ConvAlgorithm::strassen_winograd, emitter);

} // namespace
} // namespace quern::codegen
