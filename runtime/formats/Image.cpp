#include "runtime/formats/Image.h"

#include "runtime/formats/File.h"
#include "runtime/formats/Jpeg.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <memory>

// The code of the single-header library is compiled in StbLibrary.cpp.
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

namespace quern::runtime {

namespace {

constexpr int channels = 3;

std::string_view textOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// Why not even its size can be told.
std::string whyUnknown(std::string_view format) {
  constexpr std::string_view unread[] = {"AVIF", "HEIF", "TIFF", "WebP"};
  if (format.empty())
    return "not an image of a known format";
  if (std::ranges::find(unread, format) == std::end(unread))
    return fmt::format("this {} image is damaged", format);
  return fmt::format(
      "a {} image; convert it to one of JPEG, PNG, BMP, GIF, TGA, PNM and PSD, which "
      "are read",
      format);
}

std::string tooLarge(int64_t width, int64_t height) {
  return fmt::format("image of {} x {} pixels is too large; at most {} are read", width, height,
                     maxImagePixels);
}

/// Width and height as the first chunk has them; nothing for what is no PNG.
std::pair<uint32_t, uint32_t> pngSize(std::string_view format, std::string_view file) {
  constexpr size_t widthAt = 16, heightAt = 20, end = 24;
  if (format != "PNG" || file.size() < end)
    return {};
  auto number = [&](size_t at) {
    uint32_t value = 0;
    for (char byte : file.substr(at, sizeof value))
      value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  };
  return {number(widthAt), number(heightAt)};
}

/// The image as it was seen by a camera that was held as EXIF's `orientation` says.
Image upright(Image image, int orientation) {
  if (orientation == 1)
    return image;
  bool isTurned = orientation >= 5;
  auto is = [&](std::initializer_list<int> list) {
    return std::ranges::find(list, orientation) != list.end();
  };
  bool isMirroredX = is({2, 3, 7, 8}), isMirroredY = is({3, 4, 6, 7});
  Image turned{isTurned ? image.height : image.width, isTurned ? image.width : image.height, {}};
  turned.rgb.reserve(image.rgb.size());
  for (int y = 0; y < turned.height; ++y)
    for (int x = 0; x < turned.width; ++x) {
      int fromX = isTurned ? y : x, fromY = isTurned ? x : y;
      fromX = isMirroredX ? image.width - 1 - fromX : fromX;
      fromY = isMirroredY ? image.height - 1 - fromY : fromY;
      auto pixel = image.rgb.begin() + channels * (ptrdiff_t{fromY} * image.width + fromX);
      turned.rgb.insert(turned.rgb.end(), pixel, pixel + channels);
    }
  return turned;
}

bool isCutShort(std::string_view format, std::string_view file) {
  if (format == "PNG")
    return file.find("IEND") == std::string_view::npos;
  return format == "JPEG" && isJpegCutShort(file);
}

} // namespace

std::string_view imageFormat(std::span<const std::byte> file) {
  struct Format {
    size_t at;
    std::string_view magic, name;
  };
  using namespace std::string_view_literals;
  static constexpr Format formats[] = {
      {0, "\x89PNG\r\n\x1a\n"sv, "PNG"},
      {0, "\xff\xd8\xff"sv, "JPEG"},
      {0, "GIF8"sv, "GIF"},
      {0, "8BPS"sv, "PSD"},
      {8, "WEBP"sv, "WebP"},
      {4, "ftypavif"sv, "AVIF"},
      {4, "ftyphei"sv, "HEIF"},
      {4, "ftypmif1"sv, "HEIF"},
      {0, "II*\0"sv, "TIFF"},
      {0, "MM\0*"sv, "TIFF"},
  };
  std::string_view text = textOf(file);
  for (const Format &format : formats)
    if (text.size() > format.at && text.substr(format.at).starts_with(format.magic))
      return format.name;
  return {};
}

Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name) {
  auto fail = [&](std::string_view why) { return Failure{fmt::format("{}: {}", name, why)}; };
  if (file.empty())
    return fail("empty file");
  if (file.size() > INT_MAX)
    return fail("too large for an image");
  std::string_view format = imageFormat(file);
  const auto *bytes = reinterpret_cast<const stbi_uc *>(file.data());
  auto size = static_cast<int>(file.size());
  int width = 0;
  int height = 0;
  int found = 0;
  // Of a very large one stb would not tell the size.
  if (auto [w, h] = pngSize(format, textOf(file)); uint64_t{w} * h > maxImagePixels)
    return fail(tooLarge(w, h));
  if (isCutShort(format, textOf(file)))
    return fail(fmt::format("the {} image is cut short", format));
  if (!stbi_info_from_memory(bytes, size, &width, &height, &found) || width < 1 || height < 1)
    return fail(whyUnknown(format));
  if (int64_t{width} * height > maxImagePixels)
    return fail(tooLarge(width, height));
  std::unique_ptr<stbi_uc, void (*)(void *)> pixels(
      stbi_load_from_memory(bytes, size, &width, &height, &found, channels), stbi_image_free);
  if (!pixels)
    return fail(fmt::format("damaged image ({})", stbi_failure_reason()));
  Image image{width, height, {}};
  size_t count = static_cast<size_t>(width) * static_cast<size_t>(height) * channels;
  image.rgb.assign(pixels.get(), pixels.get() + count);
  return format == "JPEG" ? upright(std::move(image), jpegOrientation(textOf(file))) : image;
}

Result<Image> readImage(const std::string &path) {
  Result<std::vector<std::byte>> file = readBytes(path, INT_MAX);
  if (!file)
    return file.failure();
  return decodeImage(*file, path == "-" ? "standard input" : std::string_view(path));
}

Status writePng(const std::string &path, std::span<const uint8_t> pixels, int width, int height,
                int depth) {
  std::vector<std::byte> file;
  auto append = [](void *context, void *data, int size) {
    auto *bytes = static_cast<const std::byte *>(data);
    auto &into = *static_cast<std::vector<std::byte> *>(context);
    into.insert(into.end(), bytes, bytes + size);
  };
  if (!stbi_write_png_to_func(append, &file, width, height, depth, pixels.data(), width * depth))
    return Failure{fmt::format("{}: cannot make a PNG of {} x {} pixels", path, width, height)};
  std::span<const std::byte> parts[] = {file};
  return writeBytes(path, parts);
}

} // namespace quern::runtime
