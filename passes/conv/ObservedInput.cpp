#include "passes/conv/ObservedInput.h"

#include "ir/HostTensor.h"

#include <cmath>

namespace quern::passes {
namespace {

using Position = llvm::SmallVector<int64_t, 3>;

/// Where along an axis a sample of so many positions begins that is to have `centre` in its middle:
/// within the padded axis as far as it fits.
int64_t originAlong(const ConvAxis &axis, int64_t positions, int64_t centre) {
  int64_t reach = axis.dilation * (axis.stride * positions - 1) + 1;
  int64_t last = axis.in + axis.padHigh - reach;
  return std::max(-axis.padLow, std::min(centre - reach / 2, last));
}

/// The element at a position of an image of these axes; zero outside.
float elementAt(llvm::ArrayRef<float> channel, llvm::ArrayRef<ConvAxis> axes,
                llvm::ArrayRef<int64_t> position) {
  int64_t index = 0;
  for (auto [axis, at] : llvm::zip_equal(axes, position)) {
    if (at < 0 || at >= axis.in)
      return 0;
    index = index * axis.in + at;
  }
  return channel[static_cast<size_t>(index)];
}

/// The position of the largest element of some channels, and whether it is other than zero.
std::pair<Position, bool> largestOf(llvm::ArrayRef<float> channels, llvm::ArrayRef<ConvAxis> axes,
                                    size_t pixels) {
  size_t best = 0;
  for (size_t i = 0; i < channels.size(); ++i)
    if (std::fabs(channels[i]) > std::fabs(channels[best]))
      best = i;
  Position position(axes.size());
  auto rest = static_cast<int64_t>(best % pixels);
  for (size_t a = axes.size(); a-- > 0; rest /= axes[a].in)
    position[a] = rest % axes[a].in;
  return {position, channels[best] != 0};
}

} // namespace

std::optional<std::vector<float>> observedInput(const SampleConv &sample, const ConvShape &shape,
                                                llvm::ArrayRef<float> observed, int64_t group) {
  auto count = static_cast<size_t>(shape.channelsPerGroup());
  size_t pixels = 1;
  for (const ConvAxis &axis : shape.axes)
    pixels *= static_cast<size_t>(axis.in);
  llvm::ArrayRef<float> channels =
      observed.slice(static_cast<size_t>(group) * count * pixels, count * pixels);
  auto [centre, isNonzero] = largestOf(channels, shape.axes, pixels);
  if (!isNonzero)
    return std::nullopt;
  Position extents = sample.in(), origin, strides;
  for (auto [axis, extent, at] : llvm::zip_equal(shape.axes, extents, centre)) {
    origin.push_back(originAlong(axis, extent, at));
    strides.push_back(axis.stride);
  }
  // The phases of a stride are further channels, as in ir::phaseFilter.
  std::vector<float> input;
  ir::forEachIndex(strides, [&](llvm::ArrayRef<int64_t> phase) {
    for (size_t c = 0; c < count; ++c)
      ir::forEachIndex(extents, [&](llvm::ArrayRef<int64_t> index) {
        Position position;
        for (size_t a = 0; a < index.size(); ++a)
          position.push_back(origin[a] +
                             shape.axes[a].dilation * (strides[a] * index[a] + phase[a]));
        input.push_back(elementAt(channels.slice(c * pixels, pixels), shape.axes, position));
      });
  });
  return input;
}

} // namespace quern::passes
