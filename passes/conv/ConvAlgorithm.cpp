#include "passes/conv/ConvAlgorithm.h"

#include "passes/conv/Algorithms.h"

#include <array>

namespace quern::passes {

std::string ConvAlgorithm::refusal(const ConvShape &shape) const {
  if (shape.isProduct && !computesProducts())
    return "a matrix product, not a convolution";
  return shapeRefusal(shape);
}

llvm::ArrayRef<const ConvAlgorithm *> convAlgorithms() {
  static const std::array algorithms{
      &directConv(), &im2colConv(),   &implicitIm2colConv(),   &winogradConv(),
      &fftConv(),    &strassenConv(), &strassenWinogradConv(), &separableConv()};
  return algorithms;
}

const ConvAlgorithm &convAlgorithm(ir::ConvAlgorithm kind) {
  for (const ConvAlgorithm *algorithm : convAlgorithms())
    if (algorithm->kind() == kind)
      return *algorithm;
  llvm_unreachable("every algorithm of the dialect is in the list");
}

llvm::SmallVector<Tile> ConvAlgorithm::tilesWith(const ConvShape &shape,
                                                 std::optional<FilterView> filter,
                                                 llvm::ArrayRef<Tile> named) const {
  llvm::SmallVector<Tile> all = tiles(shape);
  if (filter)
    llvm::append_range(all, tilesFor(shape, *filter));
  for (const Tile &tile : named)
    if (!llvm::is_contained(all, tile) && offers(shape, tile))
      all.push_back(tile);
  return all;
}

ConvCost ConvAlgorithm::cost(const ConvShape &shape, const Tile &tile,
                             const Machine &machine) const {
  return costOn(machine.computingIn(shape.element), shape, tile);
}

double ConvAlgorithm::errorBound(const ConvShape &shape, const Tile &tile) const {
  double u = computedRoundoff(shape.element), stored = storedRoundoff(shape.element);
  double sums = sumErrorBound(shape, tile, u);
  return stored > u ? sums + stored * (1 + sums) : sums;
}

/// A channel's taps, or by Parseval's theorem its spectrum.
std::vector<double> ConvAlgorithm::energies(const ConvShape &shape, const FilterView &filter,
                                            const Tile &) const {
  std::vector<double> squares;
  auto taps = static_cast<size_t>(shape.taps());
  for (llvm::ArrayRef<double> rest = filter.values; !rest.empty(); rest = rest.drop_front(taps)) {
    double sum = 0;
    for (double weight : rest.take_front(taps))
      sum += weight * weight;
    squares.push_back(sum);
  }
  return squares;
}

double roundings(double n, double u) { return n * u / (1 - n * u); }

} // namespace quern::passes
