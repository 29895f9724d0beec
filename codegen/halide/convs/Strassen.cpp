// Strassen's product of blocks, and Winograd's variant of it, over convolutions of one group.
#include "codegen/halide/schedules/Strassen.h"

#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/Knobs.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "codegen/halide/convs/ConvFrame.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;

StrassenPlan tuned(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) {
  if (familyOf(op) != ConvFamily::Direct)
    throw EmitError{op.getLoc(),
                    op.getAlgorithm()->text() + ": it needs one group and one or two spatial axes"};
  auto form = op.algorithmOrDirect() == ir::ConvAlgorithm::strassen ? ir::BlockProduct::strassen
                                                                    : ir::BlockProduct::winograd;
  int64_t levels = op.getAlgorithm()->getTile()[0];
  ConvProblem problem = problemOf(op);
  RegisterTile tile = planStrassen(problem, form, levels, cpu).product.tile;
  tuneTile(tile, knobs);
  StrassenPlan plan = planStrassen(problem, form, levels, cpu, tile);
  tuneBlocks(plan.product, knobs);
  return plan;
}

StrassenPlan planOf(ir::ConvOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::strassen);
  return tuned(op, cpu, knobs);
}

class StrassenEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    StrassenPlan plan = planOf(op, cpuTargetOf(Halide::Target(target.halide)));
    return ir::withLayout(ir::rowMajor(ir::tensorType(op.getWeight())), {0, 1, 3, 2, 1},
                          {plan.product.panelWidth});
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const override {
    Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::strassen);
    tuned(op, cpu, knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    requireTransformed(op, builder);
    ConvFrame frame(op, /*wantsRows=*/true);
    CpuTarget cpu = builder.cpu();
    StrassenPlan plan = planOf(op, cpu);
    mlir::RankedTensorType wanted = weightType(op, builder.target());
    Func packed = repackedWeights(frame, builder, wanted);
    auto weights = [&](const Expr &output, const Expr &input, const Expr &kx, const Expr &ky,
                       const Expr &product) {
      Expr tap = ky * constantIndex(plan.problem.kernelX) + kx;
      return weightAt(frame, builder, packed, wanted, {product, output, input, tap});
    };
    StrassenStages stages = emitStrassen(plan, tiledInput(frame, builder), weights);
    builder.defineAnchor({.result = op.getResult(),
                          .dims = frame.dims,
                          .schedule =
                              [=](Func output) {
                                schedulePacked(packed, cpu);
                                scheduleStrassen(plan, stages, output);
                              }},
                         [=](const Index &index) { return stages.joined(frame.place(index)); });
  }
};

const StrassenEmitter emitter;
const ConvEmitterFor strassen(ir::ConvAlgorithm::strassen, emitter);
const ConvEmitterFor winogradsVariant(ir::ConvAlgorithm::strassen_winograd, emitter);

} // namespace
} // namespace quern::codegen
