#include "runtime/main/Score.h"

#include "runtime/DType.h"
#include "runtime/formats/File.h"
#include "runtime/main/ArrayFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace quern::runtime {
namespace {

/// Little-endian, with its sign.
int64_t integerAt(quern_dtype dtype, const std::byte *place) {
  auto as = [&](auto value) {
    std::memcpy(&value, place, sizeof value);
    return static_cast<int64_t>(value);
  };
  switch (dtype) {
  case QUERN_I8:
    return as(int8_t{});
  case QUERN_I16:
    return as(int16_t{});
  case QUERN_I32:
    return as(int32_t{});
  case QUERN_I64:
    return as(int64_t{});
  case QUERN_U16:
    return as(uint16_t{});
  case QUERN_U32:
    return as(uint32_t{});
  case QUERN_U64:
    return as(uint64_t{});
  default:
    return as(uint8_t{});
  }
}

} // namespace

std::string Score::text() const {
  return fmt::format("{} of {} as expected, {:.2f} %", right, rows,
                     100 * static_cast<double>(right) / static_cast<double>(rows));
}

Result<std::vector<int64_t>> readExpected(const Signature &signature, const std::string &argument) {
  const Port &output = signature.outputs.front();
  if (output.dtype != QUERN_F32 || output.shape.size() != 2)
    return Failure{fmt::format("--expect needs an output of f32 with a row for each input and a "
                               "number for each class; '{}' is {}",
                               output.name, output.typeText())};
  ArrayFile file(argument);
  Result<std::vector<std::byte>> content = readBytes(file.path);
  if (!content)
    return content.failure();
  if (!holdsArrays(*content))
    return Failure{fmt::format("{}: neither .npy nor .npz", file.path)};
  Result<FoundArray> found = findArray(file, *content, output.name);
  if (!found)
    return found.failure();
  const ArrayView &array = found->view;
  int64_t rows = output.shape[0], classes = output.shape[1];
  if (array.dtype < QUERN_I8 || array.dtype == QUERN_BOOL ||
      array.shape != std::vector<int64_t>{rows})
    return Failure{fmt::format("{}: expected [{}] integers, one for each row of '{}', found {}{}",
                               argument, rows, output.name, dtypeName(array.dtype),
                               shapeText(array.shape))};
  std::vector<int64_t> expected;
  size_t each = dtypeBytes(array.dtype);
  for (size_t at = 0; at < array.data.size(); at += each) {
    expected.push_back(integerAt(array.dtype, array.data.data() + at));
    if (expected.back() < 0 || expected.back() >= classes)
      return Failure{fmt::format("{}: row {} is of class {}, but there are {}", argument,
                                 expected.size() - 1, expected.back(), classes)};
  }
  return expected;
}

Score scoreOf(const std::vector<int64_t> &expected, const AlignedBytes &output) {
  std::span numbers(reinterpret_cast<const float *>(output.data()), output.size() / sizeof(float));
  size_t classes = numbers.size() / expected.size();
  Score score{0, expected.size()};
  for (size_t row = 0; row < expected.size(); ++row) {
    auto scores = numbers.subspan(row * classes, classes);
    auto best = std::ranges::max_element(scores) - scores.begin();
    score.right += best == expected[row];
  }
  return score;
}

} // namespace quern::runtime
