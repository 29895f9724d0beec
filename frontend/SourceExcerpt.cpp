#include "frontend/SourceExcerpt.h"

#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"

#include <algorithm>

namespace quern::frontend {
namespace {

constexpr size_t longestLine = 200, shownBefore = 80, shownOfLong = 160, tabStop = 8;

bool isContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

/// The character that `text` begins with: its bytes, or one byte of what is no UTF-8.
llvm::StringRef firstCharacter(llvm::StringRef text) {
  unsigned bytes = llvm::getNumBytesForUTF8(static_cast<llvm::UTF8>(text.front()));
  if (bytes > text.size() ||
      !llvm::isLegalUTF8Sequence(text.bytes_begin(), text.bytes_begin() + bytes))
    return text.take_front(1);
  return text.take_front(bytes);
}

/// Marks of as many columns as a character has.
std::string marksFor(size_t at, size_t caret, size_t end, size_t columns) {
  bool isInRange = at >= caret && at < end;
  std::string marks(columns, isInRange ? '~' : ' ');
  if (at == caret && columns > 0)
    marks.front() = '^';
  return marks;
}

} // namespace

SourceExcerpt excerptOf(llvm::StringRef line, size_t caret, size_t end) {
  caret = std::min(caret, line.size());
  size_t begin = 0, stop = line.size();
  if (line.size() > longestLine) {
    begin = caret > shownBefore ? caret - shownBefore : 0;
    stop = std::min(line.size(), begin + shownOfLong);
    while (begin > 0 && isContinuation(line[begin]))
      --begin;
    while (stop < line.size() && isContinuation(line[stop]))
      ++stop;
  }

  SourceExcerpt excerpt;
  if (begin > 0)
    excerpt = {"...", "   "};
  size_t column = excerpt.line.size();
  for (size_t at = begin; at < stop;) {
    llvm::StringRef character = firstCharacter(line.slice(at, stop));
    int columns = llvm::sys::unicode::columnWidthUTF8(character);
    if (character == "\t") {
      columns = static_cast<int>(tabStop - column % tabStop);
      excerpt.line.append(static_cast<size_t>(columns), ' ');
    } else if (columns < 0) {
      columns = 1;
      excerpt.line += '?';
    } else {
      excerpt.line += character;
    }
    excerpt.marks += marksFor(at, caret, end, static_cast<size_t>(columns));
    column += static_cast<size_t>(columns);
    at += character.size();
  }
  if (stop < line.size())
    excerpt.line += "...";
  if (caret == stop)
    excerpt.marks += '^';
  excerpt.marks.resize(llvm::StringRef(excerpt.marks).rtrim(' ').size());
  return excerpt;
}

} // namespace quern::frontend
