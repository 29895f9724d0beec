// Each causal model of models/, in the cases of goldens/causal/models.json, compiled and run as a
// user would, against what its reference in PyTorch answered (by models/record_causal_goldens.py).
#include "runtime/formats/Npy.h"
#include "tests/models/CompiledModel.h"
#include "tests/models/SyntheticWeights.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

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

struct CausalCase {
  std::string name, model;
  std::vector<std::string> settings;
  std::vector<CausalInput> inputs;
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

INSTANTIATE_TEST_SUITE_P(Models, CausalGolden, testing::ValuesIn(readCases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace quern::tests
