#include "codegen/halide/ContractPlan.h"
#include "codegen/halide/Emitter.h"
#include "ir/Infer.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

/// A matrix-vector product (a product of few rows) whose left side lies in several places: one
/// update for each.
void emitSegmentDot(ir::SegmentDotOp op, KernelBuilder &builder) {
  GemmPlan plan = gemmPlanOf(op, builder.cpu());
  mlir::RankedTensorType type = ir::tensorType(op.getResult());
  Var n("n"), m("m");
  Func acc("acc");
  acc(n, m) = Halide::Internal::make_zero(computeType(type.getElementType()));
  int64_t first = 0;
  for (mlir::Value segment : op.getSegments()) {
    llvm::ArrayRef<int64_t> shape = ir::tensorType(segment).getShape();
    RDom r({{0, constantIndex(shape[2])}, {0, constantIndex(shape[0])}}, "k");
    Expr k = constantIndex(first) + r.y * constantIndex(shape[2]) + r.x;
    acc(n, m) += builder.load(segment, {r.y, m, r.x}) * builder.load(op.getWeight(), {k, n});
    first += shape[0] * shape[2];
  }
  StoredDims dims{{1, type.getDimSize(1)},
                  type.getDimSize(0) > 1 ? ir::PhysicalDim{0, type.getDimSize(0)}
                                         : ir::PhysicalDim{noAxis, 1}};
  builder.defineAnchor({.result = op.getResult(),
                        .dims = dims,
                        .privates = {acc},
                        .schedule = [=](Func output) { scheduleGemm(plan, Func(), acc, output); }},
                       [=](const Index &index) { return acc(index[1], index[0]); });
}

const EmitterOf<ir::SegmentDotOp, emitSegmentDot> registerSegmentDot;

} // namespace
} // namespace quern::codegen
