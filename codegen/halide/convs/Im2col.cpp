// im2col: the patches under the filter copied into the rows of a matrix, and one matrix product.
// Explicit: the whole matrix is stored. Implicit: only the rows that one task is at work on.
#include "codegen/halide/schedules/Im2col.h"

#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/convs/PlannedConvEmitter.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

class Im2colEmitter final : public PlannedConvEmitter<Im2colPlan> {
public:
  explicit Im2colEmitter(PatchMatrix matrix)
      : PlannedConvEmitter(ir::ScheduleKind::im2col, /*wantsRows=*/true), matrix(matrix) {}

private:
  Im2colPlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs &knobs) const override {
    ConvProblem problem = problemOf(op);
    RegisterTile tile = planIm2col(problem, matrix, cpu).gemm.tile;
    tuneTile(tile, knobs);
    Im2colPlan plan = planIm2col(problem, matrix, cpu, tile);
    tuneBlocks(plan.gemm, knobs);
    return plan;
  }

  mlir::RankedTensorType weightType(ir::ConvOp op, const Im2colPlan &plan) const override {
    return panelType(ir::rowMajor(ir::tensorType(op.getWeight())), plan.gemm.panelWidth);
  }

  ConvLoops write(const Im2colPlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    std::vector<Halide::Range> ranges{{0, constantIndex(frame.op.getFilterShape()[1])}};
    frame.appendKernel(ranges);
    RDom r(ranges, "r");
    std::vector<Var> tap{Var("ci")};
    std::vector<Expr> here = frame.here(), taps, summed,
                      row{frame.groupInput(r[0], plan.gemm.panelWidth)};
    for (int axis = 1; axis < r.dimensions(); ++axis) {
      tap.emplace_back("k" + std::to_string(axis));
      taps.emplace_back(tap.back());
      summed.emplace_back(r[axis]);
      row.emplace_back(r[axis]);
    }
    std::vector<Var> patchVars = tap;
    patchVars.insert(patchVars.end(), frame.vars.begin() + 1, frame.vars.end());
    Func patches("patches");
    patches(patchVars) = inputOrZero(frame, builder, frame.source(here, tap[0], taps));
    row.insert(row.end(), here.begin() + 1, here.end());
    Func acc("acc");
    acc(frame.vars) = Halide::Internal::make_zero(frame.type());
    acc(frame.vars) += patches(row) * weights.at(frame.weight(here[0], r[0], summed));
    return {acc, [=](Func output) { scheduleIm2col(plan, patches, acc, output); }};
  }

  PatchMatrix matrix;
};

const Im2colEmitter explicitEmitter(PatchMatrix::Whole), implicitEmitter(PatchMatrix::PerTask);
const ConvEmitterFor whole(ir::ConvAlgorithm::im2col, explicitEmitter);
const ConvEmitterFor perTask(ir::ConvAlgorithm::implicit_im2col, implicitEmitter);

} // namespace
} // namespace quern::codegen
