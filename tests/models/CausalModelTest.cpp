// Each causal model of models/, in the cases of goldens/causal/models.json, compiled and run as a
// user would, against what its reference in PyTorch answered (by models/record_causal_goldens.py).
#include "runtime/formats/Npy.h"
#include "tests/models/CompiledModel.h"
#include "tests/models/SyntheticWeights.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>

namespace quern::tests {
namespace {

/// Relative to the largest expected value. PyTorch itself is 2e-5 off in single precision for
/// PixelSNAIL, 4e-6 at most for the others.
constexpr double tolerance = 5e-5;

const std::string goldens = QUERN_SOURCE_DIR "/tests/models/goldens/causal/";

struct CausalInput {
  std::string name;
  std::vector<int64_t> shape;
  /// Above 0: whole numbers below it.
  int32_t levels;
};

/// What an output position tells of; see models/references/case.py.
struct CausalContract {
  std::vector<size_t> axes, outputAxes;
  bool isStrict = false;
  /// Of the distribution; 0 if it is none of levels.
  int64_t levels = 0;
  /// It is a mixture, of which a sample takes the means, rounded to levels.
  bool isMixture = false;
  /// The first positions of a sample that were not chosen.
  int64_t given = 0;
};

struct CausalCase {
  std::string name, model;
  std::vector<std::string> settings;
  std::vector<CausalInput> inputs;
  CausalContract contract;
};

std::vector<CausalCase> readCases() {
  std::ifstream file(goldens + "models.json");
  std::vector<CausalCase> cases;
  for (const auto &entry : nlohmann::json::parse(file)) {
    CausalCase &row = cases.emplace_back();
    row.name = entry["name"];
    row.model = entry["model"];
    // A list is written alike in both languages; a name is no string in ours.
    for (const auto &[name, value] : entry["settings"].items())
      row.settings.push_back(
          fmt::format("{}={}", name, value.is_string() ? value.get<std::string>() : value.dump()));
    for (const auto &input : entry["inputs"])
      row.inputs.push_back({input["name"], input["shape"], input["levels"]});
    const auto &contract = entry["contract"];
    row.contract = {contract["axes"],   contract["output_axes"], contract["strict"],
                    contract["levels"], contract["is_mixture"],  contract["given"]};
  }
  return cases;
}

/// Writes the input that the case was recorded with.
void writeInput(const CausalInput &input, const std::string &path) {
  if (input.levels == 0)
    return writeValues(path, {input.shape, syntheticTensor(input.name, input.shape)});
  std::vector<int32_t> symbols = syntheticSymbols(input.name, input.shape, input.levels);
  auto written =
      runtime::writeNpy(path, {QUERN_I32, input.shape, std::as_bytes(std::span(symbols))});
  ASSERT_TRUE(written) << written.error();
}

class CausalGolden : public testing::TestWithParam<CausalCase> {};

TEST_P(CausalGolden, FullPassAgreesWithTorch) {
  const CausalCase &row = GetParam();
  CompiledModel model(row.model,
                      {.batch = row.inputs.front().shape.front(), .settings = row.settings});
  ASSERT_FALSE(HasFailure());
  TemporaryFolder folder;
  std::vector<std::string> files;
  for (const CausalInput &input : row.inputs)
    writeInput(input, files.emplace_back(folder.file(input.name + ".npy")));
  Values expected = readValues(goldens + row.name + ".npy");
  for (int threads : {1, 2}) {
    Values actual = model.runFiles(files, threads);
    EXPECT_EQ(actual.shape, expected.shape);
    EXPECT_LE(relativeError(actual.data, expected.data), tolerance)
        << "with " << threads << " threads";
  }
}

/// Row-major, in elements.
std::vector<int64_t> stridesOf(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size() - 1; i > 0; --i)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// The extents of the ordered axes of an input.
std::vector<int64_t> placesOf(const CausalContract &contract, const std::vector<int64_t> &shape) {
  std::vector<int64_t> places;
  for (size_t axis : contract.axes)
    places.push_back(shape[axis]);
  return places;
}

/// Where position number `position`, row-major, begins in a tensor of which `axes` are ordered.
size_t offsetOf(int64_t position, const std::vector<int64_t> &places,
                const std::vector<size_t> &axes, const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides = stridesOf(shape);
  int64_t offset = 0;
  for (size_t i = places.size(); i-- > 0;) {
    offset += position % places[i] * (shape[axes[i]] / places[i]) * strides[axes[i]];
    position /= places[i];
  }
  return static_cast<size_t>(offset);
}

/// How the logits of one position lie: along the axis that is not ordered, or along an ordered one
/// that is longer than the input's.
struct Logits {
  size_t count = 1, stride = 0;
};

Logits logitsOf(const CausalContract &contract, const std::vector<int64_t> &places,
                const std::vector<int64_t> &shape) {
  Logits logits;
  for (size_t axis = 1; axis < shape.size(); ++axis) {
    auto ordered = std::find(contract.outputAxes.begin(), contract.outputAxes.end(), axis);
    int64_t extent = ordered == contract.outputAxes.end()
                         ? 1
                         : places[static_cast<size_t>(ordered - contract.outputAxes.begin())];
    if (shape[axis] > extent)
      logits = {static_cast<size_t>(shape[axis] / extent),
                static_cast<size_t>(stridesOf(shape)[axis])};
  }
  return logits;
}

/// The likeliest level; one logit alone is that of the second of two.
int64_t likeliest(const float *first, Logits logits) {
  if (logits.count == 1)
    return *first > 0 ? 1 : 0;
  size_t best = 0;
  for (size_t level = 1; level < logits.count; ++level)
    if (first[level * logits.stride] > first[best * logits.stride])
      best = level;
  return static_cast<int64_t>(best);
}

/// An .npy file of i32 levels, or of f32 that stand for them in [0, 1].
std::vector<int64_t> readLevels(const std::string &path, int64_t levels) {
  auto array = runtime::readNpy(path);
  if (!array) {
    ADD_FAILURE() << array.error();
    return {};
  }
  std::vector<int64_t> result;
  for (size_t at = 0; at < array->data.size(); at += 4) {
    int32_t whole;
    float part;
    std::memcpy(&whole, &array->data[at], 4);
    std::memcpy(&part, &array->data[at], 4);
    result.push_back(
        array->dtype == QUERN_I32 ? whole : std::lround(part * static_cast<float>(levels - 1)));
  }
  return result;
}

/// The first elements of a sample, position by position.
std::string promptOf(const CausalCase &row, const std::string &sample, const std::string &path) {
  auto array = runtime::readNpy(sample);
  std::vector<int64_t> places = placesOf(row.contract, row.inputs.front().shape);
  auto batch = static_cast<size_t>(row.inputs.front().shape.front());
  std::ofstream file(path, std::ios::binary);
  for (int64_t position = 0; array && position < row.contract.given; ++position)
    for (size_t n = 0; n < batch; ++n) {
      size_t at = n * array->data.size() / batch +
                  4 * offsetOf(position, places, row.contract.axes, row.inputs.front().shape);
      file.write(reinterpret_cast<const char *>(&array->data.at(at)), 4);
    }
  return path;
}

/// The step programs choose, position by position, what the naive sampler of the reference chose.
void expectSample(const CausalCase &row, const CompiledModel &model, const std::string &greedy) {
  const std::vector<int64_t> &shape = row.inputs.front().shape;
  TemporaryFolder folder;
  std::vector<int64_t> places = placesOf(row.contract, shape);
  int64_t positions = std::accumulate(places.begin(), places.end(), int64_t{1}, std::multiplies());
  // Of images whole samples are asked for, else positions.
  int64_t count = places.size() > 1 ? shape.front() : positions - row.contract.given;
  std::vector<std::string> arguments = {"--sample", std::to_string(count),    "--temperature", "0",
                                        "--output", folder.file("sample.npy")};
  if (row.contract.given > 0)
    arguments.insert(arguments.end(), {"--prompt", promptOf(row, greedy, folder.file("prompt"))});
  for (size_t i = 1; i < row.inputs.size(); ++i)
    writeInput(row.inputs[i], arguments.emplace_back(folder.file(row.inputs[i].name + ".npy")));
  ProgramResult result = model.run(arguments);
  ASSERT_EQ(result.exitCode, 0) << result.errors;
  if (row.contract.isMixture) {
    Values drawn = readValues(folder.file("sample.npy")), expected = readValues(greedy);
    EXPECT_EQ(drawn.shape, expected.shape);
    EXPECT_LE(relativeError(drawn.data, expected.data), tolerance);
    return;
  }
  EXPECT_EQ(readLevels(folder.file("sample.npy"), row.contract.levels),
            readLevels(greedy, row.contract.levels));
}

// The naive sampler of the reference chose, position by position, what our full pass of the whole
// choice finds likeliest everywhere (of a mixture it is told by the sample alone); and what our
// step programs choose.
TEST_P(CausalGolden, ChoosesWhatTheNaiveSamplerChose) {
  const CausalCase &row = GetParam();
  const CausalContract &contract = row.contract;
  if (contract.levels == 0)
    GTEST_SKIP() << "there is no distribution";
  const std::vector<int64_t> &shape = row.inputs.front().shape;
  std::string greedy = goldens + row.name + ".greedy.npy";
  CompiledModel model(row.model, {.batch = shape.front(), .settings = row.settings});
  ASSERT_FALSE(HasFailure());
  if (contract.isMixture)
    return expectSample(row, model, greedy);
  TemporaryFolder folder;
  std::vector<std::string> files = {greedy};
  for (size_t i = 1; i < row.inputs.size(); ++i)
    writeInput(row.inputs[i], files.emplace_back(folder.file(row.inputs[i].name + ".npy")));
  Values output = model.runFiles(files);
  ASSERT_FALSE(HasFailure());
  std::vector<int64_t> expected = readLevels(greedy, contract.levels);
  std::vector<int64_t> places = placesOf(contract, shape);
  Logits logits = logitsOf(contract, places, output.shape);
  auto batch = static_cast<size_t>(shape.front());
  int64_t positions = std::accumulate(places.begin(), places.end(), int64_t{1}, std::multiplies());
  for (size_t n = 0; n < batch; ++n)
    for (int64_t position = contract.given; position < positions; ++position) {
      int64_t teller = contract.isStrict ? position : position - 1;
      size_t told = n * (output.data.size() / batch) +
                    offsetOf(teller, places, contract.outputAxes, output.shape);
      size_t here =
          n * (expected.size() / batch) + offsetOf(position, places, contract.axes, shape);
      EXPECT_EQ(likeliest(&output.data.at(told), logits), expected.at(here))
          << "sample " << n << ", position " << position;
    }
  expectSample(row, model, greedy);
}

INSTANTIATE_TEST_SUITE_P(Models, CausalGolden, testing::ValuesIn(readCases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace quern::tests
