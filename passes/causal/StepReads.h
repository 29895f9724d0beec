// What each op of a causal model reads, in positions: the distances at which its element at one
// position needs its operands' elements.
#pragma once

#include "passes/causal/OrderedSum.h"

namespace quern::passes {

/// A tap of a convolution's kernel along its ordered axes: the place in the kernel along each
/// spatial axis (0 along those without order), and the distance at which it reads.
struct Tap {
  llvm::SmallVector<int64_t, 3> place;
  Distance distance;
};

/// One generated value that an op reads. Element p needs element p + distance of `value`; or, where
/// `isPast`, all elements up to p (`isStrict`: up to p - 1); or all along the ordered axes from
/// `whole` on.
struct StepRead {
  mlir::Value value;
  Distance distance;
  bool isPast = false;
  bool isStrict = false;
  std::optional<int64_t> whole = {};
};

class StepReads {
public:
  StepReads(const OrderedAxes &axes) : axes(axes) {}

  /// What the values of `op` (no view) read, seen through views. Fails with a diagnostic.
  mlir::FailureOr<llvm::SmallVector<StepRead>> of(mlir::Operation *op);

  /// The taps of `conv` that no mask removes, in row-major order.
  llvm::ArrayRef<Tap> taps(ir::ConvOp conv);

private:
  mlir::LogicalResult add(mlir::Operation *op, mlir::Value operand, const Distance &distance,
                          llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addConv(ir::ConvOp conv, llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addAttention(ir::AttentionOp attention,
                                   llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addPast(mlir::Operation *op, mlir::Value operand, bool isStrict,
                              llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addSum(ir::ContractOp contract, const OrderedSum &sum,
                             llvm::SmallVectorImpl<StepRead> &reads);
  Distance here() const { return Distance(axes.count(), 0); }

  const OrderedAxes &axes;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Tap>> known;
};

} // namespace quern::passes
