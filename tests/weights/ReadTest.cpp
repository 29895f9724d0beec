// Every format yields the same tensors.
#include "frontend/weights/Load.h"
#include "tests/weights/Fixtures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace quern::frontend::weights::tests {

namespace {

struct Expected {
  std::string name;
  quern_dtype dtype;
  std::vector<int64_t> shape;
};

// make_fixtures.py, SAMPLE.
const std::vector<Expected> sample = {{"conv.weight", QUERN_F32, {2, 3, 2, 2}},
                                      {"conv.bias", QUERN_F64, {2}},
                                      {"half", QUERN_F16, {4}},
                                      {"brain", QUERN_BF16, {4}},
                                      {"bn.num_batches_tracked", QUERN_I64, {}},
                                      {"mask", QUERN_BOOL, {3}},
                                      {"bytes", QUERN_U8, {3}},
                                      {"tiny", QUERN_I8, {2}},
                                      {"short", QUERN_I16, {2}},
                                      {"int", QUERN_I32, {2, 1}},
                                      {"empty", QUERN_F32, {0, 3}},
                                      {"tied.a", QUERN_F32, {2, 4}},
                                      {"tied.b", QUERN_F32, {2, 4}},
                                      {"tail", QUERN_F32, {5}}};

std::vector<double> expectedElements(const Expected &tensor, size_t count) {
  const size_t first = tensor.name == "tail" ? 3 : 0;
  std::vector<double> elements;
  for (size_t i = first; i < first + count; ++i) {
    const auto number = static_cast<double>(i);
    switch (tensor.dtype) {
    case QUERN_BOOL:
      elements.push_back(i % 2 == 0);
      break;
    case QUERN_F64:
    case QUERN_F32:
    case QUERN_F16:
    case QUERN_BF16:
      elements.push_back(0.5 * number - 1);
      break;
    default:
      elements.push_back(number + 1);
    }
  }
  return elements;
}

class ReadTest : public testing::TestWithParam<std::string> {};

TEST_P(ReadTest, YieldsTheSample) {
  const Result<WeightStore> store = loadWeights(fixture(GetParam()));
  ASSERT_TRUE(store) << store.error();
  const bool npz = GetParam().ends_with(".npz"); // which has no bf16
  EXPECT_EQ(store->weights().size(), sample.size() - npz);
  for (const Expected &tensor : sample) {
    if (npz && tensor.dtype == QUERN_BF16)
      continue;
    const Weight *weight = store->find(tensor.name);
    ASSERT_NE(weight, nullptr) << tensor.name;
    EXPECT_EQ(weight->dtype, tensor.dtype) << tensor.name;
    EXPECT_EQ(weight->shape, tensor.shape) << tensor.name;
    const auto count = static_cast<size_t>(
        std::accumulate(tensor.shape.begin(), tensor.shape.end(), int64_t{1}, std::multiplies<>()));
    EXPECT_EQ(elementsOf(*weight), expectedElements(tensor, count)) << tensor.name;
  }
  EXPECT_EQ(store->find("no such tensor"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Formats, ReadTest, testing::ValuesIn(goodFixtures()),
                         [](const auto &fixture) {
                           std::string name = fixture.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

TEST(ReadTest, TellsTheFormatByContent) {
  const std::vector<std::pair<std::string, std::string>> formats = {
      {"sample.safetensors", "safetensors"},
      {"sample.npz", "npz"},
      {"legacy.pt", "torch (legacy)"},
      {"zip.pt", "torch (zip)"}};
  for (const auto &[name, format] : formats) {
    const Result<WeightStore> store = readWeights(heapBlob(bytesOf(fixture(name))));
    ASSERT_TRUE(store) << store.error();
    EXPECT_EQ(store->format, format);
  }
}

TEST(ReadTest, KeepsMetadata) {
  const Result<WeightStore> store = loadWeights(fixture("sample.safetensors"));
  ASSERT_TRUE(store) << store.error();
  EXPECT_EQ(store->metadata, (std::map<std::string, std::string>{{"format", "pt"},
                                                                 {"größe", "a \"quoted\"\nline"}}));
}

TEST(ReadTest, NotesWhereAStateDictWasFound) {
  const Result<WeightStore> store = loadWeights(fixture("legacy_nested.pt"));
  ASSERT_TRUE(store) << store.error();
  EXPECT_THAT(store->notes, testing::ElementsAre("took the tensors under \"model.state_dict\""));
}

TEST(ReadTest, CopiesNoContiguousTensor) {
  for (const char *name : {"sample.safetensors", "sample.npz", "legacy.pt", "zip.pt"}) {
    const Blob file = heapBlob(bytesOf(fixture(name)));
    const Result<WeightStore> store = readWeights(file);
    ASSERT_TRUE(store) << store.error();
    for (const Weight &weight : store->weights()) {
      const bool copied = name[0] != 's' && weight.name == "conv.weight"; // channels last
      EXPECT_EQ(weight.data.owner == file.owner, !copied) << name << ": " << weight.name;
    }
  }
}

TEST(ReadTest, SharedStoragesStayShared) {
  const Result<WeightStore> store = loadWeights(fixture("zip.pt"));
  ASSERT_TRUE(store) << store.error();
  const std::byte *tied = store->find("tied.a")->data.bytes.data();
  EXPECT_EQ(store->find("tied.b")->data.bytes.data(), tied);
  EXPECT_EQ(store->find("tail")->data.bytes.data(), tied + 3 * sizeof(float));
}

TEST(ReadTest, TensorsOutliveTheStore) {
  Weight weight;
  {
    const Result<WeightStore> store = loadWeights(fixture("sample.safetensors"));
    ASSERT_TRUE(store) << store.error();
    weight = *store->find("conv.bias");
  }
  EXPECT_EQ(elementsOf(weight), (std::vector<double>{-1, -0.5}));
}

TEST(ReadTest, NamesAFileThatCannotBeRead) {
  const Result<WeightStore> missing = loadWeights(fixture("no such file"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), testing::HasSubstr("no such file: cannot open"));
  EXPECT_FALSE(loadWeights(fixture("hostile")));
}

TEST(WeightStoreTest, RefusesNamesThatAreTakenEmptyOrNotUtf8) {
  WeightStore store;
  EXPECT_TRUE(store.add(makeWeight("a", {1}, {1})));
  EXPECT_FALSE(store.add(makeWeight("a", {1}, {2})));
  EXPECT_FALSE(store.add(makeWeight("", {1}, {2})));
  EXPECT_FALSE(store.add(makeWeight("\xff", {1}, {2})));
  EXPECT_FALSE(store.add(makeWeight("b", {2}, {2})));
  EXPECT_FALSE(store.add(makeWeight("b", {-1}, {2})));
  EXPECT_EQ(store.weights().size(), 1U);
}

} // namespace
} // namespace quern::frontend::weights::tests
