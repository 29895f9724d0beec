// A sequence that is carried on step by step gives what the full pass gives, whatever the steps.
#include "tests/steps/Chunks.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace quern::tests {
namespace {

/// The models of the folder that are small enough to be run in full.
std::vector<std::string> modelNames() {
  std::vector<std::string> names;
  for (const auto &file :
       std::filesystem::directory_iterator(QUERN_SOURCE_DIR "/tests/steps/models"))
    if (std::string stem = file.path().stem().string(); !stem.ends_with("_large"))
      names.push_back(stem);
  std::sort(names.begin(), names.end());
  return names;
}

class Steps : public testing::TestWithParam<std::string> {};

TEST_P(Steps, AgreeWithTheFullPass) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  quern_context *context = made.context();
  std::mt19937 random(1);
  for (uint64_t most : {1, 5}) {
    std::vector<Tensor> inputs = made.inputs(random);
    Tensor expected = made.fullPass(context, inputs);
    double error = difference(inChunks(made, context, inputs, most, random), expected);
    EXPECT_TRUE(error <= 1e-5) << "in steps of up to " << most << ": " << error;
  }
  made.api.destroy(context);
}

TEST_P(Steps, ComputeEachElementOnce) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  EXPECT_GT(made.work().full, 0);
  EXPECT_EQ(made.work().steps, made.work().full + made.work().further);
}

INSTANTIATE_TEST_SUITE_P(Models, Steps, testing::ValuesIn(modelNames()),
                         [](const auto &info) { return info.param; });

} // namespace
} // namespace quern::tests
