// Photographs: whatever stb_image decodes (JPEG, PNG, BMP, GIF, TGA, PNM, PSD).
#pragma once

#include "runtime/formats/Result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::runtime {

/// 8-bit red, green, blue, interleaved, row by row from the top.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
};

/// No image that is read or made has more.
inline constexpr int64_t maxImagePixels = int64_t{1} << 28;

/// "PNG", "JPEG", "WebP" ... by what the file begins with, whether it can be read or not; empty for
/// what begins like no image.
std::string_view imageFormat(std::span<const std::byte> file);

/// Grey becomes RGB, alpha is dropped, 16 bits become 8; a JPEG is turned upright as its EXIF
/// orientation says. Fails for what is not an image, is cut short or has more than 2^28 pixels.
Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name);

/// decodeImage on a file; "-" is the standard input.
Result<Image> readImage(const std::string &path);

/// Writes a PNG of `channels` bytes a pixel: 1 grey, 3 RGB.
Status writePng(const std::string &path, std::span<const uint8_t> pixels, int width, int height,
                int channels);

} // namespace quern::runtime
