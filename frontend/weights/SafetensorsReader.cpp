#include "frontend/weights/ElementTypes.h"
#include "frontend/weights/Safetensors.h"

#include "llvm/Support/Endian.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace quern::frontend::weights {

namespace {

constexpr size_t lengthBytes = 8;
constexpr uint64_t longestHeader = 100'000'000; // the reference implementation's limit
constexpr size_t largestRank = 64;

// What the header says of one tensor.
struct Entry {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<uint64_t> offsets; // begin and end, from the first byte behind the header
  std::set<std::string> fields;  // those seen
};

// Takes the header as the parser finds its parts, so that nothing is built but the entries,
// repeated keys are seen, and depth costs nothing.
class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
public:
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string message;

  bool null() override { return unexpected("null"); }
  bool boolean(bool /*value*/) override { return unexpected("a bool"); }
  bool number_integer(number_integer_t value) override {
    return unexpected(fmt::format("{}", value));
  }
  bool number_float(number_float_t /*value*/, const string_t &text) override {
    return unexpected(text);
  }
  bool binary(binary_t & /*value*/) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place == Place::Offsets && entries.back().offsets.size() < 2) {
      entries.back().offsets.push_back(value);
      return true;
    }
    if (place != Place::Shape)
      return unexpected(fmt::format("{}", value));
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return fail("{}: a size of {}", where(), value);
    if (entries.back().shape.size() == largestRank)
      return fail("{}: more than {} axes", where(), largestRank);
    entries.back().shape.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool string(string_t &value) override {
    if (place == Place::Metadata) {
      metadata[currentKey] = value;
      return true;
    }
    if (place != Place::Tensor || currentKey != "dtype")
      return unexpected("a text");
    entries.back().dtype = value;
    return true;
  }

  bool start_object(std::size_t /*count*/) override {
    if (place == Place::Outside)
      place = Place::Header;
    else if (place == Place::Header && currentKey == "__metadata__")
      place = Place::Metadata;
    else if (place == Place::Header)
      place = Place::Tensor;
    else
      return unexpected("an object");
    if (place == Place::Tensor)
      entries.push_back(
          {.name = currentKey, .dtype = {}, .shape = {}, .offsets = {}, .fields = {}});
    return true;
  }

  bool key(string_t &value) override {
    currentKey = value;
    if (place == Place::Header && !names.insert(value).second)
      return fail("the key {:?} comes twice", value);
    if (place == Place::Metadata && metadata.contains(value))
      return fail("the key {:?} of __metadata__ comes twice", value);
    if (place == Place::Tensor) {
      if (value != "dtype" && value != "shape" && value != "data_offsets")
        return fail("{}: unknown field {:?}", where(), value);
      if (!entries.back().fields.insert(value).second)
        return fail("{}: the field {:?} comes twice", where(), value);
    }
    return true;
  }

  bool end_object() override {
    if (place == Place::Tensor && entries.back().fields.size() != 3)
      return fail("{}: dtype, shape and data_offsets are needed", where());
    place = place == Place::Header ? Place::Outside : Place::Header;
    return true;
  }

  bool start_array(std::size_t /*count*/) override {
    if (place == Place::Tensor && currentKey == "shape")
      place = Place::Shape;
    else if (place == Place::Tensor && currentKey == "data_offsets")
      place = Place::Offsets;
    else
      return unexpected("a list");
    return true;
  }

  bool end_array() override {
    if (place == Place::Offsets && entries.back().offsets.size() != 2)
      return fail("{}: data_offsets is not a pair", where());
    place = Place::Tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string & /*token*/,
                   const nlohmann::json::exception &error) override {
    // The library's text: "[json.exception.parse_error.101] parse error at line 1, column 9: syntax
    // error while …".
    const std::string_view text = error.what();
    const size_t start = text.find("error while");
    return fail("JSON, at byte {}: {}", position,
                start == std::string_view::npos ? text : text.substr(start));
  }

private:
  enum class Place : uint8_t { Outside, Header, Metadata, Tensor, Shape, Offsets };

  template <typename... Args> bool fail(fmt::format_string<Args...> format, Args &&...args) {
    message = fmt::format(format, std::forward<Args>(args)...);
    return false;
  }

  std::string where() const { return fmt::format("tensor {:?}", entries.back().name); }

  bool unexpected(std::string_view what) {
    switch (place) {
    case Place::Outside:
      return fail("the header is {}, not an object", what);
    case Place::Header:
      return fail("{:?} is {}, not an object", currentKey, what);
    case Place::Metadata:
      return fail("{:?} in __metadata__ is {}, not a text", currentKey, what);
    default:
      return fail("{}: {} in {}", where(), what, currentKey);
    }
  }

  Place place = Place::Outside;
  std::string currentKey;
  std::set<std::string> names;
};

Failure fail(std::string text) { return {std::move(text)}; }

// Adds the entries to the store after checking them against each other and against the data.
Status addEntries(std::vector<Entry> &entries, const Blob &data, WeightStore &store) {
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return a.offsets != b.offsets ? a.offsets < b.offsets : a.name < b.name;
  });
  uint64_t expected = 0;
  for (Entry &entry : entries) {
    const std::optional<quern_dtype> dtype = dtypeFromSafetensors(entry.dtype);
    if (!dtype)
      return fail(
          fmt::format("tensor {:?}: the type {:?} is not supported", entry.name, entry.dtype));
    const uint64_t begin = entry.offsets[0];
    const uint64_t end = entry.offsets[1];
    if (begin > end || end > data.bytes.size())
      return fail(fmt::format(
          "tensor {:?}: the offsets {} to {} are not within the {} bytes of data{}", entry.name,
          begin, end, data.bytes.size(), end > begin ? "; is the file cut short?" : ""));
    if (begin != expected)
      return fail(fmt::format(
          "tensor {:?} {} before it: it begins at byte {} of the data, that one ends at {}",
          entry.name, begin < expected ? "overlaps the one" : "leaves a gap to the one", begin,
          expected));
    const Result<uint64_t> bytes = runtime::arrayBytes(*dtype, entry.shape);
    if (!bytes || *bytes != end - begin)
      return fail(fmt::format("tensor {:?}: {} {} does not fill the offsets {} to {}", entry.name,
                              runtime::dtypeName(*dtype), runtime::shapeText(entry.shape), begin,
                              end));
    expected = end;
    if (Status error = store.add({std::move(entry.name), *dtype, std::move(entry.shape),
                                  data.slice(begin, end - begin)});
        !error)
      return error.failure();
  }
  if (expected != data.bytes.size())
    return fail(fmt::format("{} bytes behind the last tensor belong to none",
                            data.bytes.size() - expected));
  return runtime::success();
}

} // namespace

bool looksLikeSafetensors(std::span<const std::byte> bytes) {
  return bytes.size() > lengthBytes && bytes[lengthBytes] == std::byte{'{'};
}

Result<WeightStore> readSafetensors(const Blob &file) {
  if (file.bytes.size() < lengthBytes)
    return fail("it is cut short: no header");
  const auto headerSize =
      llvm::support::endian::read<uint64_t, llvm::endianness::little>(file.bytes.data());
  if (headerSize > longestHeader)
    return fail(fmt::format("its header claims {} bytes, more than the {} allowed", headerSize,
                            longestHeader));
  if (headerSize > file.bytes.size() - lengthBytes)
    return fail(fmt::format("it is cut short: its header claims {} bytes, {} follow", headerSize,
                            file.bytes.size() - lengthBytes));

  HeaderHandler handler;
  const auto *text = reinterpret_cast<const char *>(file.bytes.data()) + lengthBytes;
  if (!nlohmann::json::sax_parse(text, text + headerSize, &handler))
    return fail("its header: " + handler.message);

  WeightStore store;
  store.format = "safetensors";
  store.metadata = std::move(handler.metadata);
  const size_t dataStart = lengthBytes + headerSize;
  if (Status error =
          addEntries(handler.entries, file.slice(dataStart, file.bytes.size() - dataStart), store);
      !error)
    return error.failure();
  return store;
}

} // namespace quern::frontend::weights
