#include "tests/weights/Fixtures.h"

#include "frontend/weights/ElementTypes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace quern::frontend::weights::tests {

namespace {

template <typename T> std::vector<double> numbersOf(std::span<const std::byte> bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  if (!bytes.empty())
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return {numbers.begin(), numbers.end()};
}

} // namespace

std::string fixture(const std::string &name) {
  return std::string(QUERN_SOURCE_DIR) + "/tests/weights/fixtures/" + name;
}

const std::vector<std::string> &goodFixtures() {
  static const std::vector<std::string> names = {
      "sample.safetensors", "sample.npz", "sample_deflated.npz", "legacy.pt",
      "legacy_nested.pt",   "zip.pt",     "zip_protocol4.pt",    "zip_deflated.pt"};
  return names;
}

std::vector<std::byte> bytesOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Blob heapBlob(std::span<const std::byte> bytes) {
  const NewBlob memory = allocateBlob(bytes.size());
  std::ranges::copy(bytes, memory.writable.begin());
  return memory.blob;
}

std::vector<double> elementsOf(const Weight &weight) {
  const std::span<const std::byte> bytes = weight.data.bytes;
  switch (weight.dtype) {
  case QUERN_F64:
    return numbersOf<double>(bytes);
  case QUERN_F32:
  case QUERN_F16:
  case QUERN_BF16: {
    std::vector<float> numbers(static_cast<size_t>(weight.elementCount()));
    convertToF32(weight.dtype, bytes, numbers);
    return {numbers.begin(), numbers.end()};
  }
  case QUERN_I8:
    return numbersOf<int8_t>(bytes);
  case QUERN_I16:
    return numbersOf<int16_t>(bytes);
  case QUERN_I32:
    return numbersOf<int32_t>(bytes);
  case QUERN_I64:
    return numbersOf<int64_t>(bytes);
  case QUERN_U8:
  case QUERN_BOOL:
    return numbersOf<uint8_t>(bytes);
  case QUERN_U16:
    return numbersOf<uint16_t>(bytes);
  case QUERN_U32:
    return numbersOf<uint32_t>(bytes);
  case QUERN_U64:
    return numbersOf<uint64_t>(bytes);
  }
  return {};
}

Weight makeWeight(std::string name, std::vector<int64_t> shape, const std::vector<float> &values) {
  return {std::move(name), QUERN_F32, std::move(shape), heapBlob(std::as_bytes(std::span(values)))};
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = testing::TempDir() + "quern-weights-XXXXXX";
  folder = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(folder); }

std::vector<std::string> TemporaryFolder::files() const {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

} // namespace quern::frontend::weights::tests
