#include "tests/causal/RandomCausalModel.h"

#include "ir/Infer.h"
#include "tests/causal/RandomScores.h"

#include <numeric>

namespace quern::passes {
namespace {

using ir::tensorType;

/// Ops over x [N, C, spatial...]; each keeps the batch and the spatial extents.
class Generator : public RandomScores {
public:
  using RandomScores::RandomScores;

  RandomCausalModel make() {
    mlir::Location loc = builder.getUnknownLoc();
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
    builder.setInsertionPointToStart(module->getBody());
    spatial = chance(2) ? List{pick({6, 8})} : List{pick({3, 4}), pick({4, 5})};
    List shape{pick({1, 1, 2}), pick({2, 3})};
    shape.insert(shape.end(), spatial.begin(), spatial.end());
    auto function = mlir::func::FuncOp::create(builder, loc, "model",
                                               builder.getFunctionType({type(shape)}, {}));
    builder.setInsertionPointToStart(function.addEntryBlock());
    Value x = function.getArgument(0), skip = x;
    for (int64_t steps = pick({2, 3, 4, 5}); steps > 0; --steps) {
      Value next = step(x);
      if (chance(3))
        next = join(next, skip);
      skip = x;
      x = next;
    }
    mlir::func::ReturnOp::create(builder, loc, x);
    function.setType(builder.getFunctionType({type(shape)}, {x.getType()}));
    function->setAttr(ir::names::model, builder.getUnitAttr());
    List axes(spatial.size());
    std::iota(axes.begin(), axes.end(), 2);
    function->setAttr(ir::names::causal, ir::CausalAttr::get(builder.getContext(), 0, axes, 0, axes,
                                                             chance(2), order()));
    return {std::move(module), std::move(parameters)};
  }

private:
  int64_t positions() const {
    return std::accumulate(spatial.begin(), spatial.end(), int64_t(1), std::multiplies<>());
  }

  List order() {
    List ranks(positions());
    std::iota(ranks.begin(), ranks.end(), 0);
    if (!chance(3))
      return {};
    std::shuffle(ranks.begin(), ranks.end(), random);
    return ranks;
  }

  /// A weight, of which a mask leaves some.
  Value weight(const List &shape) {
    Value w = parameter(shape);
    if (chance(3))
      return w;
    List masked = shape;
    if (chance(2))
      masked[0] = masked[1] = 1;
    return multiply(w, mask(masked));
  }

  Value conv(Value x) {
    int64_t channels = shapeOf(x)[1], groups = chance(4) ? channels : 1;
    int64_t out = groups == 1 ? pick({2, 3, 4}) : groups;
    List shape{out, channels / groups}, strides(spatial.size(), 1), dilations, low, high;
    for (size_t axis = 0; axis < spatial.size(); ++axis) {
      int64_t kernel = pick({1, 2, 3}), dilation = pick({1, 1, 2}), reach = dilation * (kernel - 1);
      shape.push_back(kernel);
      dilations.push_back(dilation);
      low.push_back(reach == 0 ? 0 : static_cast<int64_t>(random() % (reach + 1)));
      high.push_back(reach - low.back());
    }
    return ir::ConvOp::create(builder, at(), x, weight(shape), strides, dilations, low, high,
                              groups, nullptr, nullptr, nullptr);
  }

  /// What is at every other position, or in its window.
  Value everyOther(Value x) {
    List ones(spatial.size(), 1), twos(spatial.size(), 2), none(spatial.size(), 0), high;
    for (int64_t extent : spatial)
      high.push_back(extent % 2);
    switch (random() % 3) {
    case 0: {
      int64_t channels = shapeOf(x)[1];
      List filter{channels, channels};
      filter.insert(filter.end(), twos.begin(), twos.end());
      return ir::ConvOp::create(builder, at(), x, weight(filter), twos, ones, none, high, 1,
                                nullptr, nullptr, nullptr);
    }
    case 1: {
      List starts(spatial.size() + 2, 0), sizes(shapeOf(x)), steps{1, 1};
      steps.insert(steps.end(), twos.begin(), twos.end());
      for (size_t axis = 2; axis < sizes.size(); ++axis)
        sizes[axis] = (sizes[axis] + 1) / 2;
      return ir::SliceOp::create(builder, at(), x, starts, sizes, steps);
    }
    default:
      return ir::WindowReduceOp::create(builder, at(), x, ir::ReduceKind::mean, twos, twos, ones,
                                        none, high, true);
    }
  }

  /// Every other position, and back to all by interpolation.
  Value downAndUp(Value x) {
    List sizes = spatial;
    Value down = everyOther(x);
    auto mode = chance(2) ? ir::ResizeMode::nearest
                          : (chance(2) ? ir::ResizeMode::linear : ir::ResizeMode::cubic);
    auto coordinates =
        chance(2) ? ir::ResizeCoordinates::half_pixel : ir::ResizeCoordinates::asymmetric;
    return ir::ResizeOp::create(builder, at(), down, sizes, mode, coordinates, false);
  }

  /// Moves everything along one spatial axis, and lets zeros in.
  Value shift(Value x) {
    int64_t axis = 2 + static_cast<int64_t>(random() % spatial.size());
    auto rank = static_cast<size_t>(tensorType(x).getRank());
    List low(rank, 0), high(rank, 0), starts(rank, 0), ones(rank, 1);
    bool isLater = chance(2);
    (isLater ? low : high)[axis] = 1;
    starts[axis] = isLater ? 0 : 1;
    Value padded = ir::PadOp::create(builder, at(), x, low, high, llvm::APFloat(0.25));
    return ir::SliceOp::create(builder, at(), padded, starts, List(shapeOf(x)), ones);
  }

  /// A layer over the channels, or over the positions of a channel.
  Value contract(Value x, bool overPositions) {
    List shape(shapeOf(x));
    Value flat = reshape(x, {shape[0], shape[1], positions()});
    List axes{3, 0, 1};
    Value y;
    if (overPositions) {
      y = ir::ContractOp::create(builder, at(), flat, weight({positions(), positions()}), axes,
                                 List{2, 1}, List{3, 0, 2});
    } else {
      int64_t channels = std::exchange(shape[1], pick({2, 4}));
      y = ir::ContractOp::create(builder, at(), weight({shape[1], channels}), flat, List{2, 0},
                                 axes, List{3, 2, 1});
    }
    return reshape(y, shape);
  }

  /// Positions in another order.
  Value permute(Value x) {
    int64_t axis = 2 + static_cast<int64_t>(random() % spatial.size());
    return ir::GatherOp::create(builder, at(), x, permutation(shapeOf(x)[axis]), axis);
  }

  /// A mean over one axis, taken off.
  Value centre(Value x) {
    List axes{1 + static_cast<int64_t>(random() % (spatial.size() + 1))};
    Value mean = ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::mean, axes, true);
    return ir::SubOp::create(builder, at(), x, multiply(mean, splat(0.3)));
  }

  /// Off zero, where a mask may have put x: a product of zero moves with nothing.
  Value gate(Value x) {
    int64_t axis = 1 + static_cast<int64_t>(random() % (spatial.size() + 1));
    Value raised = ir::AddOp::create(builder, at(), x, splat(0.7));
    return multiply(raised, ir::SoftmaxOp::create(builder, at(), x, axis));
  }

  /// x where a mask of positions says so, and something else where not.
  Value choose(Value x, Value y) {
    Value zero = splat(0.5);
    Value condition = ir::CmpOp::create(builder, at(), mask(spatial), zero, ir::CmpPredicate::gt);
    return ir::SelectOp::create(builder, at(), condition, x, y);
  }

  /// Positions as a sequence, [N, 1, T, C].
  Value asSequence(Value x) {
    List shape(shapeOf(x));
    return transpose(reshape(x, {shape[0], 1, shape[1], positions()}), {0, 1, 3, 2});
  }

  /// Each position asks some of all, two at least: what a query with one key says, it says whatever
  /// it asks.
  Value attention(Value x) {
    int64_t count = positions();
    std::vector<bool> admitted(static_cast<size_t>(count * count));
    for (int64_t query = 0; query < count; ++query) {
      for (int64_t key = 0; key < count; ++key)
        admitted[query * count + key] = chance(3);
      int64_t first = static_cast<int64_t>(random() % count);
      admitted[query * count + first] = true;
      admitted[query * count + (first + 1) % count] = true;
    }
    llvm::SmallVector<bool> values(admitted.begin(), admitted.end());
    auto maskType = mlir::RankedTensorType::get({count, count}, builder.getI1Type());
    Value mask = ir::ConstantOp::create(
        builder, at(), maskType, mlir::DenseElementsAttr::get(maskType, llvm::ArrayRef(values)));
    // Off zero, as in gate, and each by its own number: an average of equals moves with no weight.
    int64_t channels = shapeOf(x)[1];
    Value sequence =
        ir::AddOp::create(builder, at(), asSequence(x), parameter({1, 1, count, channels}));
    Value seen =
        ir::AttentionOp::create(builder, at(), sequence.getType(), sequence,
                                multiply(sequence, splat(0.8)), sequence, mask, llvm::APFloat(0.7));
    List shape(shapeOf(x));
    return reshape(transpose(seen, {0, 1, 3, 2}), shape);
  }

  /// h = tanh(w x + u h) along a spatial axis, and along another within each of its steps.
  Value recur(Value x) {
    List step(shapeOf(x));
    int64_t axis = 2 + static_cast<int64_t>(random() % (step.size() - 2));
    step.erase(step.begin() + axis);
    Value first = ir::BroadcastOp::create(builder, at(), type(step), splat(0.2), step);
    auto scan =
        ir::ScanOp::create(builder, at(), mlir::TypeRange{x.getType()}, mlir::ValueRange{x},
                           mlir::ValueRange{first}, mlir::ValueRange(), List{axis}, List{axis});
    mlir::OpBuilder::InsertionGuard guard(builder);
    mlir::Block &body = scan.getBody().emplaceBlock();
    body.addArguments({type(step), type(step)}, {at(), at()});
    builder.setInsertionPointToStart(&body);
    Value sum = ir::AddOp::create(builder, at(), multiply(body.getArgument(0), splat(0.6)),
                                  multiply(body.getArgument(1), splat(0.9)));
    bool isNested = step.size() > 2 && chance(2);
    ir::YieldOp::create(builder, at(), mlir::ValueRange{isNested ? recur(sum) : tanh(sum)});
    return scan.getResult(0);
  }

  Value half(Value x) {
    auto rank = static_cast<size_t>(tensorType(x).getRank());
    List starts(rank, 0), sizes(shapeOf(x)), ones(rank, 1);
    if (sizes[1] == 1)
      return x;
    starts[1] = 1;
    sizes[1] -= 1;
    return ir::SliceOp::create(builder, at(), x, starts, sizes, ones);
  }

  Value join(Value x, Value skip) {
    if (x.getType() == skip.getType() && chance(2))
      return chance(2) ? choose(x, skip) : Value(ir::AddOp::create(builder, at(), x, skip));
    return ir::ConcatOp::create(builder, at(), mlir::ValueRange{x, skip}, 1);
  }

  Value step(Value x) {
    switch (random() % 15) {
    case 0:
    case 1:
    case 2:
      return tanh(conv(x));
    case 3:
      return downAndUp(x);
    case 4:
      return shift(x);
    case 5:
      return contract(x, true);
    case 6:
      return contract(x, false);
    case 7:
      return permute(x);
    case 8:
      return centre(x);
    case 9:
      return gate(x);
    case 10:
      return multiply(half(x), mask(spatial));
    case 11:
      return attention(x);
    case 12:
      return recur(x);
    case 13:
      return weighByScores(x, positions());
    default:
      return conv(half(x));
    }
  }

  List spatial;
};

} // namespace

RandomCausalModel makeRandomCausalModel(mlir::MLIRContext &context, uint64_t seed) {
  return Generator(context, seed).make();
}

} // namespace quern::passes
