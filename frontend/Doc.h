// Documents that choose their own line breaks (after Wadler, "A prettier printer"): what the
// formatter builds.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Allocator.h"

#include <string>
#include <vector>

namespace quern::frontend {

/// A piece of layout. A group is printed on one line if it fits and no line of it is hard;
/// otherwise its own lines (not those of groups inside it) break.
struct Doc {
  enum class Kind : uint8_t { Text, Line, HardLine, Suffix, Concat, Indent, Group };
  Kind kind = Kind::Text;
  /// Of a line: nothing rather than a space where it does not break. Of a hard line: an empty line
  /// before it.
  bool flag = false;
  /// Of a group: always broken.
  bool forced = false;
  /// Of an indent: columns.
  int columns = 0;
  llvm::StringRef text;
  std::vector<const Doc *> children;
};

/// Makes documents and keeps them alive.
class DocBuilder {
public:
  const Doc *text(llvm::StringRef text) {
    return make({Doc::Kind::Text, false, false, 0, text, {}});
  }
  /// A space, or a new line in a broken group.
  const Doc *line() { return make({Doc::Kind::Line, false, false, 0, "", {}}); }
  /// Nothing, or a new line in a broken group.
  const Doc *softLine() { return make({Doc::Kind::Line, true, false, 0, "", {}}); }
  const Doc *hardLine(bool blankBefore = false) {
    return make({Doc::Kind::HardLine, blankBefore, false, 0, "", {}});
  }
  /// Text that is held back until the line ends: a comment.
  const Doc *suffix(llvm::StringRef text) {
    return make({Doc::Kind::Suffix, false, false, 0, text, {}});
  }
  const Doc *concat(std::vector<const Doc *> parts) {
    return make({Doc::Kind::Concat, false, false, 0, "", std::move(parts)});
  }
  const Doc *indent(const Doc *doc, int columns = 4) {
    return make({Doc::Kind::Indent, false, false, columns, "", {doc}});
  }
  const Doc *group(const Doc *doc, bool forced = false) {
    return make({Doc::Kind::Group, false, forced, 0, "", {doc}});
  }

private:
  const Doc *make(Doc doc) { return new (arena.Allocate()) Doc(std::move(doc)); }
  llvm::SpecificBumpPtrAllocator<Doc> arena;
};

/// Columns of the document on one line, up to its first hard line.
unsigned flatWidth(const Doc *doc);

/// Prints the document in lines of at most `width` columns where that is possible. Lines have no
/// trailing space.
std::string print(const Doc *doc, unsigned width);

} // namespace quern::frontend
