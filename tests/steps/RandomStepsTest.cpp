// Random models: what steps give is what the full pass gives, whatever comes before the first
// position.
#include "tests/steps/Chunks.h"
#include "tests/steps/RandomModel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

namespace quern::tests {
namespace {

class RandomSteps : public testing::TestWithParam<uint32_t> {};

TEST_P(RandomSteps, AgreeWithTheFullPass) {
  std::string text = randomCausalModel(GetParam());
  SCOPED_TRACE(text);
  std::string path = fmt::format("{}quern-random-{}.qn", testing::TempDir(), GetParam());
  std::ofstream(path) << text;
  StepModel made(StepSource{"random", path});
  std::remove(path.c_str());
  ASSERT_TRUE(made.model);
  quern_context *context = made.context(2);
  std::mt19937 random(GetParam());
  for (uint64_t most : {uint64_t{1}, uint64_t{4}}) {
    std::vector<Tensor> inputs = made.inputs(random);
    double error =
        difference(inChunks(made, context, inputs, most, random), made.fullPass(context, inputs));
    EXPECT_TRUE(error <= 1e-5) << "in steps of up to " << most << ": " << error;
  }
  made.api.destroy(context);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSteps, testing::Range(0U, 40U));

} // namespace
} // namespace quern::tests
