#include "runtime/formats/Image.h"

#include "runtime/formats/File.h"

#include <fmt/format.h>

#include <climits>
#include <memory>

// The code of the two single-header libraries is compiled in StbLibraries.cpp.
#include <stb/stb_image.h>
#include <stb/stb_image_resize.h>

namespace quern::runtime {

namespace {
constexpr int channels = 3;
constexpr int64_t maxPixels = int64_t{1} << 28;
} // namespace

Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name) {
  auto fail = [&](std::string_view why) { return Failure{fmt::format("{}: {}", name, why)}; };
  if (file.empty())
    return fail("empty file");
  if (file.size() > INT_MAX)
    return fail("too large for an image");
  const auto *bytes = reinterpret_cast<const stbi_uc *>(file.data());
  auto size = static_cast<int>(file.size());
  int width = 0;
  int height = 0;
  int found = 0;
  if (!stbi_info_from_memory(bytes, size, &width, &height, &found) || width < 1 || height < 1)
    return fail("not an image of a known format");
  if (int64_t{width} * height > maxPixels)
    return fail(fmt::format("image of {} x {} pixels is too large", width, height));
  std::unique_ptr<stbi_uc, void (*)(void *)> pixels(
      stbi_load_from_memory(bytes, size, &width, &height, &found, channels), stbi_image_free);
  if (!pixels)
    return fail(fmt::format("damaged image ({})", stbi_failure_reason()));
  Image image{width, height, {}};
  size_t count = static_cast<size_t>(width) * static_cast<size_t>(height) * channels;
  image.rgb.assign(pixels.get(), pixels.get() + count);
  return image;
}

Result<Image> readImage(const std::string &path) {
  Result<std::vector<std::byte>> file = readBytes(path, INT_MAX);
  if (!file)
    return file.failure();
  return decodeImage(*file, path == "-" ? "standard input" : std::string_view(path));
}

Result<Image> resizeImage(const Image &image, int width, int height) {
  if (width == image.width && height == image.height)
    return image;
  if (width < 1 || height < 1 || int64_t{width} * height > maxPixels)
    return Failure{fmt::format("cannot resize {} x {} pixels to {} x {}", image.width, image.height,
                               width, height)};
  Image result{width, height, {}};
  result.rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * channels);
  // Zero strides: rows are dense. No channel is alpha.
  int done = stbir_resize_uint8_generic(image.rgb.data(), image.width, image.height, 0,
                                        result.rgb.data(), width, height, 0, channels,
                                        STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP,
                                        STBIR_FILTER_CATMULLROM, STBIR_COLORSPACE_LINEAR, nullptr);
  if (!done)
    return Failure{"not enough memory to resize an image"};
  return result;
}

} // namespace quern::runtime
