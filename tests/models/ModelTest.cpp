// Each model of models/, compiled and run as a user would, against what PyTorch answered (goldens/,
// by models/record_goldens.py).
#include "tests/models/CompiledModel.h"
#include "tests/models/SyntheticWeights.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace quern::tests {
namespace {

/// Relative to the largest expected value.
constexpr double tolerance = 1e-4;

struct GoldenCase {
  std::string model;
  int64_t batch;
  std::string target = "host";
  /// So that both ways of keeping weights are tried, and VGG's are not copied into a program.
  bool mapsWeights = false;
};

class Golden : public testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, AgreesWithTorch) {
  const auto &[name, batch, target, mapsWeights] = GetParam();
  CompiledModel model(name, {.batch = batch, .target = target, .mapsWeights = mapsWeights});
  ASSERT_FALSE(HasFailure());
  Values input{{batch, 3, 224, 224}, {}};
  input.data = syntheticTensor("image", input.shape);

  // Two images were recorded; the first is the same whatever the batch.
  Values expected =
      readValues(fmt::format("{}/tests/models/goldens/{}.npy", QUERN_SOURCE_DIR, name));
  expected.shape[0] = batch;
  expected.data.resize(static_cast<size_t>(batch * expected.shape[1]));
  for (int threads : {1, 2}) {
    Values actual = model.run(input, threads);
    EXPECT_EQ(actual.shape, expected.shape);
    EXPECT_LE(relativeError(actual.data, expected.data), tolerance)
        << "with " << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, Golden,
    testing::Values(GoldenCase{"efficientnet_lite0", 1}, GoldenCase{"efficientnet_lite0", 2},
                    GoldenCase{"efficientnet_lite0", 1, "host-opencl"},
                    GoldenCase{"efficientnet_lite0", 2, "host-opencl"}, GoldenCase{"resnet18", 1},
                    GoldenCase{"resnet18", 2}, GoldenCase{"resnet50", 1}, GoldenCase{"resnet50", 2},
                    GoldenCase{"vgg16", 1, "host", true}, GoldenCase{"vgg16", 2, "host", true}),
    [](const auto &info) {
      std::string target = info.param.target;
      std::replace(target.begin(), target.end(), '-', '_');
      return fmt::format("{}_batch{}_{}", info.param.model, info.param.batch, target);
    });

TEST(Golden, RelativeErrorIsInfiniteForWhatIsNoNumber) {
  EXPECT_DOUBLE_EQ(relativeError({1, -3}, {1, -4}), 0.25);
  EXPECT_EQ(relativeError({1, NAN}, {1, -4}), INFINITY);
  EXPECT_EQ(relativeError({1}, {1, -4}), INFINITY);
}

} // namespace
} // namespace quern::tests
