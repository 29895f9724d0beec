// Strassen's product of blocks, and Winograd's variant of it, over convolutions of one group.
#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/StrassenKernel.h"
#include "codegen/halide/convs/PlannedConvEmitter.h"

namespace quern::codegen {
namespace {

using Halide::Func;

class StrassenEmitter final : public PlannedConvEmitter<StrassenPlan> {
public:
  StrassenEmitter() : PlannedConvEmitter(ir::ScheduleKind::strassen, /*wantsRows=*/true) {}

private:
  StrassenPlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const override {
    if (op.getSpatialRank() > 2 || op.getGroups() > 1)
      throw EmitError{op.getLoc(), op.getAlgorithm()->text() +
                                       ": it needs one group and one or two spatial axes"};
    return tunedStrassen(problemOf(op), *op.getAlgorithm(), cpu, knobs);
  }

  mlir::RankedTensorType weightType(ir::ConvOp op, const StrassenPlan &plan) const override {
    return strassenWeightType(op.getWeight(), plan);
  }

  ConvLoops write(const StrassenPlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    StrassenStages stages = strassenStages(plan, tiledInput(frame, builder), weights);
    return {stages.joined, [=](Func output) { scheduleStrassen(plan, stages, output); }};
  }
};

const StrassenEmitter emitter;
const ConvEmitterFor strassen(ir::ConvAlgorithm::strassen, emitter);
const ConvEmitterFor winogradsVariant(ir::ConvAlgorithm::strassen_winograd, emitter);

} // namespace
} // namespace quern::codegen
