#include "tests/passes/numeric/RandomGraph.h"

namespace quern::passes {
namespace {

using ir::tensorType;

class SequenceGraph final : public RandomGraph {
  using RandomGraph::RandomGraph;

  mlir::RankedTensorType inputType() override {
    return type({pick({1, 2}), pick({3, 5}), pick({4, 6})});
  }

  /// [B, T, D], D even; the result has the same shape.
  Value step(Value x) override {
    llvm::ArrayRef<int64_t> shape = tensorType(x).getShape();
    int64_t batch = shape[0], length = shape[1], width = shape[2];
    switch (random() % 7) {
    case 0:
      return layerNorm(x);
    case 5:
      return add(x, recurrence(x));
    case 1:
      return add(x, attention(x));
    case 2:
      return add(linear(activation(linear(x, 2 * width)), width), x);
    case 3: {
      std::vector<int64_t> one{1}, two{2}, none{0};
      Value y = transpose(x, {0, 2, 1});
      y = ir::ConvOp::create(builder, at(), y, weight({width, width, 3}), one, one, two, none, 1,
                             nullptr, nullptr, nullptr);
      return add(transpose(activation(y), {0, 2, 1}), x);
    }
    case 4: {
      std::vector<int64_t> left{0, 0, 0}, right{0, 0, width / 2}, ones{1, 1, 1};
      std::vector<int64_t> half{batch, length, width / 2};
      Value a = ir::SliceOp::create(builder, at(), x, left, half, ones);
      Value b = ir::SliceOp::create(builder, at(), x, right, half, ones);
      Value gated = multiply(a, ir::SigmoidOp::create(builder, at(), b));
      return ir::ConcatOp::create(builder, at(), mlir::ValueRange{gated, b}, 2);
    }
    default: {
      Value table = weight({7, width}),
            positions = ir::IotaOp::create(builder, at(), std::vector<int64_t>{length}, 0,
                                           builder.getI32Type());
      return add(x, ir::GatherOp::create(builder, at(), table, positions, 0));
    }
    }
  }

  Value transpose(Value x, const std::vector<int64_t> &permutation) {
    return ir::TransposeOp::create(builder, at(), x, permutation);
  }

  /// x [B, T, D] times a weight, with bias.
  Value linear(Value x, int64_t outputs) {
    Value matrix = weight({outputs, tensorType(x).getDimSize(2)});
    std::vector<int64_t> lhs{0, 1, 2}, rhs{3, 2}, result{0, 1, 3};
    Value y = ir::ContractOp::create(builder, at(), x, matrix, lhs, rhs, result);
    return add(y, parameter({outputs}));
  }

  Value meanOfLast(Value x) {
    std::vector<int64_t> axes{tensorType(x).getRank() - 1};
    return ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::mean, axes, true);
  }

  Value layerNorm(Value x) {
    int64_t width = tensorType(x).getShape().back();
    Value centred = subtract(x, meanOfLast(x));
    Value variance = add(meanOfLast(multiply(centred, centred)), splat(1e-3));
    Value inverse = ir::RsqrtOp::create(builder, at(), variance);
    return add(multiply(multiply(centred, inverse), parameter({width})), parameter({width}));
  }

  /// j <= i, or j < i: then the first row sees nothing.
  Value causalMask(int64_t length) {
    std::vector<int64_t> square{length, length};
    mlir::Type i32 = builder.getI32Type();
    Value row = ir::IotaOp::create(builder, at(), square, 0, i32);
    Value column = ir::IotaOp::create(builder, at(), square, 1, i32);
    return ir::CmpOp::create(builder, at(), column, row,
                             chance(2) ? ir::CmpPredicate::le : ir::CmpPredicate::lt);
  }

  /// h = tanh(W x + U h + b), c = c / 2 + h x: what the sequence brings, a state of it, and both.
  Value recurrence(Value x) {
    llvm::ArrayRef<int64_t> shape = tensorType(x).getShape();
    int64_t batch = shape[0], width = shape[2];
    mlir::RankedTensorType element = type({batch, width});
    Value zeros = ir::BroadcastOp::create(builder, at(), splat(0), element.getShape());
    Value ofInput = weight({width, width}), ofState = weight({width, width}),
          bias = parameter({width});
    auto scan =
        ir::ScanOp::create(builder, at(), mlir::TypeRange{x.getType(), x.getType()}, x,
                           mlir::ValueRange{zeros, zeros}, mlir::ValueRange{ofInput, ofState, bias},
                           llvm::ArrayRef<int64_t>{1}, llvm::ArrayRef<int64_t>{1, 1});
    mlir::OpBuilder::InsertionGuard guard(builder);
    mlir::Block &body = scan.getBody().emplaceBlock();
    for (mlir::Type argument :
         {element, element, element, type({width, width}), type({width, width}), type({width})})
      body.addArgument(argument, scan.getLoc());
    builder.setInsertionPointToStart(&body);
    std::vector<int64_t> lhs{0, 1}, rhs{2, 1}, result{0, 2};
    auto product = [&](Value value, Value matrix) {
      return ir::ContractOp::create(builder, at(), value, matrix, lhs, rhs, result);
    };
    Value sum = add(add(product(body.getArgument(0), body.getArgument(3)), body.getArgument(5)),
                    product(body.getArgument(1), body.getArgument(4)));
    Value h = ir::TanhOp::create(builder, at(), sum);
    Value c = add(multiply(body.getArgument(2), splat(0.5)), multiply(h, body.getArgument(0)));
    ir::YieldOp::create(builder, at(), mlir::ValueRange{h, c});
    builder.setInsertionPointAfter(scan);
    return chance(2) ? scan.getResult(0) : add(scan.getResult(0), scan.getResult(1));
  }

  /// Multi-head attention with two heads, causal or not, as one op or of primitives.
  Value attention(Value x) {
    llvm::ArrayRef<int64_t> shape = tensorType(x).getShape();
    int64_t batch = shape[0], length = shape[1], width = shape[2];
    auto heads = [&](Value y) {
      return transpose(reshape(y, {batch, length, 2, width / 2}), {0, 2, 1, 3});
    };
    Value q = heads(linear(x, width)), k = heads(linear(x, width)), v = heads(linear(x, width));
    if (chance(2)) {
      Value mask = chance(2) ? causalMask(length) : Value();
      Value mixed = ir::AttentionOp::create(builder, at(), q, k, v, mask, llvm::APFloat(0.7));
      return linear(reshape(transpose(mixed, {0, 2, 1, 3}), {batch, length, width}), width);
    }
    Value keys = transpose(k, {0, 1, 3, 2});
    std::vector<int64_t> qAxes{0, 1, 2, 3}, kAxes{0, 1, 3, 4}, scoreAxes{0, 1, 2, 4};
    Value scores = ir::ContractOp::create(builder, at(), q, keys, qAxes, kAxes, scoreAxes);
    scores = multiply(scores, splat(0.7));
    if (chance(2))
      scores = ir::SelectOp::create(builder, at(), causalMask(length), scores, splat(-1e9));
    Value weights = softmaxOfPrimitives(scores, 3);
    std::vector<int64_t> wAxes{0, 1, 2, 3}, vAxes{0, 1, 3, 4}, mixedAxes{0, 1, 2, 4};
    Value mixed = ir::ContractOp::create(builder, at(), weights, v, wAxes, vAxes, mixedAxes);
    return linear(reshape(transpose(mixed, {0, 2, 1, 3}), {batch, length, width}), width);
  }
};

} // namespace

RandomModel makeSequenceModel(mlir::MLIRContext &context, std::mt19937_64 &random) {
  return SequenceGraph(context, random).make();
}

} // namespace quern::passes
