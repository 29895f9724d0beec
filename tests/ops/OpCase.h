// One small kernel and its meaning: IR text, what the naive reference makes of the same inputs, and
// how close the two must be. The files in cases/ list them by op family.
#pragma once

#include "tests/ops/reference/Reference.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quern::tests {

using reference::Tensor;

struct OpCase {
  std::string name;
  /// A function without its name: "(%a: tensor<2x3xf32>) -> tensor<2x3xf32> { … return … }".
  std::string text;
  /// The result of the same inputs, in double precision, not yet rounded to the element type.
  std::function<Tensor(const std::vector<Tensor> &)> meaning;
  /// An argument that the kernel takes transformed.
  struct Weight {
    int argument = -1;
    reference::Shape shape = {};                               ///< as `meaning` sees it
    std::function<Tensor(const Tensor &)> draw = nullptr;      ///< makes it of random numbers
    std::function<Tensor(const Tensor &)> transform = nullptr; ///< makes what the kernel takes
  };
  Weight weight = {};
  /// Largest error allowed of inputs and the exact result; null: by the next two.
  std::function<double(const std::vector<Tensor> &, const Tensor &)> allowance = nullptr;
  /// Largest error allowed: of each element's own magnitude, and, added to that, of the largest one
  /// of the result.
  double relative = 2e-6;
  double ofLargest = 2e-6;
  /// Inputs are drawn from [low, high]; `special` mixes in NaN, infinities, zeros and extremes.
  double low = -1;
  double high = 1;
  bool special = false;
  /// The kernel's argument whose values are drawn from the integers of [0, indexLimit]; -1: none.
  int indexArgument = -1;
  int64_t indexLimit = 0;
  /// Whether the kernel holds as much scratch as it says, to the byte, and not only no more.
  bool hasExactScratch = false;
  /// Whether OpenCL devices are asked as well.
  bool onDevice = true;
};

using Cases = std::vector<OpCase>;

Cases elementwiseCases();
Cases contractCases();
Cases convCases();
Cases windowCases();
Cases reduceCases();
Cases shapeCases();
Cases resizeCases();
/// Several ops in one kernel: prologues and epilogues.
Cases fusedCases();

/// "2x3x4xf32" for texts.
std::string typeText(const std::vector<int64_t> &shape, const std::string &element);
/// "tensor<2x3xf32>", or with ", #quern.layout<[…]>" where a layout is given.
std::string tensorText(const std::vector<int64_t> &shape, const std::string &element,
                       const std::string &layout = "");
/// "[1, 2, 3]" of a list in an attribute ("array<i64: 1, 2, 3>" where the op's syntax wants that).
std::string listText(const std::vector<int64_t> &values);

} // namespace quern::tests
