// The line below a diagnostic: no longer than a screen, the caret below the right column.
#include "frontend/SourceExcerpt.h"

#include "tests/frontend/Syntax.h"

#include <gtest/gtest.h>

namespace quern::frontend {
namespace {

TEST(SourceExcerpt, MarksARange) {
  SourceExcerpt excerpt = excerptOf("y = conv(x)", 4, 8);
  EXPECT_EQ(excerpt.line, "y = conv(x)");
  EXPECT_EQ(excerpt.marks, "    ^~~~");
}

TEST(SourceExcerpt, PointsBehindALine) {
  EXPECT_EQ(excerptOf("y =", 3, 3).marks, "   ^");
  EXPECT_EQ(excerptOf("", 0, 5).marks, "^");
  EXPECT_EQ(excerptOf("y =", 99, 100).marks, "   ^");
}

TEST(SourceExcerpt, CountsColumnsAsATerminalDoes) {
  EXPECT_EQ(excerptOf("größe = ñ", 10, 12).marks, "        ^");
  EXPECT_EQ(excerptOf("格 = x", 6, 7).marks, "     ^");
  SourceExcerpt tabs = excerptOf("a\tb", 2, 3);
  EXPECT_EQ(tabs.line, "a       b");
  EXPECT_EQ(tabs.marks, "        ^");
}

TEST(SourceExcerpt, SendsNothingToTheTerminalButText) {
  SourceExcerpt excerpt = excerptOf("a\x1b[2J\xff z", 7, 8);
  EXPECT_EQ(excerpt.line, "a?[2J? z");
  EXPECT_EQ(excerpt.marks, "       ^");
}

TEST(SourceExcerpt, ShowsThePlaceInALongLine) {
  std::string line = std::string(100000, 'a') + "HERE" + std::string(100000, 'b');
  SourceExcerpt excerpt = excerptOf(line, 100000, 100004);
  EXPECT_LT(excerpt.line.size(), 200U);
  EXPECT_TRUE(llvm::StringRef(excerpt.line).starts_with("...aaa"));
  EXPECT_TRUE(llvm::StringRef(excerpt.line).ends_with("bbb..."));
  EXPECT_EQ(excerpt.line.substr(excerpt.marks.find('^'), 4), "HERE");
  EXPECT_TRUE(llvm::StringRef(excerpt.marks).ends_with(" ^~~~"));
}

TEST(SourceExcerpt, CutsALongLineBetweenCharacters) {
  std::string line;
  for (int i = 0; i < 1000; ++i)
    line += "ß";
  for (size_t caret = 400; caret < 404; caret += 2) {
    SourceExcerpt excerpt = excerptOf(line, caret, caret + 2);
    EXPECT_EQ(excerpt.line.find('?'), std::string::npos) << excerpt.line;
  }
}

TEST(SourceExcerpt, OfAWholeRangeStaysShort) {
  Text text("x = " + std::string(200000, 'y') + " $");
  text.parse();
  EXPECT_NE(text.messages, "");
  EXPECT_LT(text.messages.size(), 2000U);
}

} // namespace
} // namespace quern::frontend
