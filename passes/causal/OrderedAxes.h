// Which axes of a model's values run along the order in which its input is generated.
#pragma once

#include "passes/causal/SteppedModel.h"

namespace quern::passes {

/// For each ordered axis of the contract the tensor's axis that runs along it, or -1. Neighbours
/// may share one, which then holds their positions one after the other: a raster as a sequence.
/// Values in the body of a scan lack the axis that it runs along: `oneStep`.
using OrderedMap = llvm::SmallVector<int64_t, 3>;
inline constexpr int64_t oneStep = -2;
/// A distance in positions along each ordered axis, outermost first.
using Distance = llvm::SmallVector<int64_t, 3>;

/// A scan's results and the arguments of its body are values of the body, or outside of it, under
/// another name: element p is element p + by of `to`, in positions along `ordered`.
struct StepLink {
  mlir::Value to;
  size_t ordered;
  int64_t by = 0;
  /// Of a value that is not generated: its axes.
  OrderedMap map = {};
};

/// What an op computes for each pair of positions, queries and keys. Its result runs along the
/// order by its queries; at each position a step has the keys of the past.
struct OverKeys {
  OrderedMap map;
  /// For each operand the axis along which keys follow each other; -1 where it is the same for all.
  llvm::SmallVector<int64_t, 3> operands;
  /// Such an axis of the result; -1 where the op sums over keys.
  int64_t result;
};

/// Which of the contract's axes order anything: those with several elements, or the first where
/// none has.
llvm::SmallVector<size_t> axesThatOrder(ir::CausalAttr contract, mlir::RankedTensorType input);

/// Scans that are computed a row at a time, as one op; all others are their bodies at one position.
using WholeScans = llvm::SmallPtrSet<mlir::Operation *, 4>;

/// The ordered axes of all values that depend on the generated input.
class OrderedAxes {
public:
  /// Follows the axes from the contract's input through the model. Fails, naming the op, where one
  /// computes along them in a way that step programs do not know.
  static mlir::FailureOr<OrderedAxes> follow(const SteppedModel &model,
                                             const WholeScans &wholeScans = {});
  /// As far as the ops of the model can be followed; silent about the one that cannot. Rows may be
  /// longer than the order's, as those are before they are cut.
  static OrderedAxes followAsFar(const SteppedModel &model);

  size_t count() const { return extentsOfOrder.size(); }
  /// The extents of the axes that order anything.
  llvm::ArrayRef<int64_t> extents() const { return extentsOfOrder; }
  /// Whether `value` depends on the generated input.
  bool isGenerated(mlir::Value value) const { return maps.contains(value); }
  /// The axes of a generated value.
  const OrderedMap &of(mlir::Value value) const { return maps.find(value)->second; }
  /// How many positions along each ordered axis a generated value has one element for: 1, or more
  /// on a coarser grid; all of them where it does not have the axis.
  const Distance &rates(mlir::Value value) const { return ratesOfValues.find(value)->second; }
  /// How many elements of a generated value there are along the whole order.
  int64_t elements(mlir::Value value) const;
  /// The ordered axis that axis `axis` of a generated value runs along, or nothing.
  std::optional<size_t> orderedAxis(mlir::Value value, int64_t axis) const;
  /// The axis of a generated value that several ordered axes share, or -1.
  int64_t sharedAxis(mlir::Value value) const;

  /// What an op computes for each query and key; null for all that do not.
  const OverKeys *overKeys(mlir::Operation *op) const;
  /// The axis of a value along which keys follow each other, beside the one along the order, which
  /// is that of queries; -1 where there is none.
  int64_t keysAxis(mlir::Value value) const;
  /// Whether attention, or an op over keys, reads its operand as these: all of the past.
  bool isReadAsKeys(mlir::OpOperand &operand) const;

  /// What a value of a scan stands for; null for all other values.
  const StepLink *linkOf(mlir::Value value) const;
  /// The scan along ordered axis `ordered` to whose body `op` belongs.
  mlir::Operation *scanAround(mlir::Operation *op, size_t ordered) const;
  /// The ordered axis of which the op reads all elements at each position, as a scan that is one op
  /// does, or one that reverses a row.
  std::optional<size_t> axisReadWhole(mlir::Operation *op) const;

private:
  void begin(const SteppedModel &model);
  mlir::LogicalResult enterAll(mlir::func::FuncOp function);
  mlir::LogicalResult enter(mlir::Operation *op);
  mlir::LogicalResult enterScan(ir::ScanOp scan);
  mlir::LogicalResult enterBody(ir::ScanOp scan, size_t ordered);

  llvm::SmallVector<int64_t, 3> extentsOfOrder;
  llvm::DenseMap<mlir::Value, OrderedMap> maps;
  llvm::DenseMap<mlir::Value, Distance> ratesOfValues;
  llvm::DenseMap<mlir::Value, StepLink> links;
  llvm::DenseMap<mlir::Operation *, OverKeys> pairs;
  llvm::DenseMap<mlir::Operation *, size_t> scans;
  WholeScans wholes;
  bool hasLongRows = false;
};

} // namespace quern::passes
