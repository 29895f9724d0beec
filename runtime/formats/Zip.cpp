#include "runtime/formats/Zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <concepts>
#include <cstring>

namespace quern::runtime {

namespace {

constexpr uint32_t localSignature = 0x04034b50;
constexpr uint32_t centralSignature = 0x02014b50;
constexpr uint32_t endSignature = 0x06054b50;
constexpr uint32_t end64Signature = 0x06064b50;
constexpr uint32_t locatorSignature = 0x07064b50;
constexpr size_t localBytes = 30;
constexpr size_t centralBytes = 46;
constexpr size_t endBytes = 22;
constexpr size_t locatorBytes = 20;
constexpr size_t end64Bytes = 56;
constexpr uint16_t zip64Field = 1;
constexpr uint16_t methodStored = 0;
constexpr uint16_t methodDeflated = 8;
// Deflate's best: 258 bytes from two bits, and a few bytes around it.
constexpr uint64_t maxDeflateRatio = 1032;
constexpr size_t maxName = 4096;

/// Little-endian integers out of bytes whose presence the caller has checked.
template <std::unsigned_integral T> T load(std::span<const std::byte> bytes, size_t at) {
  T value = 0;
  for (size_t i = sizeof(T); i-- > 0;)
    value =
        static_cast<T>(static_cast<uint64_t>(value) << 8 | std::to_integer<uint8_t>(bytes[at + i]));
  return value;
}

template <std::unsigned_integral T> void store(std::vector<std::byte> &bytes, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes.push_back(static_cast<std::byte>(static_cast<uint64_t>(value) >> (8 * i)));
}

bool fits(std::span<const std::byte> bytes, uint64_t at, uint64_t size) {
  return at <= bytes.size() && size <= bytes.size() - at;
}

/// Why a member may not be called so; empty if it may.
std::string_view nameProblem(std::string_view name) {
  if (name.empty())
    return "empty name";
  if (name.size() > maxName)
    return "overlong name";
  if (name.front() == '/' || name.front() == '\\')
    return "absolute name";
  for (char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return "control character in name";
  for (size_t at = 0; at <= name.size();) {
    size_t end = std::min(name.find_first_of("/\\", at), name.size());
    if (name.substr(at, end - at) == "..")
      return "'..' in name";
    at = end + 1;
  }
  return {};
}

/// Where the central directory lies.
struct Directory {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint64_t count = 0;
};

class DirectoryReader {
public:
  DirectoryReader(std::span<const std::byte> archive, std::string_view label)
      : archive(archive), label(label) {}

  Result<Directory> locate() const {
    if (archive.size() < endBytes)
      return fail("not a zip archive");
    // The record ends with a comment of at most 65535 bytes; take the last record whose comment
    // ends with the file.
    size_t lowest = archive.size() - std::min<size_t>(archive.size(), endBytes + UINT16_MAX);
    for (size_t at = archive.size() - endBytes + 1; at-- > lowest;) {
      if (load<uint32_t>(archive, at) != endSignature ||
          at + endBytes + load<uint16_t>(archive, at + 20) != archive.size())
        continue;
      return read(at);
    }
    return fail("not a zip archive, or truncated");
  }

  /// One member at `at` in the directory, which is moved to the next.
  Result<ZipEntry> member(uint64_t &at, uint64_t end) const {
    if (at > end || end - at < centralBytes || load<uint32_t>(archive, at) != centralSignature)
      return fail("damaged directory");
    auto flags = load<uint16_t>(archive, at + 8);
    auto method = load<uint16_t>(archive, at + 10);
    uint64_t nameBytes = load<uint16_t>(archive, at + 28);
    uint64_t extraBytes = load<uint16_t>(archive, at + 30);
    uint64_t commentBytes = load<uint16_t>(archive, at + 32);
    if (end - at - centralBytes < nameBytes + extraBytes + commentBytes)
      return fail("damaged directory");
    ZipEntry entry;
    entry.name.assign(reinterpret_cast<const char *>(archive.data()) + at + centralBytes,
                      nameBytes);
    if (std::string_view problem = nameProblem(entry.name); !problem.empty())
      return fail(fmt::format("member refused: {}", problem));
    entry.crc = load<uint32_t>(archive, at + 16);
    entry.compressedBytes = load<uint32_t>(archive, at + 20);
    entry.bytes = load<uint32_t>(archive, at + 24);
    uint64_t local = load<uint32_t>(archive, at + 42);
    auto extra = archive.subspan(at + centralBytes + nameBytes, extraBytes);
    if (!widen(extra, entry, local))
      return fail(fmt::format("{}: damaged zip64 record", entry.name));
    at += centralBytes + nameBytes + extraBytes + commentBytes;

    if (flags & 1)
      return fail(fmt::format("{}: encrypted", entry.name));
    if (method != methodStored && method != methodDeflated)
      return fail(fmt::format("{}: unsupported compression method {}", entry.name, method));
    entry.deflated = method == methodDeflated;
    if (!fits(archive, local, localBytes) || load<uint32_t>(archive, local) != localSignature)
      return fail(fmt::format("{}: truncated", entry.name));
    entry.dataOffset = local + localBytes + load<uint16_t>(archive, local + 26) +
                       load<uint16_t>(archive, local + 28);
    if (!fits(archive, entry.dataOffset, entry.compressedBytes))
      return fail(fmt::format("{}: truncated", entry.name));
    bool plausible = entry.deflated ? entry.bytes / maxDeflateRatio <= entry.compressedBytes
                                    : entry.bytes == entry.compressedBytes;
    if (!plausible)
      return fail(fmt::format("{}: impossible size {}", entry.name, entry.bytes));
    return entry;
  }

  Failure fail(std::string_view why) const { return {fmt::format("{}: {}", label, why)}; }

private:
  Result<Directory> read(size_t end) const {
    if (load<uint16_t>(archive, end + 4) != 0 || load<uint16_t>(archive, end + 6) != 0)
      return fail("archive in several parts");
    Directory found{load<uint32_t>(archive, end + 16), load<uint32_t>(archive, end + 12),
                    load<uint16_t>(archive, end + 10)};
    bool wide =
        end >= locatorBytes && load<uint32_t>(archive, end - locatorBytes) == locatorSignature;
    uint64_t limit = end;
    if (wide) {
      auto at = load<uint64_t>(archive, end - locatorBytes + 8);
      if (!fits(archive.first(end), at, end64Bytes) ||
          load<uint32_t>(archive, at) != end64Signature)
        return fail("damaged zip64 directory");
      found = {load<uint64_t>(archive, at + 48), load<uint64_t>(archive, at + 40),
               load<uint64_t>(archive, at + 32)};
      limit = at;
    }
    if (!fits(archive.first(limit), found.offset, found.bytes) ||
        found.count > found.bytes / centralBytes)
      return fail("damaged directory");
    return found;
  }

  /// Takes 64-bit values from the zip64 extra field for those that are all ones; they follow in
  /// this order.
  static bool widen(std::span<const std::byte> extra, ZipEntry &entry, uint64_t &local) {
    uint64_t *narrow[] = {&entry.bytes, &entry.compressedBytes, &local};
    auto saturated = [](const uint64_t *value) { return *value == UINT32_MAX; };
    if (std::ranges::none_of(narrow, saturated))
      return true;
    while (extra.size() >= 4) {
      size_t size = load<uint16_t>(extra, 2);
      if (extra.size() - 4 < size)
        return false;
      if (load<uint16_t>(extra, 0) == zip64Field) {
        auto field = extra.subspan(4, size);
        for (uint64_t *value : narrow) {
          if (!saturated(value))
            continue;
          if (field.size() < 8)
            return false;
          *value = load<uint64_t>(field, 0);
          field = field.subspan(8);
        }
        return true;
      }
      extra = extra.subspan(4 + size);
    }
    // A member may really have these 2^32 - 1 bytes; the checks against the archive's size decide.
    return true;
  }

  std::span<const std::byte> archive;
  std::string_view label;
};

/// Zlib counts in 32 bits; larger data goes through in pieces.
uint32_t crcOf(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size()));
}

/// Inflates a raw stream into exactly `out`; false if it does not end just there.
bool inflateAll(std::span<const std::byte> in, std::span<std::byte> out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  int code = Z_OK;
  constexpr size_t piece = 1u << 30;
  std::byte beyond;
  size_t made = 0;
  while (code == Z_OK) {
    size_t give = std::min(in.size(), piece);
    size_t room = std::min(out.size() - made, piece);
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(in.data()));
    stream.avail_in = static_cast<uInt>(give);
    // Once full, offer one more byte: a stream that is longer than declared then betrays itself.
    stream.next_out = reinterpret_cast<Bytef *>(room ? out.data() + made : &beyond);
    stream.avail_out = static_cast<uInt>(room ? room : 1);
    uInt offered = stream.avail_out;
    code = inflate(&stream, Z_NO_FLUSH);
    in = in.subspan(give - stream.avail_in);
    if (room)
      made += offered - stream.avail_out;
    else if (stream.avail_out == 0)
      code = Z_DATA_ERROR;
    if (code == Z_BUF_ERROR || (code == Z_OK && give == 0 && offered == stream.avail_out))
      break;
  }
  inflateEnd(&stream);
  return code == Z_STREAM_END && made == out.size() && in.empty();
}

} // namespace

Result<ZipArchive> ZipArchive::open(std::span<const std::byte> archive, std::string_view name) {
  DirectoryReader reader(archive, name);
  Result<Directory> directory = reader.locate();
  if (!directory)
    return directory.failure();
  ZipArchive result;
  result.archive = archive;
  result.label = name;
  result.members.reserve(directory->count);
  uint64_t at = directory->offset;
  for (uint64_t i = 0; i < directory->count; ++i) {
    Result<ZipEntry> entry = reader.member(at, directory->offset + directory->bytes);
    if (!entry)
      return entry.failure();
    result.members.push_back(std::move(*entry));
  }

  std::vector<const ZipEntry *> order;
  order.reserve(result.members.size());
  for (const ZipEntry &entry : result.members)
    order.push_back(&entry);
  std::ranges::sort(order, {}, &ZipEntry::name);
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->name == order[i]->name)
      return reader.fail(fmt::format("{}: twice in the archive", order[i]->name));
  std::ranges::sort(order, {}, &ZipEntry::dataOffset);
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->dataOffset + order[i - 1]->compressedBytes + localBytes >
        order[i]->dataOffset)
      return reader.fail(fmt::format("{}: overlaps {}", order[i]->name, order[i - 1]->name));
  return result;
}

const ZipEntry *ZipArchive::find(std::string_view name) const {
  auto found = std::ranges::find(members, name, &ZipEntry::name);
  return found == members.end() ? nullptr : &*found;
}

Result<std::vector<std::byte>> ZipArchive::read(const ZipEntry &entry) const {
  std::span<const std::byte> data = dataOf(entry);
  std::vector<std::byte> bytes;
  if (entry.deflated) {
    bytes.resize(entry.bytes);
    if (!inflateAll(data, bytes))
      return Failure{fmt::format("{}: {}: damaged deflate stream", label, entry.name)};
  } else {
    bytes.assign(data.begin(), data.end());
  }
  if (Status whole = check(entry, bytes); !whole)
    return whole.failure();
  return bytes;
}

Result<std::span<const std::byte>> ZipArchive::stored(const ZipEntry &entry) const {
  if (Status whole = check(entry, dataOf(entry)); !whole)
    return whole.failure();
  return dataOf(entry);
}

std::span<const std::byte> ZipArchive::dataOf(const ZipEntry &entry) const {
  return archive.subspan(entry.dataOffset, entry.compressedBytes);
}

Status ZipArchive::check(const ZipEntry &entry, std::span<const std::byte> bytes) const {
  if (crcOf(bytes) == entry.crc)
    return success();
  return Failure{fmt::format("{}: {}: damaged: its checksum differs", label, entry.name)};
}

} // namespace quern::runtime
