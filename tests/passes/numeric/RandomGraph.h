// A graph of random layers in the making: what images and sequences have in common.
#pragma once

#include "ir/Infer.h"
#include "tests/passes/numeric/RandomModel.h"

#include "mlir/IR/Builders.h"

#include <random>

namespace quern::passes {

class RandomGraph {
public:
  RandomGraph(mlir::MLIRContext &context, std::mt19937_64 &random)
      : builder(&context), random(random) {}
  virtual ~RandomGraph() = default;

  /// A model of a few steps, now and then with further results.
  RandomModel make();

protected:
  using Value = mlir::Value;
  using Tensor = reference::Tensor;

  virtual mlir::RankedTensorType inputType() = 0;
  /// What comes before the first step, and after the last; perhaps nothing.
  virtual Value begin(Value x) { return x; }
  virtual Value end(Value x) { return x; }
  /// One layer or block.
  virtual Value step(Value x) = 0;

  // Drawing.
  int64_t pick(const std::vector<int64_t> &choices) { return choices[random() % choices.size()]; }
  bool chance(uint64_t outOf) { return random() % outOf == 0; }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53);
  }

  Tensor randomTensor(llvm::ArrayRef<int64_t> shape, double scale) {
    Tensor tensor(shape.vec());
    for (double &value : tensor.values)
      value = uniform(-scale, scale);
    return tensor;
  }

  // Building.
  mlir::Location at() {
    return mlir::FileLineColLoc::get(builder.getContext(), "random.qn", ++line, 1);
  }
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getF64Type());
  }

  /// A parameter of numbers in [0.25, 1.25): a batch norm's variance must be above zero.
  Value parameter(const std::vector<int64_t> &shape) {
    std::string key = "p" + std::to_string(model.parameters.size());
    Tensor tensor(shape);
    for (double &value : tensor.values)
      value = uniform(0.25, 1.25) * (chance(2) ? 0.5 : 0.75);
    model.parameters.emplace(key, tensor);
    return ir::ParameterOp::create(builder, at(), type(shape), builder.getStringAttr(key));
  }
  /// Weights of either sign.
  Value weight(const std::vector<int64_t> &shape) {
    Value value = parameter(shape);
    std::string key = value.getDefiningOp<ir::ParameterOp>().getKey().str();
    model.parameters.at(key) = randomTensor(shape, 0.5);
    return value;
  }
  Value splat(double number) {
    auto scalar = type({});
    return ir::ConstantOp::create(builder, at(), scalar,
                                  mlir::DenseElementsAttr::get(scalar, number));
  }
  Value add(Value a, Value b) { return ir::AddOp::create(builder, at(), a, b); }
  Value subtract(Value a, Value b) { return ir::SubOp::create(builder, at(), a, b); }
  Value multiply(Value a, Value b) { return ir::MulOp::create(builder, at(), a, b); }
  Value divide(Value a, Value b) { return ir::DivOp::create(builder, at(), a, b); }
  Value relu(Value x) { return ir::ReluOp::create(builder, at(), x); }
  Value reshape(Value x, const std::vector<int64_t> &shape) {
    return ir::ReshapeOp::create(builder, at(), x, shape);
  }

  Value activation(Value x);
  Value softmaxOfPrimitives(Value x, int64_t axis);

  mlir::OpBuilder builder;
  std::mt19937_64 &random;

private:
  unsigned line = 0;
  RandomModel model;
};

/// A graph of images [N, C, H, W].
RandomModel makeImageModel(mlir::MLIRContext &context, std::mt19937_64 &random);
/// A graph of sequences [B, T, D].
RandomModel makeSequenceModel(mlir::MLIRContext &context, std::mt19937_64 &random);

} // namespace quern::passes
