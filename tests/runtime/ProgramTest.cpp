// A produced program as people use it: arguments, files, pipes, exit codes.
#include "runtime/formats/Zip.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace quern::tests {
namespace {

using namespace quern::runtime;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

struct Ran {
  int code;
  std::string out;
  std::string err;
};

class ProgramTest : public testing::Test {
protected:
  ProgramTest() {
    double gain = 4;
    EXPECT_TRUE(
        writeNpy(folder.path("gain.npy"), {QUERN_F64, {}, std::as_bytes(std::span(&gain, 1))}));
  }

  /// Runs the shell command `before` PROGRAM `arguments`, where G is the gain's file, R and B the
  /// photos.
  Ran run(std::string arguments, const std::string &before = "", const std::string &after = "") {
    for (auto [letter, file] :
         {std::pair("@G", folder.path("gain.npy")), std::pair("@R", fixture("red.png")),
          std::pair("@B", fixture("blue.png"))})
      for (size_t at; (at = arguments.find(letter)) != std::string::npos;)
        arguments.replace(at, 2, file);
    std::string command =
        before + " " + QUERN_COLOUR_PROGRAM + " " + arguments + " 2>" + folder.path("err") + after;
    std::array<char, 4096> chunk;
    Ran ran;
    FILE *pipe = popen(command.c_str(), "r");
    while (size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe))
      ran.out.append(chunk.data(), got);
    ran.code = WEXITSTATUS(pclose(pipe));
    ran.err = contentOf(folder.path("err"));
    return ran;
  }

  TemporaryFolder folder;
};

TEST_F(ProgramTest, NamesWhatIsOnPhotos) {
  Ran ran = run("@B @R @G");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  std::string lines = ran.out.substr(ran.out.find('\n') + 1);
  EXPECT_EQ(lines, " " + fixture("blue.png") + "\n   1.000     2  blue\n   0.000     0  red\n " +
                       fixture("red.png") + "\n   1.000     0  red\n   0.000     2  blue\n");
}

TEST_F(ProgramTest, SpeaksJson) {
  Ran ran = run("@B @R --input gain=@G --json");
  ASSERT_EQ(ran.code, 0) << ran.err;
  nlohmann::json answer = nlohmann::json::parse(ran.out);
  EXPECT_EQ(answer["model"], "colour");
  const nlohmann::json &output = answer["results"][0]["outputs"][0];
  EXPECT_EQ(output["name"], "scores");
  EXPECT_EQ(output["dtype"], "f32");
  EXPECT_EQ(output["labels"][0][0]["name"], "blue");
  EXPECT_EQ(output["labels"][1][0]["index"], 0);
  EXPECT_EQ(output["values"].size(), 6u);
  EXPECT_NEAR(output["values"][2].get<double>(), 8, 1e-5);
}

TEST_F(ProgramTest, RunsOnceForEachSetOfFiles) {
  Ran ran = run("--json --input gain=@G @B @B @R @R");
  ASSERT_EQ(ran.code, 0) << ran.err;
  nlohmann::json answer = nlohmann::json::parse(ran.out);
  ASSERT_EQ(answer["results"].size(), 2u);
  EXPECT_EQ(answer["results"][1]["outputs"][0]["labels"][0][0]["name"], "red");
}

TEST_F(ProgramTest, ReadsTensorsFromArraysAndPipes) {
  std::vector<float> photo(2 * 3 * 64);
  std::fill(photo.begin() + 64, photo.begin() + 128, 1.0f);
  std::fill(photo.begin() + 192, photo.begin() + 256, 1.0f);
  ArrayView array{QUERN_F32, {2, 3, 8, 8}, std::as_bytes(std::span(photo))};
  ASSERT_TRUE(writeNpy(folder.path("photo.npy"), array));
  std::pair<std::string, ArrayView> arrays[] = {{"other", array}, {"photo", array}};
  ASSERT_TRUE(writeNpz(folder.path("photo.npz"), arrays));
  ASSERT_TRUE(writeNpz(folder.path("other.npz"), std::span(arrays, 1)));
  arrays[0].first = "arr_0";
  ASSERT_TRUE(writeNpz(folder.path("unnamed.npz"), std::span(arrays, 1)));
  double gain = 3;
  folder.write("gain.raw", std::string(reinterpret_cast<const char *>(&gain), sizeof gain));
  auto scores = [&](const std::string &arguments, const std::string &before = "") {
    Ran ran = run(arguments + " --json", before);
    EXPECT_EQ(ran.code, 0) << ran.err;
    if (ran.code)
      return std::string();
    return nlohmann::json::parse(ran.out)["results"][0]["outputs"][0]["values"].dump();
  };
  std::string expected = "[0.0,3.0,0.0,3.0,0.0,0.0]";
  EXPECT_EQ(scores(folder.path("photo.npy") + " " + folder.path("gain.raw")), expected);
  EXPECT_EQ(scores(folder.path("photo.npz") + " " + folder.path("gain.raw")), expected);
  EXPECT_EQ(scores(folder.path("photo.npz:other") + " " + folder.path("gain.raw")), expected);
  EXPECT_EQ(
      scores("--input photo=" + folder.path("photo.npz:other") + " " + folder.path("gain.raw")),
      expected);
  EXPECT_EQ(scores(folder.path("unnamed.npz") + " " + folder.path("gain.raw")), expected);
  Ran ran = run(folder.path("other.npz") + " @G");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("other.npz: holds no array 'photo' but other; choose one as " +
                                 folder.path("other.npz:other")));
  EXPECT_THAT(run(folder.path("photo.npz:phot") + " @G").err,
              HasSubstr("holds no array 'phot' but other, photo; choose one as"));
  EXPECT_EQ(scores(folder.path("photo.npz") + " -", "cat " + folder.path("gain.raw") + " |"),
            expected);
}

TEST_F(ProgramTest, TakesAllInputsOutOfOneFile) {
  std::vector<float> photo(2 * 3 * 64, 1.0f);
  double gain = 3, other = 5;
  ArrayView photoView{QUERN_F32, {2, 3, 8, 8}, std::as_bytes(std::span(photo))},
      gainView{QUERN_F64, {}, std::as_bytes(std::span(&gain, 1))},
      otherView{QUERN_F64, {}, std::as_bytes(std::span(&other, 1))};
  // By name, not by place.
  std::pair<std::string, ArrayView> both[] = {{"gain", gainView}, {"photo", photoView}};
  std::pair<std::string, ArrayView> again[] = {{"photo", photoView}, {"gain", otherView}};
  std::pair<std::string, ArrayView> wrong[] = {{"photo", photoView}, {"gian", gainView}};
  std::string first = folder.path("both.npz"), second = folder.path("again.npz");
  ASSERT_TRUE(writeNpz(first, both) && writeNpz(second, again));
  ASSERT_TRUE(writeNpz(folder.path("wrong.npz"), wrong));
  Ran ran = run(first + " " + second + " --json");
  ASSERT_EQ(ran.code, 0) << ran.err;
  nlohmann::json results = nlohmann::json::parse(ran.out)["results"];
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0]["outputs"][0]["values"][0], 3.0);
  EXPECT_EQ(results[1]["outputs"][0]["values"][0], 5.0);
  EXPECT_EQ(results[0]["inputs"], nlohmann::json{first});
  // What an option names comes from there.
  ran = run("--input gain=" + second + " " + first + " --json");
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(ran.out)["results"][0]["outputs"][0]["values"][0], 5.0);
  ran = run(folder.path("wrong.npz"));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("wrong.npz: holds photo, gian; nothing for input 'gain' (f64[])"));
}

TEST_F(ProgramTest, SavesItsOutput) {
  std::string out = folder.path("scores.npy");
  Ran ran = run("@B @R @G --output " + out);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  Result<Array> array = readNpy(out);
  ASSERT_TRUE(array) << array.error();
  EXPECT_EQ(array->shape, (std::vector<int64_t>{2, 3}));
  ASSERT_EQ(run("@B @R @G --output " + folder.path("scores.npz")).code, 0);
  EXPECT_EQ((*readNpz(folder.path("scores.npz")))[0].name, "scores");
  ASSERT_EQ(run("@B @R @G --output " + folder.path("scores.raw")).code, 0);
  EXPECT_EQ(contentOf(folder.path("scores.raw")).size(), 24u);
  ran = run("@B @R @G --output -");
  EXPECT_EQ(ran.out, contentOf(folder.path("scores.raw")));
  ran = run("@B @R @G --output " + folder.path("no/folder.npy"));
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("cannot write: No such file or directory"));
}

TEST_F(ProgramTest, TellsHowOftenItIsRight) {
  auto expect = [&](const std::vector<int32_t> &classes) {
    EXPECT_TRUE(writeNpy(
        folder.path("classes.npy"),
        {QUERN_I32, {static_cast<int64_t>(classes.size())}, std::as_bytes(std::span(classes))}));
    return run("@B @R @G --expect " + folder.path("classes.npy"));
  };
  EXPECT_EQ(expect({2, 0}).out, "2 of 2 as expected, 100.00 %\n");
  EXPECT_EQ(expect({2, 1}).out, "1 of 2 as expected, 50.00 %\n");
  EXPECT_EQ(
      nlohmann::json::parse(
          run("@B @R @G --json --expect " + folder.path("classes.npy")).out)["results"][0]["right"],
      1);
  EXPECT_THAT(expect({2, 0, 1}).err, HasSubstr("expected [2] integers"));
  EXPECT_THAT(expect({2, 3}).err, HasSubstr("row 1 is of class 3, but there are 3"));
  EXPECT_EQ(expect({2, -1}).code, 1);
}

TEST_F(ProgramTest, TimesItself) {
  Ran ran = run("--bench --repeat 20");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, MatchesRegex("latency_ms_min=[0-9.]+ latency_ms_median=[0-9.]+\n"));
  EXPECT_EQ(ran.err, "");
  ran = run("--bench --seconds 0.05 --threads 2 --profile @B @R @G");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, MatchesRegex("latency_ms_min=[0-9.]+ latency_ms_median=[0-9.]+\n"));
  EXPECT_THAT(ran.err, HasSubstr("mean 2x3"));
  EXPECT_THAT(ran.err, HasSubstr("colour.qn:2:5"));
}

TEST_F(ProgramTest, DescribesItself) {
  Ran ran = run("--info");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out,
              HasSubstr("input    photo: f32[2, 3, 8, 8] from photo(resize = 12, crop = 8)"));
  EXPECT_THAT(ran.out, HasSubstr("output   scores: f32[2, 3] as labels(3 names, top = 2)"));
  EXPECT_EQ(nlohmann::json::parse(run("--info --json").out)["kernels"], 1);
  ran = run("--help");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("--bench"));
  ran = run("--version");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "colour (quern test, compiled for host)\n");
}

TEST_F(ProgramTest, SaysWhatIsWrongInOneLine) {
  folder.write("photo.txt", "this is no photo");
  double wrong[2] = {1, 2};
  ASSERT_TRUE(writeNpy(folder.path("two.npy"), {QUERN_F64, {2}, std::as_bytes(std::span(wrong))}));
  std::string two = folder.path("two.npy");
  struct Case {
    std::string arguments;
    int code;
    std::string message;
  };
  for (const Case &wanted : std::initializer_list<Case>{
           {"", 2, "input 'photo' (f32[2, 3, 8, 8]) is missing"},
           {"@B", 2, "input 'photo' (f32[2, 3, 8, 8]) takes 2 photos, 1 are given"},
           {"@B @R", 2, "input 'gain' (f64[]) is missing"},
           {"--input gain=@G", 2, "input 'photo' (f32[2, 3, 8, 8]) is missing"},
           {"--input gains=@G", 2, "there is no input 'gains'; the model takes photo, gain"},
           {"--input @G", 2, "expected NAME=FILE"},
           {"--input gain=@G --input gain=@G", 2, "input 'gain' is given twice"},
           {"--threads x", 2, "--threads"},
           {"--threads 0", 2, "--threads"},
           {"--bench --expect x", 2, "--expect"},
           {"--nonsense", 2, "--nonsense"},
           {"--repeat 3 @B @R @G", 2, "--bench"},
           {"@B @R @G @B @R @G --output x.npy", 2, "--output is about one run"},
           {"@B nowhere.png @G", 1, "nowhere.png: cannot open: No such file or directory"},
           {"@B " + folder.path("photo.txt") + " @G", 1, "not an image of a known format"},
           {"@B @R " + two, 1, two + ": expected f64[] for input 'gain', found f64[2]"},
           {"@B @R @B", 1, "a PNG image, but input 'gain' is no photo: it takes f64[] as .npy"},
           {"@B @R @G --output no/such/folder", 1, "cannot write: No such file"},
           {"@B @R " + two + " --output " + two, 1,
            "two.npy: would overwrite what this command reads"},
           {"@B @R @G --expect " + two + " --output " + two, 1, "would overwrite"},
           {"@B @R " + folder.path("photo.txt"), 1, "for input 'gain', 8 bytes if raw, found 16"},
           {"@B @R /dev/zero", 1, "for input 'gain', 8 bytes if raw, found 9 bytes or more"},
           {"@B @R " + two + ":a", 1, "two.npy:a: cannot open"},
           {"--weights x @B @R @G", 1, "x: the model needs no weights file"},
       }) {
    Ran ran = run(wanted.arguments);
    EXPECT_EQ(ran.code, wanted.code) << wanted.arguments << "\n" << ran.err;
    EXPECT_THAT(ran.err, StartsWith("colour_program: error: ")) << wanted.arguments;
    EXPECT_THAT(ran.err, HasSubstr(wanted.message)) << wanted.arguments;
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
    EXPECT_EQ(ran.out, "") << wanted.arguments;
  }
}

TEST_F(ProgramTest, GoesOnAfterAFileThatFails) {
  Ran ran = run("--input gain=@G nowhere.png @B @R @R");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("nowhere.png"));
  EXPECT_THAT(ran.out, HasSubstr("red"));
}

TEST_F(ProgramTest, SaysWhenItsOutputIsLost) {
  Ran ran = run("@B @R @G >/dev/full");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("cannot write the standard output: No space left on device"));
}

} // namespace
} // namespace quern::tests
