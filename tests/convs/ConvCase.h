// One convolution by one algorithm: as a kernel's text, and as a case for the op harness with the
// error that the algorithm promises.
#pragma once

#include "passes/conv/ConvAlgorithm.h"
#include "tests/ops/OpCase.h"

namespace quern::tests {

enum class Epilogue { none, bias, residual };

struct ConvCase {
  passes::ConvShape shape;
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  passes::Tile tile = {};
  Epilogue epilogue = Epilogue::none; ///< a bias or a residual sum, and relu
  bool lastIn = true, lastOut = true; ///< channels last, as between layers, or row-major

  std::string name() const;
};

/// One axis with its output computed; `out` is 0 where the window does not fit.
passes::ConvAxis convAxis(int64_t in, int64_t kernel, int64_t low = 0, int64_t high = 0,
                          int64_t stride = 1, int64_t dilation = 1);

/// The kernel function without its name: arguments x, w (transformed where the algorithm wants
/// that), and what the epilogue reads.
std::string kernelText(const ConvCase &c);

/// The kernel, its meaning in double precision, and as the largest error allowed the algorithm's
/// bound.
OpCase opCase(const ConvCase &c);

} // namespace quern::tests
