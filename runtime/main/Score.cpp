#include "runtime/main/Score.h"

#include "runtime/DType.h"
#include "runtime/Element.h"
#include "runtime/formats/File.h"
#include "runtime/main/ArrayFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quern::runtime {
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
  Result<std::vector<std::byte>> content = readContent(file, 0);
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
    double value = numberAt(array.dtype, array.data.data() + at);
    if (value < 0 || value >= static_cast<double>(classes))
      return Failure{fmt::format("{}: row {} is of class {:.0f}, but there are {}", argument,
                                 expected.size(), value, classes)};
    expected.push_back(static_cast<int64_t>(value));
  }
  return expected;
}

Score scoreOf(const std::vector<int64_t> &expected, const AlignedBytes &output) {
  std::span numbers(reinterpret_cast<const float *>(output.data()), output.size() / sizeof(float));
  size_t classes = numbers.size() / expected.size();
  Score score{0, expected.size()};
  for (size_t row = 0; row < expected.size(); ++row) {
    auto scores = numbers.subspan(row * classes, classes);
    // No number is the best of a row with one that is none.
    bool isScored = std::ranges::none_of(scores, [](float value) { return std::isnan(value); });
    auto best = std::ranges::max_element(scores) - scores.begin();
    score.right += isScored && best == expected[row];
  }
  return score;
}

} // namespace quern::runtime
