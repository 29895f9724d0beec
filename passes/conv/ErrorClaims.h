// What error an algorithm is claimed not to exceed on a convolution, before it has a kernel: what a
// sample shows, raised by what the rest may err more.
#pragma once

#include "passes/conv/ConvAlgorithm.h"

#include <optional>
#include <string>
#include <vector>

namespace quern::passes {

/// Claims on one convolution.
class ErrorClaims {
public:
  /// `known` are its weights; without them made-up ones are drawn. So is the input without
  /// `observed`, [N, C, extents...]. Claims that come near `budget` are made with more care.
  ErrorClaims(const ConvShape &shape, std::optional<FilterView> known,
              llvm::ArrayRef<float> observed, double budget);

  /// Neither NaN nor infinity; claims are infinite otherwise.
  bool areOfFiniteWeights() const { return hasFiniteWeights; }

  MeasuredError of(ir::ConvAlgorithm algorithm, const Tile &tile) const;

private:
  struct Look;
  MeasuredError claim(const Look &look, const ConvAlgorithm &algorithm, const Tile &tile) const;
  std::vector<int64_t> outputsAlong(const Look &look, const ConvAlgorithm &algorithm,
                                    const Tile &tile, double productsEach) const;
  SampleConv sampleFor(const Look &look, const ConvAlgorithm &algorithm, const Tile &tile) const;
  void round(std::vector<float> &values) const;

  const ConvShape &shape;
  llvm::ArrayRef<float> observed;
  double budget;
  std::vector<double> weights; ///< made up
  FilterView filter{};
  bool hasFiniteWeights = true;
};

/// "2.1e-06", rounded up: no less than what is claimed.
std::string claimText(double error);

/// Why a variant is refused of which samples claim such an error.
std::string beyondText(double error, double budget);

} // namespace quern::passes
