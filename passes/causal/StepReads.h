// What each op of a causal model reads, in positions: the distances at which its element at one
// position needs its operands' elements.
#pragma once

#include "passes/causal/FarthestKey.h"
#include "passes/causal/OrderedSum.h"
#include "passes/causal/SlidingAxis.h"

#include <memory>

namespace quern::passes {

/// A tap of a convolution's kernel along its ordered axes: the place in the kernel along each
/// spatial axis (0 along those without order), and the distance at which it reads. It reads one of
/// the values that the input is put together from.
struct Tap {
  size_t part = 0;
  llvm::SmallVector<int64_t, 3> place;
  Distance distance;
};

/// One generated value that an op reads. Element p needs element p * stride + distance of `value`,
/// where the stride is that of their rates; or, where `isPast`, all elements up to that one
/// (`isStrict`: but that one); or all along the ordered axes from `whole` on.
struct StepRead {
  mlir::Value value;
  Distance distance;
  bool isPast = false;
  bool isStrict = false;
  std::optional<int64_t> whole = {};
};

class StepReads {
public:
  /// Of a model whose outputs may read `latency` positions beyond their own.
  StepReads(const OrderedAxes &axes, int64_t latency)
      : axes(axes), latency(latency), farthestKey(axes) {}

  /// What the values of `op` (no view) read, seen through views. Fails with a diagnostic.
  mlir::FailureOr<llvm::SmallVector<StepRead>> of(mlir::Operation *op);

  /// What the input of `conv` is put together from along its channels: each part is read for
  /// itself.
  llvm::ArrayRef<mlir::Value> parts(ir::ConvOp conv) { return window(conv).parts; }
  /// The taps of `conv` that no mask removes, part by part in row-major order.
  llvm::ArrayRef<Tap> taps(ir::ConvOp conv) { return window(conv).taps; }
  /// How many keys attention reads, up to the last, where that is not the whole past: else 0.
  int64_t keyWindow(ir::AttentionOp attention) const { return windows.lookup(attention); }
  /// How many elements behind its own place lies the last key that attention, or an op over keys,
  /// reads; 0 where it reads none.
  int64_t keysAhead(mlir::Operation *op) const { return keysBehind.lookup(op); }

private:
  struct Window {
    llvm::SmallVector<mlir::Value, 1> parts;
    llvm::SmallVector<Tap> taps;
  };
  const Window &window(ir::ConvOp conv);
  void addTaps(ir::ConvOp conv, size_t part,
               llvm::function_ref<bool(llvm::ArrayRef<int64_t>)> isKept, Window &window) const;
  mlir::LogicalResult add(mlir::Operation *op, mlir::Value operand, const Distance &distance,
                          llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addPool(ir::WindowReduceOp pool, llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addConv(ir::ConvOp conv, llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addAttention(ir::AttentionOp attention,
                                   llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addPast(mlir::Operation *op, mlir::Value operand, int64_t last,
                              llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addOverKeys(mlir::Operation *op, llvm::SmallVectorImpl<StepRead> &reads);
  mlir::LogicalResult addSum(ir::ContractOp contract, const OrderedSum &sum,
                             llvm::SmallVectorImpl<StepRead> &reads);
  Distance here() const { return Distance(axes.count(), 0); }

  const OrderedAxes &axes;
  int64_t latency;
  FarthestKey farthestKey;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<Window>> known;
  llvm::DenseMap<mlir::Operation *, int64_t> windows, keysBehind;
};

} // namespace quern::passes
