#include "tests/frontend/Syntax.h"

#include <gmock/gmock.h>

namespace quern::frontend {
namespace {

using testing::ElementsAre;

std::vector<std::string> spellings(llvm::StringRef text) {
  std::vector<std::string> result;
  Text source(text);
  for (const Token &token : source.lex().tokens)
    if (token.isNot(TokenKind::EndOfFile))
      result.push_back(token.text.str());
  return result;
}

TEST(Lexer, SplitsNumbersFromRangesAndLabels) {
  EXPECT_THAT(spellings("0..10"), ElementsAre("0", "..", "10"));
  EXPECT_THAT(spellings("1.5e-3 2e5 1_000"), ElementsAre("1.5e-3", "2e5", "1_000"));
  EXPECT_THAT(spellings("layer1.0.conv1:"), ElementsAre("layer1", ".", "0", ".", "conv1", ":"));
  EXPECT_THAT(spellings("[..., 1]"), ElementsAre("[", "...", ",", "1", "]"));
}

TEST(Lexer, TakesTheLongestOperator) {
  EXPECT_THAT(spellings("a**b*c+=d->e!=f"),
              ElementsAre("a", "**", "b", "*", "c", "+=", "d", "->", "e", "!=", "f"));
}

TEST(Lexer, PassesOverAByteOrderMark) {
  EXPECT_THAT(spellings("\xEF\xBB\xBFmodel m"), ElementsAre("model", "m"));
}

TEST(Lexer, KnowsLinesSpacesAndComments) {
  Text source("// first\na b// second\n\n\n// third\n\nc");
  TokenStream stream = source.lex();
  ASSERT_EQ(stream.tokens.size(), 4u);
  ASSERT_EQ(stream.comments.size(), 3u);
  EXPECT_TRUE(stream.comments[0].ownLine);
  EXPECT_FALSE(stream.comments[1].ownLine);
  EXPECT_TRUE(stream.comments[2].ownLine);
  EXPECT_TRUE(stream.comments[2].afterBlankLine);
  EXPECT_TRUE(stream.tokens[0].startsLine);
  EXPECT_FALSE(stream.tokens[1].startsLine);
  EXPECT_FALSE(stream.tokens[1].touchesPrevious);
  EXPECT_TRUE(stream.tokens[2].startsLine);
  EXPECT_TRUE(stream.tokens[2].afterBlankLine);
  EXPECT_EQ(stream.tokens[2].firstComment, 1u);
}

TEST(Lexer, PairsBrackets) {
  Text source("f(a[{}], b)");
  TokenStream stream = source.lex();
  EXPECT_EQ(stream.tokens[1].partner, 9u);
  EXPECT_EQ(stream.tokens[9].partner, 1u);
  EXPECT_EQ(stream.tokens[3].partner, 6u);
  Text broken("f(a } )");
  EXPECT_EQ(broken.lex().tokens[1].partner, 4u);
}

TEST(Lexer, GoesOnAfterWhatItDoesNotKnow) {
  Text source("a $$$ b ; c");
  EXPECT_EQ(source.lex().tokens.size(), 4u);
  EXPECT_EQ(source.diagnostics.errorCount(), 2u);
}

TEST(Lexer, BearsTextsThatEndAnywhere) {
  for (const char *text :
       {"", "\"", "\"\\", "/", "//", "1.", "1e", "1e+", "_", ".", "\\", "\xff", "\"{", "\0"}) {
    Text source(text);
    EXPECT_EQ(source.lex().tokens.back().kind, TokenKind::EndOfFile) << text;
  }
  Text zero(llvm::StringRef("a\0b", 3));
  EXPECT_EQ(zero.lex().tokens.size(), 3u);
}

} // namespace
} // namespace quern::frontend
