#include "tools/quern/conv/LabProblem.h"

#include "passes/conv/ConvAlgorithm.h"
#include "tools/quern/ModelSource.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace quern::tools {
namespace {

std::vector<double> randomValues(int64_t count, uint32_t seed, double scale) {
  std::mt19937 random(seed);
  std::vector<double> values(static_cast<size_t>(count));
  for (double &value : values)
    value = (static_cast<double>(random()) * 0x1p-31 - 1) * scale;
  return values;
}

double largestChannel(const std::vector<double> &filter, int64_t outputs) {
  size_t each = filter.size() / static_cast<size_t>(outputs);
  double largest = 0;
  for (size_t begin = 0; begin < filter.size(); begin += each) {
    double sum = 0;
    for (size_t i = begin; i < begin + each; ++i)
      sum += std::fabs(filter[i]);
    largest = std::max(largest, sum);
  }
  return largest;
}

} // namespace

LabProblem::LabProblem(const passes::ConvShape &shape, const ConvNumbers &given)
    : context(makeContext()), shape(shape) {
  int64_t bytes = passes::bytesOf(shape.element);
  auto terms = static_cast<double>(shape.channelsPerGroup() * shape.taps());
  std::vector<double> weights = given.filter, values(given.input.begin(), given.input.end());
  if (weights.empty()) {
    weights = randomValues(shape.filterBytes() / bytes, 5, 1 / std::sqrt(terms));
    shape.maskTaps(weights);
  }
  if (values.empty())
    values = randomValues(shape.inputBytes() / bytes, 6, 1);
  input = tensorOf(values);
  filter = tensorOf(weights);
  exact = std::make_unique<ExactConv>(shape, values, weights);
  double largestInput = 0;
  for (double value : values)
    largestInput = std::max(largestInput, std::fabs(value));
  boundScale = largestChannel(weights, shape.outChannels) * largestInput;
  output = ir::HostTensor::allocate(
      mlir::RankedTensorType::get(shape.outputBytes() / bytes, input.type().getElementType()));
}

/// The values as elements, to which they are rounded.
ir::HostTensor LabProblem::tensorOf(std::vector<double> &values) {
  ir::HostTensor tensor = ir::HostTensor::allocate(mlir::RankedTensorType::get(
      static_cast<int64_t>(values.size()), passes::typeOf(shape.element, context.get())));
  tensor.storeRow(0, values);
  tensor.loadRow(0, 1, values);
  return tensor;
}

void LabProblem::forget() {
  constexpr char allOnes = '\xff'; // NaN in every type
  llvm::fill(output.mutableBytes(), allOnes);
}

double LabProblem::errorBound(ir::ConvAlgorithm algorithm, const passes::Tile &tile) const {
  double scale = exact->largest(), all = std::numeric_limits<double>::infinity();
  return scale == 0 ? all
                    : passes::convAlgorithm(algorithm).errorBound(shape, tile) * boundScale / scale;
}

} // namespace quern::tools
