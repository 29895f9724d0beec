#include "tests/passes/numeric/RandomModel.h"

#include "ir/Infer.h"

#include "mlir/IR/Builders.h"

#include <random>

namespace quern::passes {
namespace {

using ir::tensorType;
using mlir::Value;
using reference::Tensor;

class Generator {
public:
  Generator(mlir::MLIRContext &context, uint64_t seed) : builder(&context), random(seed) {}

  /// A model of images, or of sequences.
  RandomModel make() {
    mlir::Location loc = builder.getUnknownLoc();
    bool isSequence = chance(3);
    model.module = mlir::ModuleOp::create(loc);
    builder.setInsertionPointToStart(model.module->getBody());
    mlir::RankedTensorType input =
        isSequence ? type({pick({1, 2}), pick({3, 5}), pick({4, 6})})
                   : type({pick({1, 1, 2}), pick({2, 3, 4}), pick({6, 7, 9}), pick({6, 8})});
    auto function =
        mlir::func::FuncOp::create(builder, loc, "model", builder.getFunctionType({input}, {}));
    function->setAttr(ir::names::model, builder.getUnitAttr());
    builder.setInsertionPointToStart(function.addEntryBlock());
    model.inputs.push_back(randomTensor(input.getShape(), 1));

    Value x = function.getArgument(0);
    if (!isSequence && chance(3))
      x = divide(subtract(x, parameter({tensorType(x).getDimSize(1), 1, 1})), splat(0.5));
    std::vector<Value> returned;
    for (int64_t steps = pick({2, 3, 5, 7}); steps > 0; --steps) {
      x = isSequence ? sequenceStep(x) : step(x);
      if (chance(12))
        returned.push_back(x);
    }
    if (!isSequence && chance(2))
      x = head(x);
    returned.push_back(x);
    if (chance(10))
      returned.push_back(returned.front());
    if (chance(10))
      returned.push_back(function.getArgument(0));
    mlir::func::ReturnOp::create(builder, loc, returned);
    function.setType(builder.getFunctionType({input}, mlir::ValueRange(returned).getTypes()));
    return std::move(model);
  }

private:
  // Drawing.
  int64_t pick(std::vector<int64_t> choices) { return choices[random() % choices.size()]; }
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
  Value parameter(std::vector<int64_t> shape) {
    std::string key = "p" + std::to_string(model.parameters.size());
    Tensor tensor(shape);
    for (double &value : tensor.values)
      value = uniform(0.25, 1.25) * (chance(2) ? 0.5 : 0.75);
    model.parameters.emplace(key, tensor);
    return ir::ParameterOp::create(builder, at(), type(shape), builder.getStringAttr(key));
  }
  /// Weights of either sign.
  Value weight(std::vector<int64_t> shape) {
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
  Value reshape(Value x, std::vector<int64_t> shape) {
    return ir::ReshapeOp::create(builder, at(), x, shape);
  }

  /// Ones up to the centre of a kernel, in row-major order, and zeros after it.
  Value rasterMask(int64_t kernel) {
    std::vector<double> ones(kernel * kernel);
    std::fill_n(ones.begin(), ones.size() / 2 + 1, 1.0);
    auto square = type({kernel, kernel});
    return ir::ConstantOp::create(builder, at(), square,
                                  mlir::DenseElementsAttr::get(square, llvm::ArrayRef(ones)));
  }

  Value conv(Value x, int64_t outputs, int64_t kernel, int64_t stride, int64_t pad,
             int64_t groups) {
    int64_t channels = tensorType(x).getDimSize(1);
    std::vector<int64_t> low{pad, pad}, high{pad, chance(4) && pad ? pad - 1 : pad};
    std::vector<int64_t> dilations{1, 1}, strides{stride, stride};
    if (pad > 0 && stride == 1 && chance(4))
      low[0] = high[0] = dilations[0] = 2;
    Value filter = weight({outputs, channels / groups, kernel, kernel});
    if (chance(4))
      filter = multiply(filter, rasterMask(kernel));
    return ir::ConvOp::create(builder, at(), x, filter, strides, dilations, low, high, groups,
                              nullptr, nullptr, nullptr);
  }

  /// (x - m) / sqrt(v + eps) * w + b in one of the ways in which people write it.
  Value batchNorm(Value x) {
    int64_t channels = tensorType(x).getDimSize(1);
    auto perChannel = [&] {
      return chance(2) ? reshape(parameter({channels}), {channels, 1, 1})
                       : reshape(parameter({channels}), {1, channels, 1, 1});
    };
    Value mean = perChannel(), variance = perChannel(), scale = perChannel(), shift = perChannel();
    Value safe = add(variance, splat(1e-3));
    switch (random() % 4) {
    case 0: {
      Value inverse = ir::RsqrtOp::create(builder, at(), safe);
      return add(multiply(multiply(subtract(x, mean), inverse), scale), shift);
    }
    case 1: {
      Value deviation = ir::SqrtOp::create(builder, at(), safe);
      return add(multiply(divide(subtract(x, mean), deviation), scale), shift);
    }
    case 2: {
      Value inverse = multiply(scale, ir::RsqrtOp::create(builder, at(), safe));
      return add(multiply(x, inverse), subtract(shift, multiply(mean, inverse)));
    }
    default: {
      Value wide = ir::BroadcastOp::create(builder, at(), scale, tensorType(x).getShape());
      Value inverse = ir::RsqrtOp::create(builder, at(), safe);
      return add(shift, multiply(wide, multiply(inverse, subtract(x, mean))));
    }
    }
  }

  Value activation(Value x) {
    switch (random() % 6) {
    case 0:
      return relu(x);
    case 1:
      return ir::MinOp::create(builder, at(), relu(x), splat(0.75));
    case 2:
      return multiply(x, ir::SigmoidOp::create(builder, at(), x));
    case 3:
      return ir::MaxOp::create(builder, at(), x, multiply(splat(0.1), x));
    case 4:
      return ir::TanhOp::create(builder, at(), x);
    default:
      return x;
    }
  }

  Value window(Value x) {
    auto kind = chance(2) ? ir::ReduceKind::max : ir::ReduceKind::mean;
    std::vector<int64_t> two{2, 2}, ones{1, 1}, strides(2, pick({1, 2})), none{0, 0};
    return ir::WindowReduceOp::create(builder, at(), x, kind, two, strides, ones,
                                      chance(2) ? none : ones, chance(2) ? none : ones, chance(2));
  }

  /// x * sigmoid(conv(mean(x))).
  Value excite(Value x) {
    int64_t channels = tensorType(x).getDimSize(1);
    Value mean = ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::mean,
                                      std::vector<int64_t>{2, 3}, true);
    Value gate = relu(conv(mean, 2, 1, 1, 0, 1));
    gate = ir::SigmoidOp::create(builder, at(), conv(gate, channels, 1, 1, 0, 1));
    return multiply(x, gate);
  }

  Value softmaxOfPrimitives(Value x, int64_t axis) {
    std::vector<int64_t> axes{axis};
    Value max = ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::max, axes, true);
    Value exp = ir::ExpOp::create(builder, at(), subtract(x, max));
    Value sum = ir::ReduceOp::create(builder, at(), exp, ir::ReduceKind::sum, axes, true);
    return divide(exp, sum);
  }

  /// One layer or block; images of at least 4 x 4 stay images of at least 2 x 2.
  Value step(Value x) {
    llvm::ArrayRef<int64_t> shape = tensorType(x).getShape();
    int64_t channels = shape[1];
    bool isLarge = shape[2] >= 4 && shape[3] >= 4;
    switch (random() % 12) {
    case 0:
    case 1:
      return activation(batchNorm(conv(x, pick({2, 4, 5}), 3, isLarge ? pick({1, 2}) : 1, 1, 1)));
    case 2:
      return activation(batchNorm(conv(x, pick({3, 4, 6}), 1, 1, 0, 1)));
    case 3:
      return activation(batchNorm(conv(x, channels, 3, 1, 1, channels)));
    case 4: {
      Value y = activation(batchNorm(conv(x, channels, 3, 1, 1, 1)));
      y = batchNorm(conv(y, channels, 1, 1, 0, 1));
      if (tensorType(y) != tensorType(x))
        return y;
      return relu(chance(2) ? add(y, x) : add(x, y));
    }
    case 5: {
      Value y = batchNorm(conv(x, 4, 1, 1, 0, 1));
      Value shortcut = batchNorm(conv(x, 4, 1, 1, 0, 1));
      return activation(add(y, shortcut));
    }
    case 6:
      return isLarge ? window(x) : activation(x);
    case 7:
      return excite(x);
    case 8: {
      Value a = activation(conv(x, 2, 1, 1, 0, 1)), b = chance(2) ? x : activation(batchNorm(x));
      return ir::ConcatOp::create(builder, at(), mlir::ValueRange{a, b}, 1);
    }
    case 9: {
      std::vector<int64_t> low{0, 0, 1, 0}, high{0, 0, 0, 1};
      Value padded =
          ir::PadOp::create(builder, at(), x, low, high, llvm::APFloat(chance(2) ? 0.0 : 0.5));
      return conv(padded, 3, 2, 1, 0, 1);
    }
    case 10:
      return activation(multiply(add(x, splat(0.25)), splat(0.5)));
    default: {
      std::vector<int64_t> sizes{shape[2] + 1, shape[3] * 2};
      if (shape[2] * shape[3] > 64)
        return batchNorm(x);
      return ir::ResizeOp::create(builder, at(), x, sizes,
                                  chance(2) ? ir::ResizeMode::nearest : ir::ResizeMode::linear,
                                  ir::ResizeCoordinates::half_pixel, false);
    }
    }
  }

  /// mean or flatten, linear with bias, sometimes softmax.
  Value head(Value x) {
    llvm::ArrayRef<int64_t> shape = tensorType(x).getShape();
    Value flat = chance(2) ? Value(ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::mean,
                                                        std::vector<int64_t>{2, 3}, false))
                           : reshape(x, {shape[0], shape[1] * shape[2] * shape[3]});
    Value matrix = weight({5, tensorType(flat).getDimSize(1)});
    std::vector<int64_t> lhs{0, 1}, rhs{2, 1}, result{0, 2};
    if (chance(2)) {
      matrix = ir::TransposeOp::create(builder, at(), matrix, std::vector<int64_t>{1, 0});
      rhs = {1, 2};
    }
    Value y = ir::ContractOp::create(builder, at(), flat, matrix, lhs, rhs, result);
    y = add(y, parameter({5}));
    if (chance(2))
      y = multiply(y, splat(0.5));
    return chance(2) ? softmaxOfPrimitives(y, 1) : y;
  }

  Value transpose(Value x, std::vector<int64_t> permutation) {
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

  /// One layer or block over [B, T, D], D even; the result has the same shape.
  Value sequenceStep(Value x) {
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

  mlir::OpBuilder builder;
  std::mt19937_64 random;
  unsigned line = 0;
  RandomModel model;
};

} // namespace

RandomModel makeRandomModel(mlir::MLIRContext &context, uint64_t seed) {
  return Generator(context, seed).make();
}

} // namespace quern::passes
