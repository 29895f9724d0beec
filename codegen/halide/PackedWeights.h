// The constant operand of a kernel, wherever it lies.
#pragma once

#include "codegen/halide/KernelBuilder.h"

namespace quern::codegen {

/// A weight that a schedule wants to lie in memory as a certain type. One that was not laid out so
/// ahead (it is computed, or shared in a way that does not allow it) is copied at the start of the
/// kernel.
class PackedWeights {
public:
  /// Of what `weight` is to the kernel that `builder` makes. Without `wanted` it is read as it
  /// lies.
  PackedWeights(const KernelBuilder &builder, mlir::Value weight, mlir::RankedTensorType wanted);

  /// The weight at a logical index.
  Halide::Expr at(const Index &index) const;
  /// The weight at coordinates in memory, innermost first, so that nothing is divided to find it.
  /// `wanted` is required.
  Halide::Expr stored(const std::vector<Halide::Expr> &where) const;

  /// Whether there is a copy.
  bool isCopied() const { return packed.defined(); }
  /// Gives loops to the copy, where there is one.
  void schedule(const CpuTarget &cpu) const;

private:
  const KernelBuilder *builder;
  mlir::Value weight;
  mlir::RankedTensorType wanted;
  Halide::Func packed; ///< undefined: the weights lie as they should
};

} // namespace quern::codegen
