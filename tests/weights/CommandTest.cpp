// `quern weights`, as a user types it.
#include "frontend/weights/Load.h"
#include "frontend/weights/Safetensors.h"
#include "tests/weights/Fixtures.h"
#include "tools/quern/Weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace quern::frontend::weights::tests {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Outcome {
  int code = 0;
  std::string output;
  std::string errors;
};

Outcome run(std::vector<std::string> arguments) {
  CLI::App app("quern");
  tools::addWeightsCommand(app);
  std::ranges::reverse(arguments); // as CLI11 wants a vector
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError &error) {
    outcome.code = app.exit(error);
  }
  std::fflush(stdout);
  outcome.output = testing::internal::GetCapturedStdout();
  outcome.errors = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(CommandTest, KeepsWhatItReads) {
  const TemporaryFolder folder;
  const std::string file = folder.path("in.pt"), linked = folder.path("linked.pt");
  std::filesystem::copy_file(fixture("zip.pt"), file);
  std::filesystem::create_symlink(file, linked);
  for (const std::string &output : {file, folder.path("./in.pt"), linked}) {
    const Outcome refused = run({"weights", "convert", file, output});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.errors, HasSubstr("would overwrite what this command reads"));
  }
  EXPECT_EQ(run({"weights", "diff", fixture("zip.pt"), file}).code, 0);
}

TEST(CommandTest, ConvertsWhatDiffThenFindsEqual) {
  const TemporaryFolder folder;
  const std::string out = folder.path("out.safetensors");
  const Outcome converted = run({"weights", "convert", fixture("legacy_nested.pt"), out});
  EXPECT_EQ(converted.code, 0) << converted.errors;
  EXPECT_THAT(converted.output, HasSubstr("14 tensors, 0.0 MB, from torch (legacy)"));
  EXPECT_THAT(converted.errors, HasSubstr("took the tensors under \"model.state_dict\""));
  const Outcome compared = run({"weights", "diff", fixture("zip.pt"), out});
  EXPECT_EQ(compared.code, 0);
  EXPECT_EQ(compared.output, "14 tensors in both, 0 differences\n");
  // The output may be named by an option, and replaces what was there.
  EXPECT_EQ(run({"weights", "convert", fixture("zip.pt"), "-o", out}).code, 0);
  EXPECT_EQ(run({"weights", "diff", fixture("zip.pt"), out}).code, 0);
  EXPECT_THAT(folder.files(), ElementsAre("out.safetensors"));
}

TEST(CommandTest, WantsOneOutput) {
  const TemporaryFolder folder;
  const std::string in = fixture("sample.safetensors"), out = folder.path("out");
  EXPECT_THAT(run({"weights", "convert", in}).errors, HasSubstr("OUT is required"));
  EXPECT_THAT(run({"weights", "convert", in, out, "-o", out}).errors,
              HasSubstr("OUT excludes --output"));
  EXPECT_THAT(run({"weights", "convert", "--help"}).output,
              testing::Not(HasSubstr("--output OUT REQUIRED")));
  EXPECT_THAT(folder.files(), ElementsAre());
}

TEST(CommandTest, StripsAPrefix) {
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  const std::string in = fixture("sample.safetensors");
  ASSERT_EQ(run({"weights", "convert", "--strip-prefix", "conv.", in, out}).code, 0);
  const Result<WeightStore> store = loadWeights(out);
  ASSERT_TRUE(store) << store.error();
  EXPECT_NE(store->find("bias"), nullptr);
  EXPECT_EQ(store->find("conv.bias"), nullptr);
  const Outcome clash = run({"weights", "convert", "--strip-prefix", "half", in, out});
  EXPECT_EQ(clash.code, 1);
  EXPECT_THAT(clash.errors,
              HasSubstr("without the prefix \"half\", the tensor name \"\" is empty"));
}

TEST(CommandTest, RefusesAndLeavesNothing) {
  const TemporaryFolder folder;
  const Outcome hostile =
      run({"weights", "convert", fixture("hostile/legacy_os_system"), folder.path("out")});
  EXPECT_EQ(hostile.code, 1);
  EXPECT_THAT(hostile.errors, HasSubstr("quern weights: error: "));
  EXPECT_THAT(hostile.errors, HasSubstr("\"os.system\""));
  const Outcome unwritable =
      run({"weights", "convert", fixture("zip.pt"), folder.path("no/such/folder/out")});
  EXPECT_EQ(unwritable.code, 1);
  EXPECT_THAT(unwritable.errors, HasSubstr("cannot write"));
  EXPECT_THAT(folder.files(), IsEmpty());
}

TEST(CommandTest, ListsATable) {
  const Outcome listed = run({"weights", "list", fixture("sample.npz")});
  EXPECT_EQ(listed.code, 0) << listed.errors;
  EXPECT_THAT(listed.output,
              testing::StartsWith("name                    dtype  shape         bytes\n"
                                  "conv.weight             f32    [2, 3, 2, 2]     96\n"));
  EXPECT_THAT(listed.output, testing::EndsWith("\n13 tensors, 0.0 MB, npz\n"));
}

TEST(CommandTest, KeepsControlCharactersFromTheTerminal) {
  const TemporaryFolder folder;
  const std::vector<Weight> weights = {makeWeight("a\x1b[31m", {1}, {1})};
  ASSERT_TRUE(writeSafetensors(weights, {}, folder.path("a")));
  EXPECT_THAT(run({"weights", "list", folder.path("a")}).output, HasSubstr("\"a\\x1b[31m\""));
}

TEST(CommandTest, ListsJson) {
  const Outcome listed = run({"weights", "list", "--json", fixture("sample.safetensors")});
  EXPECT_EQ(listed.code, 0) << listed.errors;
  const nlohmann::json all = nlohmann::json::parse(listed.output);
  EXPECT_EQ(all["format"], "safetensors");
  EXPECT_EQ(all["metadata"]["format"], "pt");
  ASSERT_EQ(all["tensors"].size(), 14U);
  EXPECT_EQ(
      all["tensors"][0],
      nlohmann::json(
          {{"name", "conv.weight"}, {"dtype", "f32"}, {"shape", {2, 3, 2, 2}}, {"bytes", 96}}));
}

TEST(CommandTest, DiffNamesEveryDifference) {
  const TemporaryFolder folder;
  const std::vector<Weight> first = {
      makeWeight("same", {1}, {1}), makeWeight("values", {3}, {1, 2, 3}),
      makeWeight("shape", {2}, {1, 2}), makeWeight("gone", {1}, {1})};
  const std::vector<Weight> second = {
      makeWeight("same", {1}, {1}), makeWeight("values", {3}, {1, 2.5, 2.75}),
      makeWeight("shape", {2, 1}, {1, 2}), makeWeight("new", {1}, {1})};
  const std::string a = folder.path("a");
  const std::string b = folder.path("b");
  ASSERT_TRUE(writeSafetensors(first, {}, a));
  ASSERT_TRUE(writeSafetensors(second, {}, b));
  const Outcome compared = run({"weights", "diff", a, b});
  EXPECT_EQ(compared.code, 1);
  EXPECT_EQ(compared.output, "gone: only in " + a +
                                 ", f32 [1]\n"
                                 "shape: f32 [2] and f32 [2, 1]\n"
                                 "values: 2 of 3 elements differ, by at most 0.5\n"
                                 "new: only in " +
                                 b +
                                 ", f32 [1]\n"
                                 "3 tensors in both, 4 differences\n");
  EXPECT_EQ(run({"weights", "diff", a, folder.path("missing")}).code, 2);
}

TEST(CommandTest, AsksForWhatIsMissing) {
  EXPECT_NE(run({"weights"}).code, 0);
  EXPECT_NE(run({"weights", "list"}).code, 0);
  EXPECT_EQ(run({"weights", "--help"}).code, 0);
}

} // namespace
} // namespace quern::frontend::weights::tests
