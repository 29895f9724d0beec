#include "tests/causal/RandomOps.h"

#include "ir/Infer.h"

#include <numeric>

namespace quern::passes {

mlir::Location RandomOps::at() {
  return mlir::FileLineColLoc::get(builder.getContext(), "random.qn", ++line, 1);
}

mlir::RankedTensorType RandomOps::type(llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, builder.getF64Type());
}

llvm::ArrayRef<int64_t> RandomOps::shapeOf(Value x) { return ir::tensorType(x).getShape(); }

mlir::Value RandomOps::parameter(const List &shape) {
  std::string key = "p" + std::to_string(parameters.size());
  reference::Tensor tensor(shape);
  for (double &value : tensor.values)
    value = (static_cast<double>(random() >> 11) * 0x1p-53 + 0.2) * (chance(2) ? 0.5 : -0.5);
  parameters.emplace(key, tensor);
  return ir::ParameterOp::create(builder, at(), type(shape), builder.getStringAttr(key));
}

mlir::Value RandomOps::mask(const List &shape) {
  std::vector<double> values(type(shape).getNumElements());
  for (double &value : values)
    value = chance(3) ? 0 : 1;
  values[random() % values.size()] = 1;
  auto tensor = type(shape);
  return ir::ConstantOp::create(builder, at(), tensor,
                                mlir::DenseElementsAttr::get(tensor, llvm::ArrayRef(values)));
}

mlir::Value RandomOps::permutation(int64_t extent) {
  std::vector<int32_t> order(extent);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  auto indices = mlir::RankedTensorType::get({extent}, builder.getI32Type());
  return ir::ConstantOp::create(builder, at(), indices,
                                mlir::DenseElementsAttr::get(indices, llvm::ArrayRef(order)));
}

mlir::Value RandomOps::splat(double number) {
  auto scalar = type({});
  return ir::ConstantOp::create(builder, at(), scalar,
                                mlir::DenseElementsAttr::get(scalar, number));
}

} // namespace quern::passes
