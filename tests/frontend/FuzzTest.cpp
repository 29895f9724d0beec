// Token soup and torn files: whatever is fed in, the lexer, parser and formatter come back, and
// what they accept they format idempotently.
#include "tests/frontend/Syntax.h"

#include <gtest/gtest.h>

#include <random>

namespace quern::frontend {
namespace {

const char *const words[] = {
    "module", "model", "primitive", "import", "return",  "for",  "in",   "if",     "else",    "and",
    "or",     "not",   "true",      "none",   "require", "from", "as",   "f32",    "tensor",  "int",
    "x",      "y",     "conv",      "0",      "1",       "2.5",  "1e-5", "\"a\"",  "\"{x}\"", "\"",
    "(",      ")",     "[",         "]",      "{",       "}",    ",",    ":",      "=",       "+=",
    "->",     "..",    "...",       ".",      "+",       "-",    "*",    "**",     "/",       "@",
    "%",      "<",     "==",        "|",      "\n",      "\n\n", " ",    "// c\n", "layer{",  "}:",
    "a:",     "$",     "\xc3\xa9",  "\\",     "_"};

void feed(const std::string &text) {
  Text source(text);
  std::optional<std::string> once = source.format();
  if (!once)
    return;
  Text again(*once);
  std::optional<std::string> twice = again.format();
  ASSERT_TRUE(twice) << text << "\n---\n" << *once << again.messages;
  EXPECT_EQ(*once, *twice) << text;
}

TEST(Fuzz, TokenSoup) {
  std::mt19937 random(7);
  for (unsigned round = 0; round < 3000; ++round) {
    std::string text = random() % 2 ? "module f(x: f32[4]) {\n" : "";
    for (unsigned i = random() % 40; i > 0; --i) {
      text += words[random() % std::size(words)];
      if (random() % 2)
        text += " ";
    }
    feed(text + (random() % 2 ? "\n}\n" : ""));
  }
}

TEST(Fuzz, MutatedFiles) {
  std::mt19937 random(11);
  for (const auto &[path, original] : repositoryFiles()) {
    for (unsigned round = 0; round < 60; ++round) {
      std::string text = original;
      for (unsigned i = 1 + random() % 4; i > 0 && !text.empty(); --i) {
        size_t at = random() % text.size();
        switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 10);
          break;
        case 1:
          text.insert(at, words[random() % std::size(words)]);
          break;
        case 2:
          text[at] = static_cast<char>(random());
          break;
        default:
          text.resize(at);
        }
      }
      feed(text);
    }
  }
}

} // namespace
} // namespace quern::frontend
