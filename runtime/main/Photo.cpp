#include "runtime/main/Photo.h"

#include "runtime/formats/ResizeImage.h"

namespace quern::runtime {

namespace {

/// The longer side when the shorter becomes `resize`, rounded to nearest.
int scaled(int longer, int shorter, uint32_t resize) {
  return static_cast<int>((int64_t{resize} * longer + shorter / 2) / shorter);
}

/// Where the middle `crop` of `extent` pixels begins, rounded down.
int margin(int extent, int crop) { return (extent - crop) / 2; }

} // namespace

Status adaptPhoto(const Image &image, const PhotoAdapter &photo, float *tensor) {
  bool isWide = image.width > image.height;
  auto shorter = static_cast<int>(photo.resize);
  int width = isWide ? scaled(image.width, image.height, photo.resize) : shorter;
  int height = isWide ? shorter : scaled(image.height, image.width, photo.resize);
  Result<Image> resized = resizeImage(image, width, height);
  if (!resized)
    return resized.failure();
  auto crop = static_cast<int>(photo.crop);
  int left = margin(width, crop);
  int top = margin(height, crop);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < crop; ++y)
      for (int x = 0; x < crop; ++x) {
        size_t pixel = static_cast<size_t>(top + y) * static_cast<size_t>(width) +
                       static_cast<size_t>(left + x);
        float value = static_cast<float>(resized->rgb[3 * pixel + static_cast<size_t>(c)]) / 255.0f;
        *tensor++ = (value - photo.mean[c]) / photo.std[c];
      }
  return success();
}

} // namespace quern::runtime
