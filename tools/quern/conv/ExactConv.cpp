#include "tools/quern/conv/ExactConv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

namespace quern::tools {
namespace {

constexpr int64_t mostProducts = int64_t{1} << 28;

/// The linear indices of positions of one image to look at: both corners, and others at random.
std::set<int64_t> choosePositions(int64_t positions, int64_t wanted) {
  std::set<int64_t> chosen{0, positions - 1};
  if (wanted >= positions)
    for (int64_t i = 0; i < positions; ++i)
      chosen.insert(i);
  std::mt19937_64 random(3);
  while (static_cast<int64_t>(chosen.size()) < std::min(wanted, positions))
    chosen.insert(static_cast<int64_t>(random() % static_cast<uint64_t>(positions)));
  return chosen;
}

} // namespace

ExactConv::ExactConv(const passes::ConvShape &shape, std::span<const double> input,
                     std::span<const double> filter)
    : shape(shape) {
  if (shape.element == passes::ConvElement::f64)
    sumUp<long double>(input, filter);
  else
    sumUp<double>(input, filter);
}

template <typename Sum>
void ExactConv::sumUp(std::span<const double> input, std::span<const double> filter) {
  int64_t positions = shape.batch * shape.positions();
  int64_t each = shape.outChannels * shape.channelsPerGroup() * shape.taps();
  for (int64_t linear : choosePositions(positions, std::max<int64_t>(2, mostProducts / each))) {
    int64_t image = linear / shape.positions(), within = linear % shape.positions(), rest = within;
    llvm::SmallVector<int64_t, 3> position(shape.axes.size());
    for (size_t axis = shape.axes.size(); axis-- > 0;) {
      position[axis] = rest % shape.axes[axis].out;
      rest /= shape.axes[axis].out;
    }
    for (int64_t o = 0; o < shape.outChannels; ++o) {
      index.push_back((image * shape.outChannels + o) * shape.positions() + within);
      value.push_back(at<Sum>(image, o, position, input, filter));
    }
  }
}

template <typename Sum>
double ExactConv::at(int64_t image, int64_t channel, llvm::ArrayRef<int64_t> position,
                     std::span<const double> input, std::span<const double> filter) const {
  int64_t perGroup = shape.channelsPerGroup(), taps = shape.taps(), pixels = 1;
  for (const passes::ConvAxis &axis : shape.axes)
    pixels *= axis.in;
  int64_t firstChannel = channel / (shape.outChannels / shape.groups) * perGroup;
  // Where each tap reads within a channel of the input; -1 in the padding.
  std::vector<int64_t> from(static_cast<size_t>(taps));
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t rest = tap, offset = 0, step = 1;
    for (size_t axis = shape.axes.size(); axis-- > 0 && offset >= 0;) {
      const passes::ConvAxis &a = shape.axes[axis];
      int64_t x = position[axis] * a.stride + rest % a.kernel * a.dilation - a.padLow;
      rest /= a.kernel;
      offset = x < 0 || x >= a.in ? -1 : offset + x * step;
      step *= a.in;
    }
    from[static_cast<size_t>(tap)] = offset;
  }
  Sum sum = 0;
  for (int64_t c = 0; c < perGroup; ++c) {
    const double *x = input.data() + (image * shape.inChannels + firstChannel + c) * pixels;
    const double *w = filter.data() + (channel * perGroup + c) * taps;
    for (int64_t tap = 0; tap < taps; ++tap)
      if (int64_t offset = from[static_cast<size_t>(tap)]; offset >= 0)
        sum += static_cast<Sum>(x[offset]) * static_cast<Sum>(w[tap]);
  }
  return static_cast<double>(sum);
}

double ExactConv::largest() const {
  double scale = 0;
  for (double exact : value)
    scale = std::max(scale, std::fabs(exact));
  return scale;
}

ConvError ExactConv::compare(const ir::HostTensor &output) const {
  double scale = largest();
  ConvError error{.outputs = static_cast<int64_t>(value.size())};
  for (size_t i = 0; i < value.size(); ++i) {
    double computed = 0;
    output.loadRow(index[i], 1, computed);
    double difference = std::fabs(computed - value[i]);
    // Where all outputs are zero, any error is infinitely large beside them.
    if (difference != 0)
      difference /= scale;
    if (std::isnan(difference))
      difference = std::numeric_limits<double>::infinity();
    error.max = std::max(error.max, difference);
    error.mean += difference / static_cast<double>(value.size());
  }
  return error;
}

} // namespace quern::tools
