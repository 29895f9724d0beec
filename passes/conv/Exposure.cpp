#include "passes/conv/Exposure.h"

#include "passes/conv/ConvAlgorithm.h"

#include <algorithm>
#include <cmath>

namespace quern::passes {
namespace {

/// What roundings are expected to lose, squared, of a sum of terms with random signs. A term that
/// hardly counts beside the sum loses itself at most, so that many of them do not look harmful.
double lostInSum(llvm::ArrayRef<double> squares) {
  constexpr double relative = unitRoundoff * unitRoundoff;
  constexpr double smallest = 0x1p-150 * 0x1p-150; // half of the smallest number of f32
  constexpr double inTransforms = 4;
  double sum = 0, lost = 0;
  for (double square : squares) {
    sum += square;
    lost += std::min(square, std::max(relative * sum, smallest));
  }
  return lost + inTransforms * relative * sum;
}

/// The largest of some hundred outputs: about normal, unless few weights make up all of them.
double largestOutput(llvm::ArrayRef<double> weights) {
  constexpr double ofNormal = 1.6;
  double sum = 0, squares = 0;
  for (double weight : weights) {
    sum += std::fabs(weight);
    squares += weight * weight;
  }
  return std::min(sum, ofNormal * std::sqrt(squares));
}

} // namespace

std::vector<double> exposures(const FilterView &filter, llvm::ArrayRef<double> energies) {
  auto outputs = static_cast<size_t>(filter.outputs);
  size_t each = filter.values.size() / outputs, terms = energies.size() / outputs;
  std::vector<double> result;
  for (size_t o = 0; o < outputs; ++o) {
    double largest = largestOutput(filter.values.slice(o * each, each));
    double lost = std::sqrt(lostInSum(energies.slice(o * terms, terms)));
    result.push_back(largest > 0 ? lost / largest : 0);
  }
  return result;
}

} // namespace quern::passes
