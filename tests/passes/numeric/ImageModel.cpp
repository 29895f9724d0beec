#include "tests/passes/numeric/RandomGraph.h"

namespace quern::passes {
namespace {

using ir::tensorType;

class ImageGraph final : public RandomGraph {
  using RandomGraph::RandomGraph;

  mlir::RankedTensorType inputType() override {
    return type({pick({1, 1, 2}), pick({2, 3, 4}), pick({6, 7, 9}), pick({6, 8})});
  }

  Value begin(Value x) override {
    if (!chance(3))
      return x;
    return divide(subtract(x, parameter({tensorType(x).getDimSize(1), 1, 1})), splat(0.5));
  }

  Value end(Value x) override { return chance(2) ? head(x) : x; }

  /// Images of at least 4 x 4 stay images of at least 2 x 2.
  Value step(Value x) override {
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
};

} // namespace

RandomModel makeImageModel(mlir::MLIRContext &context, std::mt19937_64 &random) {
  return ImageGraph(context, random).make();
}

} // namespace quern::passes
