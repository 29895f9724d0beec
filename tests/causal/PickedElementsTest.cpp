// What is picked before moves is what they would have brought there.
#include "passes/causal/PickedElements.h"

#include "ir/Infer.h"
#include "tests/causal/RandomOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <gtest/gtest.h>

#include <numeric>

namespace quern::passes {
namespace {

/// [2, 3, 4, 6] -> [2, 3, 4, 6] by moves at random, and some of its places.
class RandomMoves : public RandomOps {
public:
  using RandomOps::RandomOps;

  mlir::OwningOpRef<mlir::ModuleOp> make() {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(at());
    builder.setInsertionPointToStart(module->getBody());
    auto function = mlir::func::FuncOp::create(builder, at(), "model",
                                               builder.getFunctionType({type(shape)}, {}));
    function->setAttr(ir::names::model, builder.getUnitAttr());
    builder.setInsertionPointToStart(function.addEntryBlock());
    Value x = function.getArgument(0);
    for (int64_t steps = pick({0, 1, 3, 5}); steps > 0; --steps)
      x = moved(x);
    first = pick({0, 1, 2, 3});
    count = 1 + static_cast<int64_t>(random() % (4 - first));
    int64_t all = std::accumulate(shape.begin() + first, shape.begin() + first + count, int64_t(1),
                                  std::multiplies<>());
    places.resize(pick({1, 2, all}));
    for (int64_t &place : places)
      place = static_cast<int64_t>(random() % all);
    Value picked = pickedElements(builder, x, first, count, places);
    mlir::func::ReturnOp::create(builder, at(), mlir::ValueRange{x, picked});
    function.setType(builder.getFunctionType({type(shape)}, {x.getType(), picked.getType()}));
    return module;
  }

  reference::Tensor numbered() const {
    reference::Tensor tensor(shape);
    std::iota(tensor.values.begin(), tensor.values.end(), 0);
    return tensor;
  }

  const List shape{2, 3, 4, 6};
  int64_t first = 0, count = 0;
  List places;

private:
  Value moved(Value x) {
    switch (random() % 4) {
    case 0: // pixels out of channels, and back
      return reshape(transpose(reshape(x, {2, 3, 2, 2, 2, 3}), {0, 1, 4, 2, 3, 5}), shape);
    case 1:
      return reshape(transpose(x, pick({0, 1}) == 0 ? List{3, 1, 2, 0} : List{0, 2, 1, 3}), shape);
    case 2: {
      int64_t axis = pick({0, 1, 2, 3});
      List starts(4, 0), ones(4, 1);
      Value both = ir::ConcatOp::create(builder, at(), mlir::ValueRange{x, x}, axis);
      starts[axis] = static_cast<int64_t>(random() % (shape[axis] + 1));
      return ir::SliceOp::create(builder, at(), both, starts, shape, ones);
    }
    default: {
      List halves(shape), starts(4, 0), ones(4, 1);
      halves[2] = 2;
      Value low = ir::SliceOp::create(builder, at(), x, starts, halves, ones);
      starts[2] = pick({0, 1, 2});
      Value high = ir::SliceOp::create(builder, at(), x, starts, halves, ones);
      return reshape(ir::ConcatOp::create(builder, at(),
                                          mlir::ValueRange{reshape(high, {2, 3, 1, 2, 6}),
                                                           reshape(low, {2, 3, 1, 2, 6})},
                                          2),
                     shape);
    }
    }
  }
};

TEST(PickedElements, AreThoseOfTheValue) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  for (uint64_t seed = 0; seed < 200; ++seed) {
    RandomMoves moves(context, seed);
    mlir::OwningOpRef<mlir::ModuleOp> module = moves.make();
    std::vector<reference::Tensor> results = interpret(*module, {}, {moves.numbered()});
    int64_t before = 1, along = 1, after = 1;
    for (int64_t axis = 0; axis < 4; ++axis)
      (axis < moves.first                 ? before
       : axis < moves.first + moves.count ? along
                                          : after) *= moves.shape[axis];
    std::vector<double> expected;
    for (int64_t place : moves.places)
      for (int64_t b = 0; b < before; ++b)
        for (int64_t a = 0; a < after; ++a)
          expected.push_back(results[0].values[(b * along + place) * after + a]);
    EXPECT_EQ(results[1].values, expected) << "seed " << seed;
    EXPECT_EQ(results[1].shape.front(), static_cast<int64_t>(moves.places.size()));
  }
}

} // namespace
} // namespace quern::passes
