// The restricted pickle reader: values, and pickles too large for a fixture.
#include "frontend/weights/Pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace quern::frontend::weights::tests {

namespace {

using namespace std::string_literals;
using Kind = PickleValue::Kind;
using testing::HasSubstr;

runtime::Result<Pickle> read(const std::string &code) {
  size_t offset = 0;
  return readPickle(std::as_bytes(std::span(code)), offset);
}

std::string repeated(const std::string &code, size_t count) {
  std::string text;
  text.reserve(code.size() * count);
  for (size_t i = 0; i < count; ++i)
    text += code;
  return text;
}

// (Chains of + draw a false warning from g++ 12.)
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts)
    text += part;
  return text;
}

TEST(PickleTest, ReadsNumbers) {
  const std::string code = "(K\x07M\x01\x02J\xff\xff\xff\xffG\x3f\xf8\0\0\0\0\0\0"
                           "\x8a\x00\x8a\x02\x00\xff\x8a\x01\x80\x89t."s;
  const auto pickle = read(code);
  ASSERT_TRUE(pickle) << pickle.error();
  const auto &items = pickle->root->items;
  ASSERT_EQ(items.size(), 8U);
  EXPECT_EQ(items[0]->integer, 7);
  EXPECT_EQ(items[1]->integer, 513);
  EXPECT_EQ(items[2]->integer, -1);
  EXPECT_EQ(items[3]->real, 1.5);
  EXPECT_EQ(items[4]->integer, 0);
  EXPECT_EQ(items[5]->integer, -256);
  EXPECT_EQ(items[6]->integer, -128);
  EXPECT_EQ(items[7]->kind, Kind::Bool);
}

TEST(PickleTest, ReadsContainersAndTheMemo) {
  // {"a": x, "b": x} with x = ["hi", None, (1, 2)]
  const std::string code = "}X\x01\0\0\0a](U\x02hiNK\x01K\x02\x86"
                           "eq\x05s\x8c\x01"
                           "bh\x05s."s;
  const auto pickle = read(code);
  ASSERT_TRUE(pickle) << pickle.error();
  const PickleValue &dict = *pickle->root;
  ASSERT_EQ(dict.kind, Kind::Dict);
  ASSERT_EQ(dict.items.size(), 4U);
  EXPECT_EQ(dict.items[0]->text, "a");
  EXPECT_EQ(dict.items[2]->text, "b");
  EXPECT_EQ(dict.items[1], dict.items[3]);
  const PickleValue &list = *dict.items[1];
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[0]->text, "hi");
  EXPECT_EQ(list.items[1]->kind, Kind::None);
  EXPECT_EQ(list.items[2]->items[1]->integer, 2);
}

TEST(PickleTest, StopsBehindTheFirstPickle) {
  const std::string code = "N.K\x01.";
  size_t offset = 0;
  const auto bytes = std::as_bytes(std::span(code));
  ASSERT_TRUE(readPickle(bytes, offset));
  EXPECT_EQ(offset, 2U);
  const auto second = readPickle(bytes, offset);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->root->integer, 1);
  EXPECT_FALSE(readPickle(bytes, offset));
}

TEST(PickleTest, SaysWhereAndWhich) {
  const auto pickle = read("N0.");
  ASSERT_FALSE(pickle);
  EXPECT_THAT(pickle.error(), HasSubstr("at byte 1: opcode 0x30 is not admitted"));
}

TEST(PickleTest, NestingIsNoBurden) {
  EXPECT_TRUE(read(joined({")", repeated("\x85", 1'000'000), "."})));
  EXPECT_TRUE(read(joined({repeated("]", 1'000'000), repeated("a", 999'999), "."})));
  EXPECT_TRUE(read(joined({repeated("(", 1'000'000), repeated("t", 1'000'000), "."})));
}

TEST(PickleTest, ObjectsAndMarksAreLimited) {
  EXPECT_THAT(read(repeated("N", 5'000'000)).error(), HasSubstr("more than 4194304 objects"));
  EXPECT_THAT(read(repeated("(", 5'000'000)).error(), HasSubstr("more than 4194304 objects"));
  EXPECT_THAT(read(joined({"Nq\x01", repeated("h\x01", 5'000'000)})).error(),
              HasSubstr("more than 4194304 objects"));
}

TEST(PickleTest, DoublingThroughTheMemoCostsNothing) {
  // Each tuple holds the one before twice: 2^200'000 leaves to anyone who walks them.
  const auto pickle = read(joined({"Nq\x01", repeated("h\x01\x86q\x01", 200'000), "."}));
  ASSERT_TRUE(pickle) << pickle.error();
  EXPECT_EQ(pickle->values.size(), 200'001U);
  EXPECT_EQ(pickle->root->items[0], pickle->root->items[1]);
}

TEST(PickleTest, LongArgumentsAreNotCopiedAgainAndAgain) {
  // One large tuple as the arguments of many calls would take quadratic memory.
  const std::string code =
      joined({"ctorch._utils\n_rebuild_tensor_v2\nq\x01(", repeated("N", 100'000), "tq\x02",
              repeated("h\x01h\x02R", 100'000), "."});
  EXPECT_THAT(read(code).error(), HasSubstr("a call has 100000 arguments"));
}

} // namespace
} // namespace quern::frontend::weights::tests
