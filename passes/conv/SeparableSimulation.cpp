#include "passes/conv/SeparableSimulation.h"

#include "ir/conv/LowRankFilter.h"
#include "passes/conv/DirectCost.h"

#include <limits>

namespace quern::passes {
namespace {

/// The sample's filters, of the outermost axis and the others as one, or of two axes.
ir::SeparableShape separableShape(const SampleConv &sample, size_t axis) {
  ir::SeparableShape shape{.outputs = sample.outputs,
                           .inputs = sample.channels,
                           .height = sample.kernel[0],
                           .sharesRows = axis == 1,
                           .roundoff = sample.roundoff};
  for (int64_t extent : llvm::drop_begin(sample.kernel))
    shape.width *= extent;
  return shape;
}

std::vector<double> filterOf(const SampleConv &sample) {
  return {sample.filter.begin(), sample.filter.end()};
}

/// The two passes of a sample, as samples without inputs and filters.
struct SamplePasses {
  SampleConv first, rest;

  SamplePasses(const SampleConv &sample, size_t axis) {
    rest.out = sample.out;
    rest.kernel = sample.kernel;
    rest.kernel[axis] = 1;
    first.out = sample.in();
    first.out[axis] = sample.out[axis];
    first.kernel.assign(sample.kernel.size(), 1);
    first.kernel[axis] = sample.kernel[axis];
  }
};

} // namespace

std::vector<float> simulateLines(const SampleConv &sample, size_t axis) {
  ir::SeparableShape shape = separableShape(sample, axis);
  // Outputs of a sample may be of different groups: each has lines of its own.
  shape.groups = sample.outputs;
  ir::SeparableFactors factors = ir::separate(shape, filterOf(sample));
  auto [first, rest] = SamplePasses(sample, axis);
  first.outputs = rest.outputs = 1;
  rest.channels = sample.channels;
  std::vector<float> sums;
  for (int64_t o = 0; o < sample.outputs; ++o) {
    rest.input.clear();
    for (int64_t c = 0; c < sample.channels; ++c) {
      const float *input = sample.input.data() + c * sample.inputSize();
      const double *line = factors.shared.data() + (o * sample.channels + c) * shape.sharedTaps();
      first.input.assign(input, input + sample.inputSize());
      first.filter.assign(line, line + shape.sharedTaps());
      llvm::append_range(rest.input, sumsInOrder(first));
    }
    int64_t each = sample.channels * shape.restTaps();
    const double *own = factors.rest.data() + o * each;
    rest.filter.assign(own, own + each);
    llvm::append_range(sums, sumsInOrder(rest));
  }
  return sums;
}

std::vector<float> simulateChannels(const SampleConv &sample, size_t axis) {
  ir::SeparableShape shape = separableShape(sample, axis);
  ir::LowRankFactors factors = ir::factorise(
      shape, filterOf(sample), std::numeric_limits<int64_t>::max(), shape.tolerance());
  auto [first, rest] = SamplePasses(sample, axis);
  first.channels = sample.channels;
  first.outputs = rest.channels = factors.rank;
  rest.outputs = sample.outputs;
  first.input = sample.input;
  first.filter.assign(factors.lines.begin(), factors.lines.end());
  rest.filter.assign(factors.rest.begin(), factors.rest.end());
  rest.input = sumsInOrder(first);
  return sumsInOrder(rest);
}

} // namespace quern::passes
