// A real checkpoint, where the demo's data have been fetched.
#include "frontend/weights/Load.h"
#include "tests/weights/Fixtures.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace quern::frontend::weights::tests {

namespace {

std::string demoFile(const std::string &name) {
  const char *folder = std::getenv("QUERN_DEMO_DATA");
  const std::string place = folder ? folder : std::string(QUERN_SOURCE_DIR) + "/.deps/demo";
  return place + "/" + name;
}

TEST(DemoCheckpointTest, ReadsEfficientNet) {
  const std::string path = demoFile("efficientnet-lite0-57934424.pth");
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << path << " is not there; `./dev demo` fetches it";
  const Result<WeightStore> store = loadWeights(path);
  ASSERT_TRUE(store) << store.error();
  EXPECT_EQ(store->format, "torch (legacy)");
  EXPECT_EQ(store->weights().size(), 296U);

  // As torch 2.15 reads them. The stem is stored with the channels of a filter outermost.
  const Weight *stem = store->find("_conv_stem.weight");
  ASSERT_NE(stem, nullptr);
  EXPECT_EQ(stem->shape, (std::vector<int64_t>{32, 3, 3, 3}));
  const std::vector<double> elements = elementsOf(*stem);
  EXPECT_EQ(elements[0], -1.1103360652923584);
  EXPECT_EQ(elements[1 * 27 + 2 * 9 + 0 * 3 + 1], -0.08920226991176605);
  EXPECT_EQ(elements[31 * 27 + 2 * 9 + 2 * 3 + 2], 2.2351741790771484e-08);
  double sum = 0;
  for (const Weight &weight : store->weights())
    for (double element : elementsOf(weight))
      sum += element;
  EXPECT_NEAR(sum, 425663.2450015556, 1e-6);
}

} // namespace
} // namespace quern::frontend::weights::tests
