// im2col: the patches under the filter copied into the rows of a matrix, and one matrix product.
// Explicit: the whole matrix is stored. Implicit: only the rows that one task is at work on.
#include "codegen/halide/schedules/Im2col.h"

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
using Halide::RDom;

PatchMatrix matrixOf(ir::ConvOp op) {
  return op.algorithmOrDirect() == ir::ConvAlgorithm::im2col ? PatchMatrix::Whole
                                                             : PatchMatrix::PerTask;
}

Im2colPlan tuned(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) {
  ConvProblem problem = problemOf(op);
  RegisterTile tile = planIm2col(problem, matrixOf(op), cpu).gemm.tile;
  tuneTile(tile, knobs);
  Im2colPlan plan = planIm2col(problem, matrixOf(op), cpu, tile);
  tuneBlocks(plan.gemm, knobs);
  return plan;
}

Im2colPlan planOf(ir::ConvOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::im2col);
  return tuned(op, cpu, knobs);
}

class Im2colEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    return panelType(ir::rowMajor(ir::tensorType(op.getWeight())),
                     planOf(op, cpuTargetOf(Halide::Target(target.halide))).gemm.panelWidth);
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const override {
    Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::im2col);
    tuned(op, cpu, knobs);
    return knobs.attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    if (familyOf(op) != ConvFamily::Direct || builder.backend().hasDeviceMemory())
      throw EmitError{op.getLoc(), "im2col needs one group, one or two spatial axes and a CPU"};
    ConvFrame frame(op, /*wantsRows=*/true);
    CpuTarget cpu = builder.cpu();
    Im2colPlan plan = planOf(op, cpu);
    mlir::RankedTensorType wanted = weightType(op, builder.target());
    Func packed = repackedWeights(frame, builder, wanted);

    std::vector<Halide::Range> ranges{{0, constantIndex(op.getFilterShape()[1])}};
    frame.appendKernel(ranges);
    RDom r(ranges, "r");
    std::vector<Halide::Var> tap{Halide::Var("ci"), Halide::Var("kx"), Halide::Var("ky")};
    std::vector<Halide::Var> patchVars = tap;
    patchVars.insert(patchVars.end(), frame.vars.begin() + 1, frame.vars.end());
    Func patches("patches");
    patches(patchVars) =
        inputOrZero(frame, builder, frame.source(frame.here(), tap[0], {tap[1], tap[2]}));

    std::vector<Expr> here = frame.here(), row{r[0], r[1], r[2]};
    row.insert(row.end(), here.begin() + 1, here.end());
    Func acc("acc");
    acc(frame.vars) = Halide::Internal::make_zero(frame.type());
    acc(frame.vars) += patches(row) * weightAt(frame, builder, packed, wanted,
                                               frame.weight(here[0], r[0], {r[1], r[2]}));
    builder.defineAnchor({.result = op.getResult(),
                          .dims = frame.dims,
                          .schedule =
                              [=](Func output) {
                                schedulePacked(packed, cpu);
                                scheduleIm2col(plan, patches, acc, output);
                              }},
                         [=](const Index &index) { return acc(frame.place(index)); });
  }
};

const Im2colEmitter emitter;
const ConvEmitterFor whole(ir::ConvAlgorithm::im2col, emitter);
const ConvEmitterFor perTask(ir::ConvAlgorithm::implicit_im2col, emitter);

} // namespace
} // namespace quern::codegen
