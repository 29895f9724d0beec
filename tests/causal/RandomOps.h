// Ops with random operands, for models that are made at random.
#pragma once

#include "tests/passes/Interpreter.h"

#include "mlir/IR/Builders.h"

#include <random>

namespace quern::passes {

/// Makes ops over f64, each at a line of its own, and remembers the parameters it makes.
class RandomOps {
public:
  using Value = mlir::Value;
  using List = std::vector<int64_t>;

  RandomOps(mlir::MLIRContext &context, uint64_t seed) : builder(&context), random(seed) {}

  int64_t pick(List choices) { return choices[random() % choices.size()]; }
  bool chance(uint64_t outOf) { return random() % outOf == 0; }

  mlir::Location at();
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape);
  llvm::ArrayRef<int64_t> shapeOf(Value x);

  Value parameter(const List &shape);
  /// Zeros and ones.
  Value mask(const List &shape);
  Value splat(double number);
  /// Places in a random order, i32[extent].
  Value permutation(int64_t extent);

  Value multiply(Value a, Value b) { return ir::MulOp::create(builder, at(), a, b); }
  Value tanh(Value x) { return ir::TanhOp::create(builder, at(), x); }
  Value transpose(Value x, const List &permutation) {
    return ir::TransposeOp::create(builder, at(), x, permutation);
  }
  Value reshape(Value x, const List &shape) {
    return ir::ReshapeOp::create(builder, at(), x, shape);
  }

protected:
  mlir::OpBuilder builder;
  std::mt19937_64 random;
  Parameters parameters;

private:
  unsigned line = 0;
};

} // namespace quern::passes
