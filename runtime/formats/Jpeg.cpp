#include "runtime/formats/Jpeg.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace quern::runtime {
namespace {

using namespace std::string_view_literals;

/// An unsigned number of `bytes` bytes; the caller has checked that they are there.
uint32_t number(std::string_view text, size_t at, size_t bytes, bool isLittleEndian) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value = value << 8 | static_cast<uint8_t>(text[at + (isLittleEndian ? bytes - 1 - i : i)]);
  return value;
}

/// Shows `see` the marker and content of each segment up to the scan; returns where the scan
/// begins, or a place past the file's end.
template <typename See> size_t eachSegment(std::string_view file, See see) {
  constexpr std::string_view scan = "\xff\xda";
  size_t at = 2;
  while (at + 4 <= file.size() && file[at] == '\xff' && file.substr(at, 2) != scan) {
    if (file[at + 1] == '\xff') { // a fill byte
      ++at;
      continue;
    }
    size_t length = number(file, at + 2, 2, /*isLittleEndian=*/false);
    see(file[at + 1], file.substr(at + 4, std::max<size_t>(length, 2) - 2));
    at += 2 + length;
  }
  return at;
}

/// The orientation in a TIFF structure's first directory; 0 for none.
uint32_t tiffOrientation(std::string_view tiff) {
  constexpr size_t headerBytes = 8, entryBytes = 12, valueAt = 8;
  constexpr uint32_t tag = 0x0112;
  if (tiff.size() < headerBytes || (!tiff.starts_with("II*\0"sv) && !tiff.starts_with("MM\0*"sv)))
    return 0;
  bool isLittleEndian = tiff.front() == 'I';
  size_t at = number(tiff, 4, 4, isLittleEndian);
  if (at > tiff.size() || tiff.size() - at < 2)
    return 0;
  size_t count = number(tiff, at, 2, isLittleEndian);
  at += 2;
  for (size_t i = 0; i < count && tiff.size() - at >= entryBytes; ++i, at += entryBytes)
    if (number(tiff, at, 2, isLittleEndian) == tag)
      return number(tiff, at + valueAt, 2, isLittleEndian);
  return 0;
}

} // namespace

bool isJpegCutShort(std::string_view file) {
  // Segments up to the scan may hold anything, a preview with an end of its own too.
  size_t scan = eachSegment(file, [](char, std::string_view) {});
  return scan >= file.size() || file.find("\xff\xd9", scan) == std::string_view::npos;
}

int jpegOrientation(std::string_view file) {
  constexpr char application1 = '\xe1';
  constexpr std::string_view mark = "Exif\0\0"sv;
  constexpr uint32_t upright = 1, last = 8;
  uint32_t found = 0;
  eachSegment(file, [&](char marker, std::string_view content) {
    if (found == 0 && marker == application1 && content.starts_with(mark))
      found = tiffOrientation(content.substr(mark.size()));
  });
  return static_cast<int>(found >= upright && found <= last ? found : upright);
}

} // namespace quern::runtime
