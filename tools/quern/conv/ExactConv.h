// Convolution by its definition in double precision, or in one beyond what it judges, at some of
// its outputs: what the compiled kernels are compared with.
#pragma once

#include "ir/HostTensor.h"
#include "passes/conv/ConvShape.h"

#include <span>
#include <vector>

namespace quern::tools {

struct ConvError {
  double max = 0;      ///< relative to the largest exact output
  double mean = 0;     ///< of absolute errors, relative to the same
  int64_t outputs = 0; ///< how many were compared
};

/// Some outputs of a convolution, corners and all channels included: as many as some tenths of a
/// second of arithmetic allow, all where that is all.
class ExactConv {
public:
  /// Row-major `input` [N, C, spatial...] and `filter` [O, C / groups, kernel...].
  ExactConv(const passes::ConvShape &shape, std::span<const double> input,
            std::span<const double> filter);

  /// Compares a whole row-major output. NaN counts as infinitely wrong.
  ConvError compare(const ir::HostTensor &output) const;

  /// The largest magnitude among the exact outputs.
  double largest() const;

private:
  template <typename Sum> void sumUp(std::span<const double> input, std::span<const double> filter);
  template <typename Sum>
  double at(int64_t image, int64_t channel, llvm::ArrayRef<int64_t> position,
            std::span<const double> input, std::span<const double> filter) const;

  passes::ConvShape shape;
  std::vector<int64_t> index; ///< into the output
  std::vector<double> value;
};

} // namespace quern::tools
