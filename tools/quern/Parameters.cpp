#include "tools/quern/Parameters.h"

#include "codegen/llvm/BufferTable.h"
#include "frontend/weights/Load.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "ir/SourceLocation.h"
#include "passes/WeightExpression.h"

#include "llvm/ADT/StringSet.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

namespace quern::tools {
namespace {

using frontend::weights::RequiredParameter;
using frontend::weights::Weight;

/// Whether all that a layer with this weight computes goes into a relu, shifted and scaled at most.
bool isRectified(mlir::Value weight) {
  bool isApplied = false;
  for (mlir::Value value = weight; value.hasOneUse();) {
    mlir::Operation *op = *value.user_begin();
    if (llvm::isa<ir::ReluOp>(op))
      return isApplied;
    bool isLayer = llvm::isa<ir::ConvOp, ir::ContractOp>(op);
    bool isAffine = llvm::all_of(op->getOperands(), [&](mlir::Value operand) {
      return operand == value || passes::isWeightExpression(operand);
    });
    if (isLayer ? isApplied
                : !isAffine || !llvm::isa<ir::AddOp, ir::SubOp, ir::MulOp, ir::ReshapeOp,
                                          ir::TransposeOp, ir::BroadcastOp>(op))
      return false;
    isApplied |= isLayer;
    value = op->getResult(0);
  }
  return false;
}

/// Numbers that keep a network's activations in range: weights with the variance 1 / fan-in (LeCun
/// et al., 1998, section 4.6), before a relu, which takes half of what they give, 2 / fan-in (He et
/// al., 2015, section 2.2); variances of batch norm near one, all else small. With 2 / fan-in
/// everywhere what residual networks of other functions compute grows so that it is rounding
/// errors.
ir::HostTensor madeUp(ir::ParameterOp op, mlir::RankedTensorType type, std::mt19937 &generator) {
  llvm::StringRef name = op.getKey();
  ir::HostTensor tensor = ir::HostTensor::allocate(type);
  int64_t count = type.getNumElements();
  bool isMatrix = type.getRank() > 1;
  double fanIn =
      isMatrix ? static_cast<double>(count) / static_cast<double>(type.getDimSize(0)) : 1;
  bool isScale = name.ends_with("running_var") || (!isMatrix && name.ends_with("weight"));
  double variance = (isMatrix && isRectified(op) ? 2 : 1) / fanIn;
  std::normal_distribution<float> normal(0.0F,
                                         isMatrix ? static_cast<float>(std::sqrt(variance)) : 0.1F);
  constexpr int64_t most = 4096;
  llvm::SmallVector<double> row;
  for (int64_t start = 0; start < count; start += most) {
    row.resize(static_cast<size_t>(std::min(most, count - start)));
    for (double &value : row)
      value = isScale ? 1.0F + 0.1F * std::fabs(normal(generator)) : normal(generator);
    tensor.storeRow(start, row);
  }
  return tensor;
}

} // namespace

std::vector<RequiredParameter> requiredParameters(mlir::ModuleOp module) {
  std::vector<RequiredParameter> parameters;
  llvm::StringSet<> seen;
  module.walk([&](ir::ParameterOp op) {
    if (!seen.insert(op.getKey()).second)
      return;
    mlir::RankedTensorType type = ir::tensorType(op.getResult());
    parameters.push_back({op.getKey().str(), codegen::dtypeOf(type.getElementType()),
                          std::vector<int64_t>(type.getShape()), ir::locationText(op.getLoc())});
  });
  return parameters;
}

bool BoundWeights::makeUp(mlir::ModuleOp module) {
  std::mt19937 generator(0);
  mlir::WalkResult result = module.walk([&](ir::ParameterOp op) {
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getResult()));
    quern_dtype dtype = codegen::dtypeOf(type.getElementType());
    if (!llvm::isa<mlir::FloatType>(type.getElementType())) {
      op.emitError() << "parameter '" << op.getKey() << "' is of " << quern_dtype_name(dtype)
                     << "; --weights " << randomWeights
                     << " makes up floating-point numbers only, so give a file";
      return mlir::WalkResult::interrupt();
    }
    std::string name = op.getKey().str();
    if (byName.contains(name))
      return mlir::WalkResult::advance();
    auto tensor = std::make_shared<const ir::HostTensor>(madeUp(op, type, generator));
    std::span<const char> bytes(tensor->bytes().data(), tensor->bytes().size());
    byName.emplace(
        name,
        Weight{name, dtype, std::vector<int64_t>(type.getShape()), {std::as_bytes(bytes), tensor}});
    return mlir::WalkResult::advance();
  });
  return !result.wasInterrupted();
}

bool BoundWeights::bind(mlir::ModuleOp module, const std::string &file, Warnings &warnings) {
  if (file == randomWeights)
    return makeUp(module);
  std::vector<RequiredParameter> parameters = requiredParameters(module);
  runtime::Result<frontend::weights::WeightStore> store = frontend::weights::loadWeights(file);
  if (!store) {
    fmt::print(stderr, "error: {}\n", store.error());
    return false;
  }
  frontend::weights::Binding binding = frontend::weights::bindWeights(parameters, *store);
  if (!binding) {
    fmt::print(stderr, "{}", binding.report());
    return false;
  }
  warnings.show(binding.report());
  for (size_t i = 0; i < parameters.size(); ++i)
    byName.emplace(parameters[i].name, binding.weights[i]);
  return true;
}

mlir::FailureOr<ir::HostTensor> BoundWeights::load(ir::ParameterOp parameter) const {
  auto found = byName.find(parameter.getKey().str());
  if (found == byName.end())
    return parameter.emitError() << "parameter '" << parameter.getKey() << "' has no weights";
  const frontend::weights::Blob &data = found->second.data;
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(data.bytes.data()), data.bytes.size());
  return ir::HostTensor::borrow(ir::rowMajor(ir::tensorType(parameter.getResult())), bytes,
                                data.owner);
}

} // namespace quern::tools
