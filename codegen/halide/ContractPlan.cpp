#include "codegen/halide/ContractPlan.h"

#include "codegen/Backend.h"
#include "codegen/halide/KernelBuilder.h"
#include "codegen/halide/Knobs.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

#include <numeric>

namespace quern::codegen {
namespace {

/// Whether B is read once, as by a matrix-vector product, and comes from elsewhere in a form that
/// is never packed ahead: to pack it here would be to read it twice.
bool isReadOnce(const ContractShape &shape) {
  return shape.isProduct && !shape.rows && !shape.summed.empty() &&
         llvm::isa<mlir::BlockArgument>(shape.b) && ir::tensorType(shape.b).getRank() != 2;
}

/// The label along which elements of B are neighbours in memory.
std::optional<int64_t> innermostLabel(const ContractShape &shape) {
  for (const ir::PhysicalDim &dim : storedDims(ir::tensorType(shape.b)))
    if (dim.extent != 1)
      return shape.bAxes[static_cast<size_t>(dim.axis)];
  return std::nullopt;
}

GemmPlan tuned(const GemmProblem &problem, const CpuTarget &cpu, Knobs &knobs) {
  RegisterTile tile = planGemm(problem, cpu).tile;
  knobs.tune("tile_nv", tile.nv);
  knobs.tune("tile_mx", tile.mx);
  GemmPlan plan = planGemm(problem, cpu, tile);
  knobs.tune("rows_per_task", plan.rowsPerTask);
  plan.rowsPerTask = std::max<int64_t>(plan.rowsPerTask / plan.tile.mx, 1) * plan.tile.mx;
  knobs.tune("panels_per_task", plan.panelsPerTask);
  knobs.tune("unroll_depth", plan.unrollDepth);
  knobs.tune("parallel", plan.parallel);
  return plan;
}

GemmPlan tuned(const ContractShape &shape, const CpuTarget &cpu, Knobs &knobs) {
  GemmProblem problem;
  problem.columns = shape.result[0].extent;
  problem.rows = shape.rows ? shape.result[*shape.rows].extent : 1;
  problem.depth = shape.depth();
  for (size_t i = 1; i < shape.result.size(); ++i)
    if (i != shape.rows)
      problem.batch *= shape.result[i].extent;
  problem.constantB = llvm::isa<mlir::BlockArgument>(shape.b);
  problem.inPlaceB = isReadOnce(shape) && innermostLabel(shape) == shape.result[0].name;
  return tuned(problem, cpu, knobs);
}

GemmPlan tuned(ir::SegmentDotOp op, const CpuTarget &cpu, Knobs &knobs) {
  mlir::RankedTensorType weight = ir::tensorType(op.getWeight());
  GemmPlan plan = tuned({.rows = ir::tensorType(op.getResult()).getDimSize(0),
                         .columns = weight.getDimSize(1),
                         .depth = weight.getDimSize(0)},
                        computing(cpu, op.getResult()), knobs);
  // A segment is a loop of its own.
  for (mlir::Value segment : op.getSegments())
    plan.unrollDepth = std::gcd(plan.unrollDepth, ir::tensorType(segment).getDimSize(2));
  return plan;
}

/// The numbers of a contraction by Strassen.
StrassenPlan tunedBlocks(ir::ContractOp op, const CpuTarget &cpu, Knobs &knobs) {
  ConvProblem problem;
  problem.outChannels = op.getRhsShape()[0];
  problem.inChannels = op.getRhsShape()[1];
  llvm::ArrayRef<int64_t> result = ir::tensorType(op.getResult()).getShape();
  llvm::SmallVector<int64_t> rows = blockRowsOf(op);
  problem.inWidth = problem.outWidth = result[static_cast<size_t>(rows[0])];
  if (rows.size() > 1)
    problem.inHeight = problem.outHeight = result[static_cast<size_t>(rows[1])];
  if (rows.size() > 2)
    problem.batch = result[static_cast<size_t>(rows[2])];
  return tunedStrassen(problem, *op.getAlgorithm(), computing(cpu, op.getResult()), knobs);
}

Knobs strassenKnobs(ir::ContractOp op) {
  return Knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::strassen);
}

} // namespace

int64_t ContractShape::depth() const {
  int64_t product = 1;
  for (const Label &label : summed)
    product *= label.extent;
  return product;
}

ContractShape shapeOf(ir::ContractOp op) {
  ContractShape shape;
  llvm::ArrayRef<int64_t> lhs = op.getLhsAxes(), rhs = op.getRhsAxes(), result = op.getResultAxes();
  for (const ir::PhysicalDim &dim : storedDims(ir::tensorType(op.getResult())))
    if (dim.within == 0 && ir::tensorType(op.getResult()).getDimSize(dim.axis) != 1)
      shape.result.push_back({result[static_cast<size_t>(dim.axis)],
                              ir::tensorType(op.getResult()).getDimSize(dim.axis)});

  shape.a = op.getLhs(), shape.b = op.getRhs();
  shape.aAxes = lhs, shape.bAxes = rhs;
  if (!shape.result.empty()) {
    int64_t columns = shape.result[0].name;
    bool left = llvm::is_contained(lhs, columns), right = llvm::is_contained(rhs, columns);
    shape.isProduct = left != right;
    if (left && !right) {
      std::swap(shape.a, shape.b);
      std::swap(shape.aAxes, shape.bAxes);
    }
  }
  for (size_t i = 1; i < shape.result.size() && !shape.rows; ++i)
    if (!shape.inB(shape.result[i].name))
      shape.rows = i;

  auto addSummed = [&](mlir::Value operand, llvm::ArrayRef<int64_t> axes) {
    for (const ir::PhysicalDim &dim : storedDims(ir::tensorType(operand))) {
      int64_t label = axes[static_cast<size_t>(dim.axis)];
      int64_t extent = ir::tensorType(operand).getDimSize(dim.axis);
      bool known =
          llvm::any_of(shape.summed, [&](const Label &other) { return other.name == label; });
      if (extent != 1 && !known && !llvm::is_contained(result, label))
        shape.summed.push_back({label, extent});
    }
  };
  addSummed(shape.b, shape.bAxes);
  addSummed(shape.a, shape.aAxes);
  // Whole vectors of what is summed lie together: a sum of products for each column.
  constexpr int64_t leastVector = 8;
  if (isReadOnce(shape) && innermostLabel(shape) == shape.summed[0].name &&
      shape.summed[0].extent % leastVector == 0)
    shape.isProduct = false;
  return shape;
}

StoredDims productDims(ir::ContractOp op, const ContractShape &shape) {
  auto dim = [&](const Label &label) -> ir::PhysicalDim {
    const int64_t *axis = llvm::find(op.getResultAxes(), label.name);
    return {axis - op.getResultAxes().begin(), label.extent};
  };
  StoredDims dims{dim(shape.result[0])};
  dims.push_back(shape.rows ? dim(shape.result[*shape.rows]) : ir::PhysicalDim{noAxis, 1});
  for (size_t i = 1; i < shape.result.size(); ++i)
    if (i != shape.rows)
      dims.push_back(dim(shape.result[i]));
  return dims;
}

GemmPlan gemmPlanOf(ir::ContractOp op, const ContractShape &shape, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::gemm);
  return tuned(shape, computing(cpu, op.getResult()), knobs);
}

ir::ScheduleAttr scheduleOf(ir::ContractOp op, const CpuTarget &cpu) {
  if (op.getAlgorithm()) {
    Knobs knobs = strassenKnobs(op);
    tunedBlocks(op, cpu, knobs);
    return knobs.attribute();
  }
  ContractShape shape = shapeOf(op);
  auto kernel = op->getParentOfType<mlir::func::FuncOp>();
  if (shape.summed.empty())
    return Knobs(kernel, ir::ScheduleKind::elementwise).attribute();
  if (!shape.isProduct)
    return Knobs(kernel, ir::ScheduleKind::reduction).attribute();
  Knobs knobs(kernel, ir::ScheduleKind::gemm);
  tuned(shape, computing(cpu, op.getResult()), knobs);
  return knobs.attribute();
}

std::optional<mlir::RankedTensorType>
packedOperandType(ir::ContractOp op, const ContractShape &shape, const Target &target) {
  mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(shape.b));
  if (!shape.isProduct || shape.summed.empty() || type.getRank() != 2 ||
      !backendOf(target).packsWeights())
    return std::nullopt;
  int64_t columns = shape.bAxes[0] == shape.result[0].name ? 0 : 1, depth = 1 - columns;
  if (llvm::is_contained(op.getResultAxes(), shape.bAxes[static_cast<size_t>(depth)]))
    return std::nullopt;
  // A label of B alone that is summed is no depth of the product.
  if (type.getDimSize(depth) != shape.depth())
    return std::nullopt;
  int64_t width = gemmPlanOf(op, shape, cpuTargetOf(Halide::Target(target.halide))).panelWidth;
  return ir::withLayout(type, {columns, depth, columns}, {width});
}

std::optional<PackedOperand> packedOperandOf(ir::ContractOp op, const Target &target) {
  if (op.getAlgorithm()) {
    CpuTarget cpu = cpuTargetOf(Halide::Target(target.halide));
    return PackedOperand{op.getRhs(), strassenWeightType(op.getRhs(), strassenPlanOf(op, cpu))};
  }
  ContractShape shape = shapeOf(op);
  std::optional<mlir::RankedTensorType> type = packedOperandType(op, shape, target);
  return type ? std::optional(PackedOperand{shape.b, *type}) : std::nullopt;
}

llvm::SmallVector<int64_t> blockRowsOf(ir::ContractOp op) {
  llvm::SmallVector<int64_t> rows;
  for (auto [axis, label] : llvm::enumerate(op.getResultAxes()))
    if (!llvm::is_contained(op.getRhsAxes(), label))
      rows.insert(rows.begin(), static_cast<int64_t>(axis));
  return rows;
}

StrassenPlan strassenPlanOf(ir::ContractOp op, const CpuTarget &cpu) {
  Knobs knobs = strassenKnobs(op);
  return tunedBlocks(op, cpu, knobs);
}

GemmPlan gemmPlanOf(ir::SegmentDotOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::gemm);
  return tuned(op, cpu, knobs);
}

ir::ScheduleAttr scheduleOf(ir::SegmentDotOp op, const CpuTarget &cpu) {
  Knobs knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::gemm);
  tuned(op, cpu, knobs);
  return knobs.attribute();
}

std::optional<mlir::RankedTensorType> packedOperandType(ir::SegmentDotOp op, const Target &target) {
  if (!backendOf(target).packsWeights())
    return std::nullopt;
  int64_t width = gemmPlanOf(op, cpuTargetOf(Halide::Target(target.halide))).panelWidth;
  return ir::withLayout(ir::rowMajor(ir::tensorType(op.getWeight())), {1, 0, 1}, {width});
}

} // namespace quern::codegen
