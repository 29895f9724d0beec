#include "codegen/halide/emitters/BlockProduct.h"

#include "codegen/halide/ContractPlan.h"
#include "ir/Infer.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::Var;

/// The coordinates (column, inner rows, outer rows, batch) of a product, and where its operands and
/// its result have them. Axes that are not there have extent 1.
struct Frame {
  StoredDims dims;
  std::vector<Var> vars{Var("c"), Var("x"), Var("y"), Var("n")};
  ir::ContractOp op;

  explicit Frame(ir::ContractOp op) : op(op) {
    llvm::ArrayRef<int64_t> shape = ir::tensorType(op.getResult()).getShape();
    llvm::SmallVector<int64_t> axes{indexIn(op.getResultAxes(), op.getRhsAxes()[0])};
    llvm::append_range(axes, blockRowsOf(op));
    for (size_t i = 0; i < vars.size(); ++i)
      dims.push_back(i < axes.size() ? ir::PhysicalDim{axes[i], shape[static_cast<size_t>(axes[i])]}
                                     : ir::PhysicalDim{noAxis, 1});
  }

  /// The rows at the coordinates, of which the first is a place in the depth; zeros where a block
  /// sticks out.
  Expr rowsAt(const KernelBuilder &builder) {
    Index index(op.getLhsAxes().size());
    index[static_cast<size_t>(indexIn(op.getLhsAxes(), op.getRhsAxes()[1]))] = vars[0];
    llvm::SmallVector<int64_t> cut;
    for (size_t i = 1; i < dims.size(); ++i)
      if (dims[i].axis != noAxis) {
        int64_t label = op.getResultAxes()[static_cast<size_t>(dims[i].axis)];
        int64_t axis = indexIn(op.getLhsAxes(), label);
        index[static_cast<size_t>(axis)] = vars[i];
        cut.push_back(axis);
      }
    Halide::Type type = computeType(ir::tensorType(op.getLhs()).getElementType());
    return builder.atOr(op.getLhs(), index, cut, Halide::Internal::make_zero(type));
  }

  static int64_t indexIn(llvm::ArrayRef<int64_t> axes, int64_t label) {
    return llvm::find(axes, label) - axes.begin();
  }
};

} // namespace

void emitBlockProduct(ir::ContractOp op, KernelBuilder &builder) {
  std::string name = op.getAlgorithm()->text();
  if (!op.getFilter())
    throw EmitError{op.getLoc(), name + " needs its matrix transformed ahead"};
  if (builder.backend().hasDeviceMemory())
    throw EmitError{op.getLoc(), name + " has no kernel for a device"};
  StrassenPlan plan = strassenPlanOf(op, builder.cpu());
  PackedWeights weights(builder, op.getRhs(), strassenWeightType(op.getRhs(), plan));
  Frame frame(op);
  Func rows("rows");
  rows(frame.vars) = frame.rowsAt(builder);
  StrassenStages stages = strassenStages(plan, rows, weights);
  builder.defineAnchor({.result = op.getResult(),
                        .dims = frame.dims,
                        .schedule =
                            [=](Func output) {
                              weights.schedule(plan.product.cpu);
                              scheduleStrassen(plan, stages, output);
                            }},
                       [=, dims = frame.dims](const Index &index) {
                         return stages.joined(storedCoordinates(dims, index));
                       });
}

} // namespace quern::codegen
