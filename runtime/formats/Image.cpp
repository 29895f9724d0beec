#include "runtime/formats/Image.h"

#include "runtime/formats/File.h"

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

/// Whether a JPEG's data begin but do not end. Its decoder would fill in grey.
bool isJpegCutShort(std::string_view file) {
  constexpr std::string_view scan = "\xff\xda", end = "\xff\xd9";
  // Segments up to the scan may hold anything, a preview with an end of its own too.
  size_t at = 2;
  while (at + 4 <= file.size() && file[at] == '\xff' && file.substr(at, 2) != scan) {
    if (file[at + 1] == '\xff') { // a fill byte
      ++at;
      continue;
    }
    at += 2 + static_cast<size_t>(static_cast<uint8_t>(file[at + 2]) << 8 |
                                  static_cast<uint8_t>(file[at + 3]));
  }
  return at >= file.size() || file.find(end, at) == std::string_view::npos;
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
  if (isCutShort(format, textOf(file)))
    return fail(fmt::format("the {} image is cut short", format));
  if (!stbi_info_from_memory(bytes, size, &width, &height, &found) || width < 1 || height < 1)
    return fail(whyUnknown(format));
  if (int64_t{width} * height > maxImagePixels)
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
