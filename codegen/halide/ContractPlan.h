// From a contraction in the IR to a matrix product. Both the packing of a constant operand, before
// code is generated, and the emitter ask here, so that they agree.
#pragma once

#include "codegen/Target.h"
#include "codegen/halide/KernelGraph.h"
#include "codegen/halide/StrassenKernel.h"
#include "codegen/halide/schedules/Gemm.h"
#include "ir/SegmentDot.h"

#include <optional>

namespace quern::codegen {

/// An axis label and its extent.
struct Label {
  int64_t name;
  int64_t extent;
};

/// A contraction sorted out. Labels of extent 1 appear nowhere: their index is 0.
struct ContractShape {
  /// The result's labels in memory, innermost first.
  std::vector<Label> result;
  /// The labels summed over, innermost in `b` first.
  std::vector<Label> summed;
  /// A and B of a matrix product C = A B where the result's innermost label is B's alone; else
  /// `isProduct` is false and a, b are the operands as written.
  bool isProduct = false;
  mlir::Value a, b;
  llvm::ArrayRef<int64_t> aAxes, bAxes;
  /// Which entry of `result` counts the rows, if A has a label of its own.
  std::optional<size_t> rows;

  bool inB(int64_t label) const { return llvm::is_contained(bAxes, label); }
  /// Product of the extents summed over.
  int64_t depth() const;
};

ContractShape shapeOf(ir::ContractOp op);

/// Dimensions of the result in the order in which scheduleGemm wants them: columns, rows (an added
/// one of extent 1 if there are none), others. `isProduct` is required.
StoredDims productDims(ir::ContractOp op, const ContractShape &shape);

/// The plan of a matrix product, numbers set by hand included.
GemmPlan gemmPlanOf(ir::ContractOp op, const ContractShape &shape, const CpuTarget &cpu);

/// What the plan chose, for the kernel's attribute.
ir::ScheduleAttr scheduleOf(ir::ContractOp op, const CpuTarget &cpu);

/// How B should lie in memory where it is a plain matrix; nothing where it is not or the target
/// wants it as it is.
std::optional<mlir::RankedTensorType>
packedOperandType(ir::ContractOp op, const ContractShape &shape, const Target &target);

/// An operand of a kernel and how it should lie in memory.
struct PackedOperand {
  mlir::Value operand;
  mlir::RankedTensorType type;
};

/// The same, whatever the op is computed by.
std::optional<PackedOperand> packedOperandOf(ir::ContractOp op, const Target &target);

/// The axes of the result that count the rows of a product by blocks, innermost first.
llvm::SmallVector<int64_t> blockRowsOf(ir::ContractOp op);

/// The plan of a contraction whose algorithm is one of Strassen's: as a pointwise convolution over
/// up to two axes of rows and a batch.
StrassenPlan strassenPlanOf(ir::ContractOp op, const CpuTarget &cpu);

/// The same for the window of a convolution at one position.
GemmPlan gemmPlanOf(ir::SegmentDotOp op, const CpuTarget &cpu);
ir::ScheduleAttr scheduleOf(ir::SegmentDotOp op, const CpuTarget &cpu);
std::optional<mlir::RankedTensorType> packedOperandType(ir::SegmentDotOp op, const Target &target);

} // namespace quern::codegen
