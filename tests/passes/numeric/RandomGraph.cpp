#include "tests/passes/numeric/RandomGraph.h"

namespace quern::passes {

RandomModel RandomGraph::make() {
  mlir::Location loc = builder.getUnknownLoc();
  model.module = mlir::ModuleOp::create(loc);
  builder.setInsertionPointToStart(model.module->getBody());
  mlir::RankedTensorType input = inputType();
  auto function =
      mlir::func::FuncOp::create(builder, loc, "model", builder.getFunctionType({input}, {}));
  function->setAttr(ir::names::model, builder.getUnitAttr());
  builder.setInsertionPointToStart(function.addEntryBlock());
  model.inputs.push_back(randomTensor(input.getShape(), 1));

  Value x = begin(function.getArgument(0));
  std::vector<Value> returned;
  for (int64_t steps = pick({2, 3, 5, 7}); steps > 0; --steps) {
    x = step(x);
    if (chance(12))
      returned.push_back(x);
  }
  x = end(x);
  returned.push_back(x);
  if (chance(10))
    returned.push_back(returned.front());
  if (chance(10))
    returned.push_back(function.getArgument(0));
  mlir::func::ReturnOp::create(builder, loc, returned);
  function.setType(builder.getFunctionType({input}, mlir::ValueRange(returned).getTypes()));
  return std::move(model);
}

RandomGraph::Value RandomGraph::activation(Value x) {
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

RandomGraph::Value RandomGraph::softmaxOfPrimitives(Value x, int64_t axis) {
  std::vector<int64_t> axes{axis};
  Value max = ir::ReduceOp::create(builder, at(), x, ir::ReduceKind::max, axes, true);
  Value exp = ir::ExpOp::create(builder, at(), subtract(x, max));
  Value sum = ir::ReduceOp::create(builder, at(), exp, ir::ReduceKind::sum, axes, true);
  return divide(exp, sum);
}

} // namespace quern::passes
