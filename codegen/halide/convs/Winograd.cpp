// Winograd (Cook-Toom): tiles of the input and the filters are transformed, and fewer products than
// direct convolution needs are made between them.
#include "codegen/halide/schedules/Winograd.h"

#include "codegen/halide/convs/PlannedConvEmitter.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;

class WinogradEmitter final : public PlannedConvEmitter<WinogradPlan> {
public:
  WinogradEmitter() : PlannedConvEmitter(ir::ScheduleKind::winograd, /*wantsRows=*/false) {}

private:
  WinogradPlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const override {
    SpatialConv problem = spatialConvOf(op);
    llvm::ArrayRef<int64_t> tile = op.getAlgorithm()->getTile();
    std::vector<int64_t> outputs(tile.rbegin(), tile.rend());
    if (std::string why = whyNotWinograd(problem, outputs); !why.empty())
      throw EmitError{op.getLoc(), op.getAlgorithm()->text() + ": " + why};
    WinogradPlan plan = planWinograd(problem, outputs, cpu);
    WinogradKnobs chosen{.tile = plan.tile, .tilesPerBlock = plan.tilesPerBlock};
    knobs.tune("tile_nv", chosen.tile->nv);
    knobs.tune("tile_mx", chosen.tile->mx);
    for (size_t axis = 0; axis < chosen.tilesPerBlock.size(); ++axis)
      knobs.tune("block_" + std::string(1, "xyz"[axis]), chosen.tilesPerBlock[axis]);
    bool whole = plan.wholeProducts;
    knobs.tune("whole_products", whole);
    chosen.wholeProducts = whole;
    return planWinograd(problem, outputs, cpu, chosen);
  }

  mlir::RankedTensorType weightType(ir::ConvOp op, const WinogradPlan &plan) const override {
    return ir::withLayout(ir::rowMajor(ir::tensorType(op.getWeight())), {0, 1, 2, 1},
                          {plan.panelWidth});
  }

  ConvLoops write(const WinogradPlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    WinogradStages stages = emitWinograd(
        plan, tiledInput(frame, builder),
        [&](const Expr &lane, const Expr &channel, const Expr &panel, const Expr &point) {
          return weights.stored({lane, channel, panel, point});
        });
    return {stages.inverse, [=](Func output) { scheduleWinograd(plan, stages, output); }};
  }
};

const WinogradEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::winograd, emitter);

} // namespace
} // namespace quern::codegen
