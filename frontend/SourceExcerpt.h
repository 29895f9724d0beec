// A source line as a diagnostic shows it, and the marks below it.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <string>

namespace quern::frontend {

/// Two lines of text, to be printed one below the other.
struct SourceExcerpt {
  std::string line;
  /// A caret where the diagnostic is, tildes to the end of its range.
  std::string marks;
};

/// Shows `line` with a caret at the byte `caret` (its end, at most) and tildes up to the byte
/// `end`. Of a line that no screen holds only what lies around the caret is shown, dots where it
/// goes on. Tabs become spaces; what is no text, or would move a terminal's cursor, a question
/// mark.
SourceExcerpt excerptOf(llvm::StringRef line, size_t caret, size_t end);

} // namespace quern::frontend
