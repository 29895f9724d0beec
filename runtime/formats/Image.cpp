#include "runtime/formats/Image.h"

#include "runtime/formats/File.h"

#include <fmt/format.h>

#include <climits>
#include <memory>

// The code of the single-header library is compiled in StbLibrary.cpp.
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

namespace quern::runtime {

namespace {
constexpr int channels = 3;
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
