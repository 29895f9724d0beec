// The numbers that all ways to compute a convolution are given, and what should come out.
#pragma once

#include "ir/HostTensor.h"
#include "tools/quern/conv/BuiltConv.h"
#include "tools/quern/conv/ConvLab.h"
#include "tools/quern/conv/ExactConv.h"

#include <memory>
#include <vector>

namespace quern::tools {

/// One convolution.
class LabProblem {
public:
  /// Of made-up weights where these are not given, and of inputs in [-1, 1] likewise.
  LabProblem(const passes::ConvShape &shape, const ConvNumbers &given);

  llvm::ArrayRef<char> filterBytes() const { return filter.bytes(); }

  /// Milliseconds of one run.
  double run(BuiltConv &conv) {
    return conv.run(input.bytes().data(), output.mutableBytes().data());
  }

  /// Marks all outputs as not computed.
  void forget();
  /// Of the outputs of the last run.
  ConvError error() const { return exact->compare(output); }
  /// What the error of an algorithm cannot exceed.
  double errorBound(ir::ConvAlgorithm algorithm, const passes::Tile &tile) const;

private:
  ir::HostTensor tensorOf(std::vector<double> &values);

  std::unique_ptr<mlir::MLIRContext> context;
  passes::ConvShape shape;
  ir::HostTensor input, filter, output;
  std::unique_ptr<ExactConv> exact;
  /// The largest sum of absolute weights of an output channel, times the largest input: what bounds
  /// are relative to.
  double boundScale = 0;
};

} // namespace quern::tools
