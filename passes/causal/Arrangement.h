// Where the elements of values have to lie so that positions come in the order of generation.
#pragma once

#include "passes/causal/OrderedAxes.h"

namespace quern::passes {

/// How the elements along a value's ordered axis lie in the order of generation: those that become
/// known with the same position next to each other, as many for each.
struct Arrangement {
  /// For each place the element that comes to lie there; -1: none, zeros fill it up.
  llvm::SmallVector<int64_t> from;
  /// Places for each position.
  int64_t each = 1;

  bool isIdentity() const;
};

/// The arrangements of all generated values of a model with one ordered axis. Values that meet in
/// an op are arranged alike; input and output by rank; the units of dense layers by when the last
/// element that they see is known.
class Arrangements {
public:
  /// Fails with a diagnostic.
  static mlir::FailureOr<Arrangements> find(mlir::func::FuncOp model, ir::CausalAttr contract,
                                            const OrderedAxes &axes);

  const Arrangement &of(mlir::Value value) const { return *all[kinds.find(value)->second]; }

private:
  llvm::DenseMap<mlir::Value, unsigned> kinds;
  std::vector<std::unique_ptr<Arrangement>> all;
};

} // namespace quern::passes
