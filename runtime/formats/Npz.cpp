#include "runtime/formats/File.h"
#include "runtime/formats/Zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

namespace quern::runtime {

namespace {

constexpr size_t localBytes = 30;
constexpr size_t alignment = 64;

/// Appends integers and text in zip's little-endian form.
class Record {
public:
  Record &u16(size_t value) { return put(value, 2); }
  Record &u32(size_t value) { return put(value, 4); }
  Record &text(std::string_view value) {
    auto bytes = std::as_bytes(std::span(value));
    content.insert(content.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Record &zeros(size_t count) {
    content.resize(content.size() + count);
    return *this;
  }
  std::vector<std::byte> content;

private:
  Record &put(size_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i)
      content.push_back(static_cast<std::byte>(value >> (8 * i)));
    return *this;
  }
};

/// The fields that a member's local header and its directory entry share.
void describe(Record &record, uint32_t crc, size_t bytes, size_t nameBytes, size_t extraBytes) {
  constexpr size_t version = 20;
  constexpr size_t utf8Name = 0x800;
  constexpr size_t stored = 0;
  // The first day that zip's dates know, so that equal arrays make equal files.
  constexpr size_t time = 0;
  constexpr size_t date = 1 << 5 | 1;
  record.u16(version).u16(utf8Name).u16(stored).u16(time).u16(date);
  record.u32(crc).u32(bytes).u32(bytes).u16(nameBytes).u16(extraBytes);
}

uint32_t crcOf(uint32_t crc, std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size()));
}

} // namespace

Result<std::vector<NamedArray>> readNpz(const std::string &path) {
  Result<std::vector<std::byte>> file = readBytes(path);
  if (!file)
    return file.failure();
  Result<ZipArchive> archive = ZipArchive::open(*file, path);
  if (!archive)
    return archive.failure();
  std::vector<NamedArray> arrays;
  for (const ZipEntry &entry : archive->entries()) {
    constexpr std::string_view suffix = ".npy";
    if (!entry.name.ends_with(suffix))
      return Failure{fmt::format("{}: {}: not an array", path, entry.name)};
    Result<std::vector<std::byte>> bytes = archive->read(entry);
    if (!bytes)
      return bytes.failure();
    Result<ArrayView> view = parseNpy(*bytes, fmt::format("{}: {}", path, entry.name));
    if (!view)
      return view.failure();
    arrays.push_back({entry.name.substr(0, entry.name.size() - suffix.size()),
                      Array{view->dtype, view->shape, {view->data.begin(), view->data.end()}}});
  }
  return arrays;
}

Status writeNpz(const std::string &path,
                std::span<const std::pair<std::string, ArrayView>> arrays) {
  // Parts hold views of these; their places must not move.
  std::vector<std::vector<std::byte>> headers;
  headers.reserve(2 * arrays.size() + 1);
  std::vector<std::span<const std::byte>> parts;
  Record directory;
  size_t offset = 0;
  auto append = [&](std::span<const std::byte> part) {
    parts.push_back(part);
    offset += part.size();
  };
  for (const auto &[name, array] : arrays) {
    Result<std::vector<std::byte>> header = npyHeader(array.dtype, array.shape);
    if (!header)
      return Failure{fmt::format("{}: {}: {}", path, name, header.error())};
    std::string member = name + ".npy";
    size_t bytes = header->size() + array.data.size();
    if (member.size() > UINT16_MAX || arrays.size() >= UINT16_MAX ||
        offset + bytes + directory.content.size() + alignment * 4 + member.size() * 2 > UINT32_MAX)
      return Failure{fmt::format("{}: an .npz of 4 GiB and more cannot be written", path)};
    uint32_t crc = crcOf(crcOf(0, *header), array.data);
    // An extra field of an unassigned kind pads the data to the alignment; it takes four bytes at
    // least.
    constexpr size_t extraHead = 4;
    constexpr size_t extraKind = 0xd935;
    size_t unpadded = offset + localBytes + member.size() + extraHead;
    size_t padding = (alignment - unpadded % alignment) % alignment;
    size_t start = offset;

    Record local;
    local.text("PK\x03\x04");
    describe(local, crc, bytes, member.size(), extraHead + padding);
    local.text(member).u16(extraKind).u16(padding).zeros(padding);
    headers.push_back(std::move(local.content));
    append(headers.back());
    headers.push_back(std::move(*header));
    append(headers.back());
    append(array.data);

    directory.text("PK\x01\x02").u16(20);
    describe(directory, crc, bytes, member.size(), 0);
    directory.u16(0).u16(0).u16(0).u32(0).u32(start).text(member);
  }
  size_t directoryBytes = directory.content.size();
  directory.text("PK\x05\x06").u16(0).u16(0).u16(arrays.size()).u16(arrays.size());
  directory.u32(directoryBytes).u32(offset).u16(0);
  headers.push_back(std::move(directory.content));
  append(headers.back());
  return writeBytes(path, parts);
}

} // namespace quern::runtime
