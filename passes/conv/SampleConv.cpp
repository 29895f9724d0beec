#include "passes/conv/SampleConv.h"

#include "ir/conv/Division.h"
#include "ir/conv/TransformFilter.h"
#include "passes/conv/ObservedInput.h"

#include <numeric>
#include <random>

namespace quern::passes {
namespace {

int64_t product(llvm::ArrayRef<int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
}

/// Output channels to look at: those that are exposed most, and then evenly chosen ones.
std::vector<int64_t> chooseOutputs(llvm::ArrayRef<double> exposures, size_t mostOutputs) {
  std::vector<std::pair<double, int64_t>> range;
  for (auto [o, exposure] : llvm::enumerate(exposures))
    range.emplace_back(exposure, static_cast<int64_t>(o));
  llvm::sort(range, std::greater<>());
  std::vector<int64_t> chosen;
  size_t half = std::min(range.size(), mostOutputs / 2);
  for (size_t i = 0; i < half; ++i)
    chosen.push_back(range[i].second);
  size_t rest = std::min(range.size() - half, mostOutputs - half);
  for (size_t i = 0; i < rest; ++i)
    chosen.push_back(range[half + i * (range.size() - half) / rest].second);
  return chosen;
}

} // namespace

llvm::SmallVector<int64_t, 3> SampleConv::in() const {
  llvm::SmallVector<int64_t, 3> extents;
  for (auto [o, k] : llvm::zip_equal(out, kernel))
    extents.push_back(o + k - 1);
  return extents;
}

int64_t SampleConv::inputSize() const { return product(in()); }
int64_t SampleConv::outputSize() const { return product(out); }

double SampleConv::products() const {
  return static_cast<double>(ir::ceilDiv(outputSize(), every) * product(kernel)) *
         static_cast<double>(outputs * channels);
}

std::vector<double> SampleConv::exact() const {
  int64_t taps = product(kernel), looks = ir::ceilDiv(outputSize(), every), pixels = inputSize();
  llvm::SmallVector<int64_t, 3> extents = in();
  // Offset of each tap and of each output within a channel of the input.
  auto offsets = [&](llvm::ArrayRef<int64_t> box) {
    std::vector<int64_t> list{0};
    for (size_t axis = 0; axis < box.size(); ++axis) {
      std::vector<int64_t> longer;
      for (int64_t base : list)
        for (int64_t i = 0; i < box[axis]; ++i)
          longer.push_back(base * extents[axis] + i);
      list = std::move(longer);
    }
    return list;
  };
  std::vector<int64_t> tapAt = offsets(kernel), outputAt = offsets(out);
  std::vector<double> result(static_cast<size_t>(outputs * looks));
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < looks; ++i) {
        const float *x = input.data() + c * pixels + outputAt[static_cast<size_t>(i * every)];
        const float *w = filter.data() + (o * channels + c) * taps;
        double sum = 0;
        for (int64_t t = 0; t < taps; ++t)
          sum += static_cast<double>(x[tapAt[static_cast<size_t>(t)]]) * static_cast<double>(w[t]);
        result[static_cast<size_t>(o * looks + i)] += sum;
      }
  return result;
}

SampleConv drawSample(const ConvShape &shape, const FilterView &filter,
                      llvm::ArrayRef<double> exposures, const SampleSize &size,
                      llvm::ArrayRef<float> observed) {
  SampleConv sample;
  sample.channels = filter.channels;
  sample.roundoff = std::max(storedRoundoff(shape.element), storedRoundoff(ConvElement::f32));
  std::vector<int64_t> kernel, strides;
  for (const ConvAxis &axis : shape.axes) {
    kernel.push_back(axis.kernel);
    strides.push_back(axis.stride);
    sample.kernel.push_back(ir::ceilDiv(axis.kernel, axis.stride));
    sample.channels *= axis.stride;
  }
  sample.out.assign(size.outputsAlong.begin(), size.outputsAlong.end());
  int64_t each = static_cast<int64_t>(filter.values.size()) / filter.outputs;
  std::vector<double> chosen;
  std::vector<int64_t> channels = chooseOutputs(exposures, static_cast<size_t>(size.channels));
  for (int64_t o : channels) {
    llvm::append_range(chosen, filter.values.slice(o * each, each));
    ++sample.outputs;
  }
  std::vector<double> phased =
      ir::phaseFilter(chosen, sample.outputs, filter.channels, kernel, strides);
  sample.filter.assign(phased.begin(), phased.end());
  if (!observed.empty()) {
    int64_t group = channels.front() / (filter.outputs / shape.groups);
    if (auto input = observedInput(sample, shape, observed, group)) {
      sample.input = std::move(*input);
      return sample;
    }
  }
  // Fixed: the same model gets the same choice every day.
  std::mt19937 random(1);
  sample.input.resize(static_cast<size_t>(sample.channels * sample.inputSize()));
  for (float &value : sample.input)
    value = static_cast<float>(static_cast<double>(random()) * 0x1p-31 - 1);
  return sample;
}

} // namespace quern::passes
