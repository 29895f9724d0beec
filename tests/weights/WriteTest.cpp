// Safetensors are written the same each time and aligned.
#include "frontend/weights/Load.h"
#include "frontend/weights/Safetensors.h"
#include "tests/weights/Fixtures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace quern::frontend::weights::tests {

namespace {

using testing::ElementsAre;

std::string textOf(const std::string &path) {
  const std::vector<std::byte> bytes = bytesOf(path);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

TEST(WriteTest, WhatIsReadIsWhatWasWritten) {
  const TemporaryFolder folder;
  for (const std::string &name : goodFixtures()) {
    const Result<WeightStore> store = loadWeights(fixture(name));
    ASSERT_TRUE(store) << store.error();
    const std::string path = folder.path(name);
    const Status written = writeSafetensors(store->weights(), store->metadata, path);
    ASSERT_TRUE(written) << written.error();
    const Result<WeightStore> again = loadWeights(path);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->metadata, store->metadata);
    ASSERT_EQ(again->weights().size(), store->weights().size());
    for (const Weight &weight : store->weights()) {
      const Weight *same = again->find(weight.name);
      ASSERT_NE(same, nullptr) << weight.name;
      EXPECT_EQ(same->dtype, weight.dtype);
      EXPECT_EQ(same->shape, weight.shape);
      EXPECT_TRUE(std::ranges::equal(same->data.bytes, weight.data.bytes)) << weight.name;
    }
  }
}

TEST(WriteTest, TheSameTensorsMakeTheSameFile) {
  const TemporaryFolder folder;
  const Result<WeightStore> store = loadWeights(fixture("legacy.pt"));
  ASSERT_TRUE(store) << store.error();
  std::vector<Weight> weights = store->weights();
  ASSERT_TRUE(writeSafetensors(weights, {}, folder.path("a")));
  std::ranges::reverse(weights);
  ASSERT_TRUE(writeSafetensors(weights, {}, folder.path("b")));
  EXPECT_EQ(textOf(folder.path("a")), textOf(folder.path("b")));
}

TEST(WriteTest, DataAreAligned) {
  const TemporaryFolder folder;
  const Result<WeightStore> store = loadWeights(fixture("legacy.pt"));
  ASSERT_TRUE(store) << store.error();
  ASSERT_TRUE(writeSafetensors(store->weights(), {}, folder.path("a")));
  EXPECT_EQ((8 + static_cast<uint8_t>(textOf(folder.path("a"))[0])) % 64, 0);
  const Result<WeightStore> again = loadWeights(folder.path("a"));
  ASSERT_TRUE(again) << again.error();
  for (const Weight &weight : again->weights())
    EXPECT_EQ(alignedWeight(weight).data.owner, weight.data.owner) << weight.name;
}

TEST(WriteTest, NoTensorsMakeAFileToo) {
  const TemporaryFolder folder;
  ASSERT_TRUE(writeSafetensors({}, {}, folder.path("a")));
  const Result<WeightStore> again = loadWeights(folder.path("a"));
  ASSERT_TRUE(again) << again.error();
  EXPECT_TRUE(again->weights().empty());
}

TEST(WriteTest, RefusesTheReservedName) {
  const TemporaryFolder folder;
  const std::vector<Weight> weights = {makeWeight("__metadata__", {1}, {1})};
  EXPECT_FALSE(writeSafetensors(weights, {}, folder.path("a")));
  EXPECT_THAT(folder.files(), ElementsAre());
}

} // namespace
} // namespace quern::frontend::weights::tests
