// The trained character model goes on as its reference does: goldens/causal/licences.txt, by
// models/record_causal_goldens.py.
#include "runtime/formats/Npy.h"
#include "tests/models/CompiledModel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace quern::tests {
namespace {

const std::string source = QUERN_SOURCE_DIR "/";
constexpr size_t length = 256, symbolCount = 84;
/// The text begins with a prompt of so many symbols, which nobody chose.
constexpr size_t prompt = 8;

std::string readText(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Licences, ChoosesTheSymbolsOfTheReference) {
  std::string text = readText(source + "tests/models/goldens/causal/licences.txt");
  std::string vocabulary = readText(source + "models/licences/vocabulary.txt");
  ASSERT_GT(text.size(), prompt + 100);
  ASSERT_LE(text.size(), length);
  ASSERT_EQ(vocabulary.size(), symbolCount);
  std::vector<int32_t> symbols(length);
  std::transform(text.begin(), text.end(), symbols.begin(),
                 [&](char c) { return static_cast<int32_t>(vocabulary.find(c)); });

  CompiledModel model("licences", {.weights = source + "models/licences/licences.safetensors"});
  ASSERT_FALSE(HasFailure());
  TemporaryFolder folder;
  auto written = runtime::writeNpy(folder.file("text.npy"),
                                   {QUERN_I32, {1, length}, std::as_bytes(std::span(symbols))});
  ASSERT_TRUE(written) << written.error();
  Values logits = model.runFiles({folder.file("text.npy")});
  ASSERT_EQ(logits.shape, (std::vector<int64_t>{1, length, symbolCount}));
  std::string chosen = text.substr(0, prompt);
  while (chosen.size() < text.size()) {
    auto first =
        logits.data.begin() + static_cast<std::ptrdiff_t>((chosen.size() - 1) * symbolCount);
    auto likeliest = std::max_element(first, first + symbolCount) - first;
    chosen += vocabulary[static_cast<size_t>(likeliest)];
  }
  EXPECT_EQ(chosen, text);

  // The step programs write the same, symbol by symbol.
  ProgramResult continued = model.run({"--prompt", text.substr(0, prompt), "--sample",
                                       std::to_string(text.size() - prompt), "--temperature", "0"});
  EXPECT_EQ(continued.exitCode, 0) << continued.errors;
  EXPECT_EQ(continued.output, text + "\n");
}

} // namespace
} // namespace quern::tests
