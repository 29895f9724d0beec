#include "runtime/formats/Npy.h"

#include "runtime/DType.h"
#include "runtime/formats/File.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace quern::runtime {

namespace {

constexpr std::string_view magic{"\x93NUMPY", 6};
// NumPy itself refuses headers beyond 10000 characters unless told otherwise; we need no more than
// a few hundred.
constexpr size_t maxHeader = 1 << 16;
constexpr size_t maxRank = 64;

struct NpyType {
  std::string_view code;
  quern_dtype dtype;
};
constexpr NpyType npyTypes[] = {
    {"f4", QUERN_F32}, {"f8", QUERN_F64}, {"f2", QUERN_F16}, {"i1", QUERN_I8},
    {"i2", QUERN_I16}, {"i4", QUERN_I32}, {"i8", QUERN_I64}, {"u1", QUERN_U8},
    {"u2", QUERN_U16}, {"u4", QUERN_U32}, {"u8", QUERN_U64}, {"b1", QUERN_BOOL},
};

struct Header {
  std::string_view descr;
  std::optional<bool> fortran;
  std::optional<std::vector<int64_t>> shape;
};

/// Reads the header, a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderReader {
public:
  explicit HeaderReader(std::string_view text) : text(text) {}

  /// False for anything but a dictionary with just these three keys.
  bool read(Header &header) {
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string_view key;
      if (!string(key) || !take(':'))
        return false;
      if (key == "descr"           ? !string(header.descr)
          : key == "fortran_order" ? !boolean(header.fortran)
          : key == "shape"         ? !tuple(header.shape)
                                   : true)
        return false;
      if (!take(',') && !peek('}'))
        return false;
    }
    skipSpace();
    return at == text.size() && !header.descr.empty() && header.fortran && header.shape;
  }

private:
  void skipSpace() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'))
      ++at;
  }
  bool peek(char c) {
    skipSpace();
    return at < text.size() && text[at] == c;
  }
  bool take(char c) {
    bool found = peek(c);
    at += found ? 1 : 0;
    return found;
  }
  bool string(std::string_view &value) {
    skipSpace();
    if (!peek('\'') && !peek('"'))
      return false;
    size_t end = text.find(text[at], at + 1);
    if (end == std::string_view::npos)
      return false;
    value = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return true;
  }
  bool boolean(std::optional<bool> &value) {
    skipSpace();
    for (bool candidate : {false, true}) {
      std::string_view word = candidate ? "True" : "False";
      if (text.substr(at).starts_with(word)) {
        at += word.size();
        value = candidate;
        return true;
      }
    }
    return false;
  }
  bool tuple(std::optional<std::vector<int64_t>> &value) {
    if (!take('('))
      return false;
    value.emplace();
    while (!take(')')) {
      skipSpace();
      int64_t extent = 0;
      auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), extent);
      if (error != std::errc() || extent < 0 || value->size() == maxRank)
        return false;
      at = static_cast<size_t>(end - text.data());
      value->push_back(extent);
      if (!take(',') && !peek(')'))
        return false;
    }
    return true;
  }

  std::string_view text;
  size_t at = 0;
};

} // namespace

Result<uint64_t> arrayBytes(quern_dtype dtype, std::span<const int64_t> shape) {
  constexpr uint64_t limit = uint64_t{1} << 62;
  // A zero extent makes the product 0, but must not hide an absurd one after it.
  bool empty = false;
  uint64_t bytes = dtypeBytes(dtype);
  for (int64_t extent : shape) {
    if (extent < 0)
      return Failure{fmt::format("negative extent in shape {}", shapeText(shape))};
    if (extent == 0)
      empty = true;
    else if (bytes > limit / static_cast<uint64_t>(extent))
      return Failure{fmt::format("shape {} is too large", shapeText(shape))};
    else
      bytes *= static_cast<uint64_t>(extent);
  }
  return empty ? 0 : bytes;
}

std::string shapeText(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<ArrayView> parseNpy(std::span<const std::byte> file, std::string_view name) {
  std::string_view text(reinterpret_cast<const char *>(file.data()), file.size());
  auto fail = [&](std::string why) { return Failure{fmt::format("{}: {}", name, why)}; };
  auto byteAt = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(text[at])); };
  if (!text.starts_with(magic))
    return fail("not a .npy file");
  if (text.size() < 10)
    return fail("truncated .npy header");
  size_t major = byteAt(6);
  if (major < 1 || major > 3)
    return fail(fmt::format("unknown .npy version {}", major));
  size_t start = major == 1 ? 10 : 12;
  if (text.size() < start)
    return fail("truncated .npy header");
  size_t length = byteAt(8) | byteAt(9) << 8;
  if (major > 1)
    length |= byteAt(10) << 16 | byteAt(11) << 24;
  if (length > maxHeader || length > text.size() - start)
    return fail("truncated .npy header");

  Header header;
  if (!HeaderReader(text.substr(start, length)).read(header))
    return fail("malformed .npy header, or an array of structures");
  char order = header.descr.front();
  std::string_view code = header.descr.substr(1);
  const NpyType *type = std::ranges::find(npyTypes, code, &NpyType::code);
  if (type == std::end(npyTypes) || std::string_view("<>=|").find(order) == std::string_view::npos)
    return fail(fmt::format("unsupported element type '{}'", header.descr));
  if (order == '>' && dtypeBytes(type->dtype) > 1)
    return fail(fmt::format("big-endian data ('{}'); save it as '<{}'", header.descr, code));
  auto longAxes = std::ranges::count_if(*header.shape, [](int64_t extent) { return extent > 1; });
  if (*header.fortran && longAxes > 1)
    return fail("array in Fortran order; save numpy.ascontiguousarray(a)");

  Result<uint64_t> expected = arrayBytes(type->dtype, *header.shape);
  if (!expected)
    return fail(expected.error());
  std::span<const std::byte> data = file.subspan(start + length);
  if (data.size() != *expected)
    return fail(fmt::format("{} data: {} bytes where shape {} of {} takes {}",
                            data.size() < *expected ? "truncated" : "surplus", data.size(),
                            shapeText(*header.shape), dtypeName(type->dtype), *expected));
  return ArrayView{type->dtype, *header.shape, data};
}

Result<Array> readNpy(const std::string &path) {
  Result<std::vector<std::byte>> file = readBytes(path);
  if (!file)
    return file.failure();
  Result<ArrayView> view = parseNpy(*file, path);
  if (!view)
    return view.failure();
  return Array{view->dtype, view->shape, {view->data.begin(), view->data.end()}};
}

Result<std::vector<std::byte>> npyHeader(quern_dtype dtype, std::span<const int64_t> shape) {
  const NpyType *type = std::ranges::find(npyTypes, dtype, &NpyType::dtype);
  if (type == std::end(npyTypes))
    return Failure{fmt::format("NumPy has no type for {}", dtypeName(dtype))};
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 dtypeBytes(dtype) == 1 ? '|' : '<', type->code,
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr size_t prefix = 10;
  size_t total = (prefix + text.size() + 1 + 63) / 64 * 64;
  text.resize(total - prefix - 1, ' ');
  text += '\n';
  if (text.size() > UINT16_MAX)
    return Failure{"shape has too many axes for a .npy file"};
  std::string head(magic);
  head +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  head += text;
  std::vector<std::byte> bytes(head.size());
  std::memcpy(bytes.data(), head.data(), head.size());
  return bytes;
}

Status writeNpy(const std::string &path, const ArrayView &array) {
  Result<std::vector<std::byte>> header = npyHeader(array.dtype, array.shape);
  if (!header)
    return Failure{fmt::format("{}: {}", path, header.error())};
  std::span<const std::byte> parts[] = {*header, array.data};
  return writeBytes(path, parts);
}

} // namespace quern::runtime
