// What is said to lie in a range does for whatever inputs and parameters.
#include "passes/causal/KnownRanges.h"

#include "ir/HostTensor.h"
#include "ir/Infer.h"
#include "passes/causal/Counterexample.h"
#include "tests/passes/Interpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace quern::passes {
namespace {

using mlir::Value;
using List = std::vector<int64_t>;

/// Numbers and truth values, all [3, 4], computed of each other and of masks at random, masks of
/// -1e9 and softmaxes among them. None grows without bound, and nothing is divided by what may be
/// zero.
class RandomValues {
public:
  RandomValues(mlir::MLIRContext &context, uint64_t seed) : builder(&context), random(seed) {
    module = mlir::ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToStart(module->getBody());
    auto function = mlir::func::FuncOp::create(builder, at(), "model",
                                               builder.getFunctionType({type(shape)}, {}));
    function->setAttr(ir::names::model, builder.getUnitAttr());
    builder.setInsertionPointToStart(function.addEntryBlock());
    numbers.push_back(function.getArgument(0));
    numbers.push_back(parameter(shape));
    truths.push_back(compared());
    for (int step = 0; step < 24; ++step)
      if (random() % 4 == 0)
        truths.push_back(truth());
      else
        numbers.push_back(number());
    all = numbers;
    all.insert(all.end(), truths.begin(), truths.end());
    mlir::func::ReturnOp::create(builder, at(), all);
    function.setType(
        builder.getFunctionType({type(shape)}, llvm::to_vector(mlir::ValueRange(all).getTypes())));
  }

  /// What all values are for some input and parameters.
  std::vector<reference::Tensor> evaluated() {
    Parameters parameters;
    module->walk([&](ir::ParameterOp op) {
      parameters.emplace(op.getKey().str(), anyTensor(ir::tensorType(op).getShape().vec()));
    });
    return interpret(*module, parameters, {anyTensor(shape)});
  }

  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<Value> all;

private:
  mlir::Location at() { return builder.getUnknownLoc(); }
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getF64Type());
  }
  double anyNumber() { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; }
  reference::Tensor anyTensor(const List &shape) {
    reference::Tensor tensor(shape);
    for (double &value : tensor.values)
      value = anyNumber();
    return tensor;
  }
  Value any() { return numbers[random() % numbers.size()]; }
  Value anyTruth() { return truths[random() % truths.size()]; }

  Value constant(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values) {
    return ir::ConstantOp::create(builder, at(), type(shape),
                                  mlir::DenseElementsAttr::get(type(shape), values));
  }
  Value splat(double value) { return constant({}, {value}); }
  Value mask(const List &shape) {
    std::vector<double> values(reference::elementCount(shape));
    for (double &value : values)
      value = random() % 2 == 0 ? 0 : anyNumber();
    return constant(shape, values);
  }
  /// A number, one for each column, or a mask.
  Value constant() {
    if (random() % 3 == 0)
      return mask(shape);
    return random() % 3 == 0 ? constant({4}, {-0.5, 0, 0.25, 1})
                             : splat(std::array{-0.75, 0.0, 0.5}[random() % 3]);
  }
  Value parameter(const List &shape) {
    return ir::ParameterOp::create(builder, at(), type(shape),
                                   builder.getStringAttr("p" + std::to_string(parameterCount++)));
  }

  template <typename Op> Value unary(Value x) { return Op::create(builder, at(), x); }
  template <typename Op> Value binary(Value x, Value y) { return Op::create(builder, at(), x, y); }
  Value selected(Value condition, Value x, Value y) {
    return ir::SelectOp::create(builder, at(), condition, x, y);
  }
  Value reshape(Value x, const List &shape) {
    return ir::ReshapeOp::create(builder, at(), x, shape);
  }
  /// As large as all others, out of something larger.
  Value cut(Value x, const List &starts, const List &strides = {1, 1}) {
    return ir::SliceOp::create(builder, at(), x, starts, shape, strides);
  }

  /// In some places far below all others.
  Value lowered(Value x) {
    std::vector<double> low(reference::elementCount(shape));
    for (double &value : low)
      value = random() % 2 == 0 ? 0 : -1e9;
    switch (random() % 4) {
    case 0:
      return selected(compared(constant(), splat(0)), x, splat(-1e9));
    case 1:
      return binary<ir::MinOp>(x, constant(shape, low));
    default:
      return binary<ir::AddOp>(x, constant(shape, low));
    }
  }

  /// What makes little of what is far below.
  Value risen(Value x) {
    switch (random() % 4) {
    case 0:
      return unary<ir::SigmoidOp>(x);
    case 1:
      return unary<ir::ExpOp>(binary<ir::MinOp>(x, splat(2)));
    case 2: {
      const List axes{static_cast<int64_t>(random() % 2)};
      Value largest = ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::max, axes, true);
      return unary<ir::ExpOp>(binary<ir::SubOp>(x, largest));
    }
    default:
      return ir::SoftmaxOp::create(builder, at(), x, static_cast<int64_t>(random() % 2));
    }
  }

  Value masked() {
    switch (random() % 4) {
    case 0:
      return selected(anyTruth(), any(), splat(0));
    case 1:
      return binary<ir::MulOp>(any(), binary<ir::MulOp>(parameter(shape), mask(shape)));
    default:
      return binary<ir::MulOp>(any(), mask(shape));
    }
  }

  Value function(Value x) {
    switch (random() % 14) {
    case 0:
      return unary<ir::NegOp>(x);
    case 1:
      return unary<ir::AbsOp>(x);
    case 2:
      return unary<ir::ReluOp>(x);
    case 3:
      return unary<ir::TanhOp>(x);
    case 4:
      return unary<ir::ErfOp>(x);
    case 5:
      return unary<ir::SinOp>(x);
    case 6:
      return unary<ir::CosOp>(x);
    case 7:
      return unary<ir::FloorOp>(x);
    case 8:
      return unary<ir::CeilOp>(x);
    case 9:
      return unary<ir::RoundOp>(x);
    case 10:
      return unary<ir::SigmoidOp>(x);
    case 11:
      return unary<ir::SqrtOp>(unary<ir::AbsOp>(x));
    case 12:
      return unary<ir::ExpOp>(unary<ir::NegOp>(unary<ir::AbsOp>(x)));
    default:
      x = binary<ir::MaxOp>(binary<ir::MinOp>(x, splat(1e9)), splat(-1e9));
      return ir::CastOp::create(builder, at(),
                                ir::CastOp::create(builder, at(), x, builder.getI32Type()),
                                builder.getF64Type());
    }
  }

  Value arithmetic(Value x, Value y) {
    switch (random() % 7) {
    case 0:
      return binary<ir::AddOp>(x, y);
    case 1:
      return binary<ir::SubOp>(x, y);
    case 2:
      return binary<ir::MulOp>(unary<ir::TanhOp>(x), y);
    case 3:
      return binary<ir::MaxOp>(x, y);
    case 4:
      return binary<ir::MinOp>(x, y);
    case 5:
      return binary<ir::PowOp>(unary<ir::AbsOp>(unary<ir::TanhOp>(x)), splat(1.5));
    default:
      return binary<ir::DivOp>(x, binary<ir::AddOp>(unary<ir::AbsOp>(y), splat(0.5)));
    }
  }

  /// Elements from elsewhere.
  Value moved(Value x) {
    switch (random() % 6) {
    case 0:
      return cut(ir::PadOp::create(builder, at(), x, List{1, 0}, List{0, 1},
                                   llvm::APFloat(random() % 2 == 0 ? 0.0 : -0.5)),
                 {0, 1});
    case 1:
      return cut(ir::ConcatOp::create(builder, at(), mlir::ValueRange{x, any()}, 0), {1, 0},
                 {2, 1});
    case 2:
      return cut(ir::ConcatOp::create(builder, at(), mlir::ValueRange{x, mask({3, 2})}, 1), {0, 2});
    case 3:
      return reshape(ir::TransposeOp::create(builder, at(), x, List{1, 0}), shape);
    case 4: {
      auto indices = mlir::RankedTensorType::get({4}, builder.getI32Type());
      Value places = ir::ConstantOp::create(
          builder, at(), indices,
          mlir::DenseElementsAttr::get(indices, llvm::ArrayRef<int32_t>{3, 0, 0, 2}));
      return ir::GatherOp::create(builder, at(), x, places, 1);
    }
    default: {
      Value places =
          ir::CastOp::create(builder, at(), unary<ir::TanhOp>(any()), builder.getI32Type());
      Value row = ir::SliceOp::create(builder, at(), places, List{0, 0}, List{1, 4}, List{1, 1});
      return ir::GatherOp::create(builder, at(), x, reshape(row, {4}), 1);
    }
    }
  }

  /// Sums and extremes of several.
  Value summed(Value x) {
    auto kind = std::array{ir::ReduceKind::sum, ir::ReduceKind::mean, ir::ReduceKind::max,
                           ir::ReduceKind::min, ir::ReduceKind::prod}[random() % 5];
    const List one{1}, two{2}, none{0};
    switch (random() % 6) {
    case 0: {
      Value reduced = ir::ReduceOp::create(builder, at(), x, kind,
                                           List{static_cast<int64_t>(random() % 2)}, true);
      return ir::BroadcastOp::create(builder, at(), reduced, shape);
    }
    case 1:
      return reshape(ir::WindowReduceOp::create(builder, at(), reshape(x, {1, 3, 4}), kind, two,
                                                one, one, one, none, false),
                     shape);
    case 2:
      return reshape(ir::ConvOp::create(builder, at(), reshape(x, {1, 3, 4}),
                                        binary<ir::MulOp>(parameter({3, 3, 2}), mask({3, 3, 2})),
                                        one, one, one, none, 1, nullptr, nullptr, nullptr),
                     shape);
    case 3:
      return reshape(
          ir::SliceOp::create(builder, at(),
                              ir::ResizeOp::create(builder, at(), reshape(x, {1, 3, 4}), List{8},
                                                   ir::ResizeMode::linear,
                                                   ir::ResizeCoordinates::half_pixel, false),
                              List{0, 0, 1}, List{1, 3, 4}, List{1, 1, 2}),
          shape);
    case 4:
      return ir::ContractOp::create(builder, at(), x,
                                    binary<ir::MulOp>(parameter({4, 4}), mask({4, 4})), List{0, 1},
                                    List{1, 2}, List{0, 2});
    default:
      return cut(ir::PadOp::create(builder, at(), products(any(), x), List{0, 0}, List{0, 1},
                                   llvm::APFloat(0.0)),
                 {0, 0});
    }
  }

  /// Of each two rows, [3, 3].
  Value products(Value x, Value y) {
    return ir::ContractOp::create(builder, at(), x, y, List{0, 1}, List{2, 1}, List{0, 2});
  }

  Value number() {
    switch (random() % 12) {
    case 0:
    case 1:
      return masked();
    case 8:
      return lowered(any());
    case 9:
      return risen(lowered(any()));
    case 10:
      return risen(any());
    case 2:
      return function(any());
    case 3:
      return arithmetic(any(), any());
    case 4:
      return arithmetic(any(), constant());
    case 5:
      return moved(any());
    case 6:
      return summed(any());
    default:
      return selected(anyTruth(), any(), random() % 2 == 0 ? any() : constant());
    }
  }

  Value compared() { return compared(any(), random() % 2 == 0 ? any() : constant()); }
  Value compared(Value x, Value y) {
    return ir::CmpOp::create(builder, at(), x, y, static_cast<ir::CmpPredicate>(random() % 6));
  }

  Value truth() {
    switch (random() % 5) {
    case 0:
      return unary<ir::NotOp>(anyTruth());
    case 1:
      return binary<ir::AndOp>(anyTruth(), anyTruth());
    case 2:
      return binary<ir::OrOp>(anyTruth(), anyTruth());
    default:
      return compared();
    }
  }

  const List shape{3, 4};
  mlir::OpBuilder builder;
  std::mt19937_64 random;
  std::vector<Value> numbers, truths;
  unsigned parameterCount = 0;
};

bool isWithin(double number, Range range) {
  return range.isAnything() || (number >= range.lowest() && number <= range.highest());
}

/// How often something was claimed of an element.
struct Claims {
  int zero = 0, otherPoint = 0, positive = 0, negative = 0, low = 0, anything = 0;

  void count(Range range) {
    zero += range.isZero();
    otherPoint += range.isPoint() && !range.isZero();
    positive += !range.isPoint() && range.low > 0;
    negative += !range.isPoint() && range.high < 0;
    low += range.highest() < -1e8;
    anything += range.isAnything();
  }
};

TEST(KnownRanges, HoldForWhateverInputs) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  Claims claims;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    RandomValues values(context, seed);
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*values.module)));
    KnownRanges known;
    for (int round = 0; round < 3; ++round) {
      std::vector<reference::Tensor> found = values.evaluated();
      for (auto [value, tensor] : llvm::zip_equal(values.all, found)) {
        std::optional<RankTensor> ranges = known.of(value);
        if (!ranges)
          continue;
        reference::forEachIndex(tensor.shape, [&](const reference::Index &index) {
          Range claimed = Range::unpacked(ranges->at(index));
          claims.count(claimed);
          EXPECT_TRUE(isWithin(tensor.at(index), claimed))
              << indexText(index) << ": " << tensor.at(index) << " is not from " << claimed.lowest()
              << " to " << claimed.highest();
        });
        if (HasFailure()) {
          values.module->dump();
          value.dump();
          FAIL() << "seed " << seed;
        }
      }
    }
  }
  for (int count : {claims.zero, claims.otherPoint, claims.positive, claims.negative, claims.low,
                    claims.anything})
    EXPECT_GT(count, 1000);
}

} // namespace
} // namespace quern::passes
