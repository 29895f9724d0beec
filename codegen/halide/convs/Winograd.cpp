// Winograd (Cook-Toom): tiles of the input and the filters are transformed, and fewer products than
// direct convolution needs are made between them.
#include "codegen/halide/schedules/Winograd.h"

#include "codegen/halide/Knobs.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "codegen/halide/convs/ConvFrame.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;

WinogradPlan tuned(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) {
  SpatialConv problem = spatialConvOf(op);
  llvm::ArrayRef<int64_t> tile = op.getAlgorithm()->getTile();
  std::vector<int64_t> outputs(tile.rbegin(), tile.rend());
  if (std::string why = whyNotWinograd(problem, outputs, cpu); !why.empty())
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

WinogradPlan planOf(ir::ConvOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::winograd);
  return tuned(op, cpu, knobs);
}

class WinogradEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    return ir::withLayout(ir::rowMajor(ir::tensorType(op.getWeight())), {0, 1, 2, 1},
                          {planOf(op, cpuTargetOf(Halide::Target(target.halide))).panelWidth});
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const override {
    Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::winograd);
    tuned(op, cpu, knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    requireTransformed(op, builder);
    ConvFrame frame(op, /*wantsRows=*/false);
    CpuTarget cpu = builder.cpu();
    WinogradPlan plan = planOf(op, cpu);
    mlir::RankedTensorType wanted = weightType(op, builder.target());
    Func packed = repackedWeights(frame, builder, wanted);
    auto weights = [&](const Expr &lane, const Expr &channel, const Expr &panel,
                       const Expr &point) {
      // The panel's own coordinates, so that nothing is divided in the innermost loop.
      if (packed.defined())
        return Expr(packed(lane, channel, panel, point));
      return Expr((*builder.parameter(op.getWeight()))(lane, channel, panel, point));
    };
    WinogradStages stages = emitWinograd(plan, tiledInput(frame, builder), weights);
    builder.defineAnchor({.result = op.getResult(),
                          .dims = frame.dims,
                          .schedule =
                              [=](Func output) {
                                schedulePacked(packed, cpu);
                                scheduleWinograd(plan, stages, output);
                              }},
                         [=](const Index &index) { return stages.inverse(frame.place(index)); });
  }
};

const WinogradEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::winograd, emitter);

} // namespace
} // namespace quern::codegen
