// Parameters find their weights, and all that does not fit is said at once.
#include "frontend/weights/Binding.h"

#include "frontend/weights/Load.h"
#include "tests/weights/Fixtures.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::frontend::weights::tests {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = BindProblem::Kind;

WeightStore storeOf(std::vector<Weight> weights) {
  WeightStore store;
  for (Weight &weight : weights)
    EXPECT_TRUE(store.add(std::move(weight)));
  return store;
}

std::vector<std::string> messages(const Binding &binding) {
  std::vector<std::string> texts;
  for (const BindProblem &problem : binding.problems)
    texts.push_back(problem.message);
  return texts;
}

TEST(BindingTest, GivesEachParameterItsWeight) {
  const WeightStore store =
      storeOf({makeWeight("a", {2}, {1, 2}), makeWeight("b", {1, 2}, {3, 4})});
  const std::vector<RequiredParameter> parameters = {
      {"b", QUERN_F32, {1, 2}, ""}, {"a", QUERN_F32, {2}, ""}, {"b", QUERN_F32, {1, 2}, ""}};
  const Binding binding = bindWeights(parameters, store);
  ASSERT_TRUE(binding) << binding.report();
  EXPECT_THAT(binding.problems, IsEmpty());
  ASSERT_EQ(binding.weights.size(), 3U);
  EXPECT_EQ(elementsOf(binding.weights[0]), (std::vector<double>{3, 4}));
  EXPECT_EQ(elementsOf(binding.weights[1]), (std::vector<double>{1, 2}));
  EXPECT_EQ(binding.weights[2].data.bytes.data(), binding.weights[0].data.bytes.data());
}

TEST(BindingTest, ConvertsToF32AndAligns) {
  // A legacy checkpoint's data lie at any address.
  const Result<WeightStore> store = loadWeights(fixture("legacy.pt"));
  ASSERT_TRUE(store) << store.error();
  const std::vector<RequiredParameter> parameters = {{"conv.bias", QUERN_F32, {2}, ""},
                                                     {"half", QUERN_F32, {4}, ""},
                                                     {"brain", QUERN_F32, {4}, ""},
                                                     {"tied.a", QUERN_F32, {2, 4}, ""},
                                                     {"int", QUERN_I32, {2, 1}, ""}};
  const Binding binding = bindWeights(parameters, *store, {BindOptions::Surplus::Ignore});
  ASSERT_TRUE(binding) << binding.report();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Weight &weight = binding.weights[i];
    EXPECT_EQ(weight.dtype, parameters[i].dtype);
    EXPECT_EQ(elementsOf(weight), elementsOf(*store->find(weight.name))) << weight.name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weight.data.bytes.data()) % 4, 0U) << weight.name;
  }
}

TEST(BindingTest, SaysAllThatIsWrongAtOnce) {
  WeightStore store =
      storeOf({makeWeight("conv1.weight", {2, 2}, {1, 2, 3, 4}),
               makeWeight("fc.wieght", {3}, {1, 2, 3}), makeWeight("fc.bias", {1}, {1}),
               makeWeight("bn.num_batches_tracked", {}, {1}), makeWeight("unrelated", {1}, {1})});
  const int32_t index = 1;
  ASSERT_TRUE(store.add({"index", QUERN_I32, {1}, heapBlob(std::as_bytes(std::span(&index, 1)))}));
  const std::vector<RequiredParameter> parameters = {
      {"conv1.weight", QUERN_F32, {2, 3}, "n.qn:1:2"},
      {"fc.weight", QUERN_F32, {3}, "n.qn:2:2"},
      {"fc.bias", QUERN_F32, {1}, "n.qn:3:2"},
      {"index", QUERN_F32, {1}, "n.qn:4:2"},
      {"nowhere.near", QUERN_F32, {}, "n.qn:5:2"}};
  const Binding binding = bindWeights(parameters, store);
  EXPECT_FALSE(binding);
  EXPECT_THAT(binding.weights, IsEmpty());
  EXPECT_EQ(
      binding.report(),
      "n.qn:1:2: error: \"conv1.weight\" is f32 [2, 3] in the model, f32 [2, 2] in the weights\n"
      "n.qn:2:2: error: the weights have no \"fc.weight\", f32 [3]; nearest: \"fc.wieght\"\n"
      "n.qn:4:2: error: \"index\" is f32 in the model, i32 in the weights\n"
      "n.qn:5:2: error: the weights have no \"nowhere.near\", f32 []\n"
      "warning: the model does not use \"fc.wieght\", f32 [3], of the weights; nearest: "
      "\"fc.weight\"\n"
      "warning: the model does not use \"unrelated\", f32 [1], of the weights\n");
  EXPECT_EQ(binding.problems[0].kind, Kind::Shape);
  EXPECT_EQ(binding.problems[1].kind, Kind::Missing);
  EXPECT_EQ(binding.problems[2].kind, Kind::Type);
  EXPECT_EQ(binding.problems[4].kind, Kind::Surplus);
}

TEST(BindingTest, SurplusIsIgnoredWarnedOfOrAnError) {
  const WeightStore store = storeOf({makeWeight("a", {1}, {1}), makeWeight("b", {1}, {1})});
  const std::vector<RequiredParameter> parameters = {{"a", QUERN_F32, {1}, ""}};
  EXPECT_THAT(bindWeights(parameters, store, {BindOptions::Surplus::Ignore}).problems, IsEmpty());
  const Binding warned = bindWeights(parameters, store);
  EXPECT_TRUE(warned);
  EXPECT_EQ(warned.problems.size(), 1U);
  EXPECT_EQ(warned.weights.size(), 1U);
  EXPECT_THAT(messages(warned),
              ElementsAre("the model does not use \"b\", f32 [1], of the weights"));
  EXPECT_FALSE(bindWeights(parameters, store, {BindOptions::Surplus::Error}));
}

TEST(BindingTest, SurplusIsHeldAgainstAllNamesWhereNoneIsMissing) {
  const WeightStore store =
      storeOf({makeWeight("fc.bias", {1}, {1}), makeWeight("fc.bais", {1}, {1})});
  const std::vector<RequiredParameter> parameters = {{"fc.bias", QUERN_F32, {1}, ""}};
  EXPECT_THAT(messages(bindWeights(parameters, store)),
              ElementsAre("the model does not use \"fc.bais\", f32 [1], of the weights; nearest: "
                          "\"fc.bias\""));
}

TEST(BindingTest, NearestNamesPreferTheShapeAndStopAtThree) {
  const WeightStore store =
      storeOf({makeWeight("layer1.w", {1}, {1}), makeWeight("layer2.w", {2}, {1, 2}),
               makeWeight("layer3.w", {1}, {1}), makeWeight("layer4.w", {1}, {1})});
  const std::vector<RequiredParameter> parameters = {{"layer.w", QUERN_F32, {2}, ""}};
  EXPECT_THAT(messages(bindWeights(parameters, store, {BindOptions::Surplus::Ignore})),
              ElementsAre("the weights have no \"layer.w\", f32 [2]; nearest: \"layer2.w\", "
                          "\"layer1.w\", \"layer3.w\""));
}

TEST(BindingTest, FindsAPrefixThatAllNamesHave) {
  const WeightStore store =
      storeOf({makeWeight("module.a.w", {1}, {1}), makeWeight("module.b.w", {1}, {1})});
  const std::vector<RequiredParameter> parameters = {{"a.w", QUERN_F32, {1}, ""},
                                                     {"b.w", QUERN_F32, {1}, ""}};
  const Binding binding = bindWeights(parameters, store);
  EXPECT_EQ(binding.hint, "the missing names are in the weights behind \"module.\": `quern weights "
                          "convert --strip-prefix module. IN OUT` removes it");
  EXPECT_THAT(binding.problems[0].message, testing::HasSubstr("nearest: \"module.a.w\""));
}

TEST(BindingTest, ManyMissingNamesTakeNoTime) {
  std::vector<Weight> weights;
  std::vector<RequiredParameter> parameters;
  for (int i = 0; i < 5000; ++i) {
    weights.push_back(makeWeight(fmt::format("encoder.layers.{}.attention.weight", i), {1}, {1}));
    parameters.push_back({fmt::format("decoder.blocks.{}.attention.bias", i), QUERN_F32, {1}, ""});
  }
  const Binding binding =
      bindWeights(parameters, storeOf(std::move(weights)), {BindOptions::Surplus::Ignore});
  EXPECT_EQ(binding.problems.size(), 5000U);
}

} // namespace
} // namespace quern::frontend::weights::tests
