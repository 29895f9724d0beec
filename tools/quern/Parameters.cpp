#include "tools/quern/Parameters.h"

#include "codegen/llvm/BufferTable.h"
#include "frontend/weights/Load.h"
#include "ir/Infer.h"
#include "ir/Layout.h"
#include "ir/SourceLocation.h"

#include "llvm/ADT/StringSet.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

namespace quern::tools {
namespace {

using frontend::weights::RequiredParameter;
using frontend::weights::Weight;

/// Numbers that keep a network's activations in range: weights with the variance 2 / fan-in (He et
/// al., 2015, section 2.2), variances of batch norm near one, all else small.
Weight madeUp(const RequiredParameter &parameter, std::mt19937 &generator) {
  Weight weight{parameter.name, QUERN_F32, parameter.shape, {}};
  size_t count = static_cast<size_t>(weight.elementCount());
  frontend::weights::NewBlob memory = frontend::weights::allocateBlob(count * sizeof(float));
  weight.data = memory.blob;
  auto *values = reinterpret_cast<float *>(memory.writable.data());
  bool isMatrix = parameter.shape.size() > 1;
  double fanIn =
      isMatrix ? static_cast<double>(count) / static_cast<double>(parameter.shape[0]) : 1;
  bool isScale = llvm::StringRef(parameter.name).ends_with("running_var") ||
                 (!isMatrix && llvm::StringRef(parameter.name).ends_with("weight"));
  std::normal_distribution<float> normal(0.0F, isMatrix ? static_cast<float>(std::sqrt(2 / fanIn))
                                                        : 0.1F);
  for (size_t i = 0; i < count; ++i)
    values[i] = isScale ? 1.0F + 0.1F * std::fabs(normal(generator)) : normal(generator);
  return weight;
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

bool BoundWeights::bind(mlir::ModuleOp module, const std::string &file, Warnings &warnings) {
  std::vector<RequiredParameter> parameters = requiredParameters(module);
  if (file == "random") {
    std::mt19937 generator(0);
    for (const RequiredParameter &parameter : parameters) {
      if (parameter.dtype != QUERN_F32) {
        fmt::print(stderr, "error: parameter '{}' is no f32; random weights are f32 only\n",
                   parameter.name);
        return false;
      }
      byName.emplace(parameter.name, madeUp(parameter, generator));
    }
    return true;
  }
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
