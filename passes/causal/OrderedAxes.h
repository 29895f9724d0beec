// Which axes of a model's values run along the order in which its input is generated.
#pragma once

#include "ir/Infer.h"

namespace quern::passes {

/// For each ordered axis of the contract the tensor's axis that runs along it, or -1.
using OrderedMap = llvm::SmallVector<int64_t, 3>;
/// A distance in positions along each ordered axis, outermost first.
using Distance = llvm::SmallVector<int64_t, 3>;

/// The ordered axes of all values that depend on the generated input.
class OrderedAxes {
public:
  /// Follows the axes from the contract's input through the model. Fails, naming the op, where one
  /// computes along them in a way that step programs do not know.
  static mlir::FailureOr<OrderedAxes> follow(mlir::func::FuncOp model, ir::CausalAttr contract);

  size_t count() const { return extentsOfOrder.size(); }
  /// The extents of the order's axes. Axes of the contract with one element order nothing, and are
  /// left out.
  llvm::ArrayRef<int64_t> extents() const { return extentsOfOrder; }
  /// Whether `value` depends on the generated input.
  bool isGenerated(mlir::Value value) const { return maps.contains(value); }
  /// The axes of a generated value.
  const OrderedMap &of(mlir::Value value) const { return maps.find(value)->second; }
  /// The ordered axis that axis `axis` of a generated value runs along, or nothing.
  std::optional<size_t> orderedAxis(mlir::Value value, int64_t axis) const;

private:
  mlir::LogicalResult enter(mlir::Operation *op);

  llvm::SmallVector<int64_t, 3> extentsOfOrder;
  llvm::DenseMap<mlir::Value, OrderedMap> maps;
};

/// A value seen through pads and slices along ordered axes: element p of it is element
/// p + distance of `root`, and zero where that lies outside [low, high).
struct OrderedView {
  mlir::Value root;
  Distance distance, low, high;
};

/// `value` through all pads with zeros and slices that only move it along ordered axes.
OrderedView viewOf(mlir::Value value, const OrderedAxes &axes);

/// Whether `op` is such a pad or slice.
bool isOrderedView(mlir::Operation *op, const OrderedAxes &axes);

} // namespace quern::passes
