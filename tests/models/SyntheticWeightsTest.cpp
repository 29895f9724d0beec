// The rule in C++ against values that the rule in Python gave (goldens/rule.json, by
// models/record_goldens.py).
#include "tests/models/SyntheticWeights.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace quern::tests {
namespace {

TEST(SyntheticWeights, AgreeWithThePythonScript) {
  std::ifstream file(QUERN_SOURCE_DIR "/tests/models/goldens/rule.json");
  nlohmann::json fixture = nlohmann::json::parse(file);
  ASSERT_GT(fixture.size(), 10U);
  for (const auto &entry : fixture) {
    auto name = entry["name"].get<std::string>();
    auto shape = entry["shape"].get<std::vector<int64_t>>();
    auto index = entry["index"].get<int64_t>();
    if (entry.contains("levels")) {
      auto symbols = syntheticSymbols(name, shape, entry["levels"].get<int32_t>());
      EXPECT_EQ(symbols.at(static_cast<size_t>(index)), entry["value"].get<int32_t>()) << entry;
      continue;
    }
    std::vector<float> all = syntheticTensor(name, shape);
    EXPECT_EQ(all.at(static_cast<size_t>(index)), entry["value"].get<float>()) << entry;
    EXPECT_EQ(syntheticTensor(name, shape, index, index + 1).front(),
              all[static_cast<size_t>(index)]);
  }
}

TEST(SyntheticWeights, ReadsTheParametersOfInspect) {
  auto parameters = readParameters(
      R"({"parameters": [{"name": "fc.weight", "shape": [10, 7], "dtype": "f32"}]})");
  ASSERT_TRUE(parameters) << parameters.error();
  ASSERT_EQ(parameters->size(), 1U);
  EXPECT_EQ(parameters->front().name, "fc.weight");
  EXPECT_EQ(parameters->front().shape, (std::vector<int64_t>{10, 7}));
  EXPECT_FALSE(readParameters("[]"));
  EXPECT_FALSE(readParameters(R"({"parameters": [{"name": "fc.weight"}]})"));
}

TEST(SyntheticWeights, WriteAFileOfTheSizeTheyHave) {
  std::string path = testing::TempDir() + "synthetic.safetensors";
  auto written = writeSyntheticWeights({{"a.weight", {16, 4}}, {"a.bias", {16}}}, path);
  ASSERT_TRUE(written) << written.error();
  EXPECT_GE(std::filesystem::file_size(path), 80 * sizeof(float));
  std::filesystem::remove(path);
}

} // namespace
} // namespace quern::tests
