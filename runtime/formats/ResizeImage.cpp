#include "runtime/formats/ResizeImage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quern::runtime {

namespace {

constexpr int channels = 3;
/// Bits after the point of a weight: 8 bits of a pixel and 2 of overshoot leave so many of 32.
constexpr int weightBits = 22;

/// Keys' kernel, a = -1/2: zero from 2 on.
double cubic(double x) {
  x = std::abs(x);
  if (x < 1)
    return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2)
    return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// What makes each pixel of an axis: a run of the old axis' pixels and their weights.
class Axis {
public:
  Axis(int from, int to) {
    double scale = static_cast<double>(from) / to;
    double width = std::max(scale, 1.0);
    double reach = 2 * width;
    for (int i = 0; i < to; ++i) {
      double centre = (i + 0.5) * scale;
      // The pixels whose middle is within reach.
      int first = std::max(0, static_cast<int>(std::lround(centre - reach)));
      int end = std::min(from, static_cast<int>(std::lround(centre + reach)));
      std::vector<double> exact;
      double sum = 0;
      for (int pixel = first; pixel < end; ++pixel)
        sum += exact.emplace_back(cubic((pixel - centre + 0.5) / width));
      runs.push_back({first, end - first, weights.size()});
      for (double weight : exact)
        weights.push_back(
            static_cast<int32_t>(std::lround(weight / sum * (int64_t{1} << weightBits))));
    }
  }

  int size() const { return static_cast<int>(runs.size()); }
  int first(int i) const { return runs[static_cast<size_t>(i)].first; }
  std::span<const int32_t> weightsOf(int i) const {
    const Run &run = runs[static_cast<size_t>(i)];
    return {weights.data() + run.offset, static_cast<size_t>(run.count)};
  }

private:
  struct Run {
    int first, count;
    size_t offset;
  };
  std::vector<Run> runs;
  std::vector<int32_t> weights;
};

uint8_t rounded(int32_t sum) {
  constexpr int32_t half = 1 << (weightBits - 1);
  return static_cast<uint8_t>(std::clamp((sum + half) >> weightBits, 0, 255));
}

size_t rowBytes(const Image &image) { return static_cast<size_t>(image.width) * channels; }

Image alongX(const Image &image, const Axis &axis) {
  Image result{axis.size(), image.height, {}};
  result.rgb.reserve(rowBytes(result) * static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    const uint8_t *row = image.rgb.data() + static_cast<size_t>(y) * rowBytes(image);
    for (int x = 0; x < axis.size(); ++x) {
      const uint8_t *pixel = row + static_cast<size_t>(axis.first(x)) * channels;
      int32_t sums[channels] = {};
      for (int32_t weight : axis.weightsOf(x))
        for (int32_t &sum : sums)
          sum += weight * *pixel++;
      for (int32_t sum : sums)
        result.rgb.push_back(rounded(sum));
    }
  }
  return result;
}

Image alongY(const Image &image, const Axis &axis) {
  Image result{image.width, axis.size(), {}};
  result.rgb.reserve(rowBytes(image) * static_cast<size_t>(axis.size()));
  std::vector<int32_t> sums(rowBytes(image));
  for (int y = 0; y < axis.size(); ++y) {
    std::ranges::fill(sums, 0);
    const uint8_t *row = image.rgb.data() + static_cast<size_t>(axis.first(y)) * sums.size();
    for (int32_t weight : axis.weightsOf(y))
      for (int32_t &sum : sums)
        sum += weight * *row++;
    for (int32_t sum : sums)
      result.rgb.push_back(rounded(sum));
  }
  return result;
}

} // namespace

Result<Image> resizeImage(const Image &image, int width, int height) {
  if (width < 1 || height < 1 || int64_t{width} * height > maxImagePixels ||
      int64_t{width} * image.height > maxImagePixels)
    return Failure{fmt::format("cannot resize {} x {} pixels to {} x {}", image.width, image.height,
                               width, height)};
  Image result = width == image.width ? image : alongX(image, Axis(image.width, width));
  return height == image.height ? result : alongY(result, Axis(image.height, height));
}

} // namespace quern::runtime
