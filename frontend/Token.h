// One token of a .qn file, with what the formatter and the parser need to know about its
// surroundings.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"

#include <cstdint>

namespace quern::frontend {

enum class TokenKind : uint8_t {
#define TOKEN(KIND, NAME) KIND,
#include "frontend/Tokens.def"
};

/// How a message names a kind of token: "')'", "a name".
llvm::StringRef describe(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::EndOfFile;
  /// The first token of its line: statements end where a line does, outside parentheses and
  /// brackets.
  bool startsLine = false;
  /// No space or comment lies between the token before and this one, as in `layer{i}`.
  bool touchesPrevious = false;
  /// An empty line lies right before this token (between its last comment and it, if it has one).
  bool afterBlankLine = false;
  /// Characters between the token before and this one were reported to mean nothing.
  bool afterInvalid = false;
  /// The parser saw a statement or declaration begin here.
  bool startsStatement = false;
  /// The comments between the token before and this one: [firstComment, next token's firstComment).
  uint32_t firstComment = 0;
  /// Of a bracket: the index of its partner, or 0 where it has none.
  uint32_t partner = 0;
  llvm::StringRef text;

  bool is(TokenKind other) const { return kind == other; }
  bool isNot(TokenKind other) const { return kind != other; }
  template <typename... Kinds> bool isOneOf(Kinds... kinds) const {
    return ((kind == kinds) || ...);
  }
  bool isKeyword() const { return kind >= TokenKind::KwAnd && kind <= TokenKind::KwTrue; }

  llvm::SMLoc start() const { return llvm::SMLoc::getFromPointer(text.begin()); }
  llvm::SMLoc end() const { return llvm::SMLoc::getFromPointer(text.end()); }
  llvm::SMRange range() const { return {start(), end()}; }
};

/// A `//` comment. The formatter keeps each one.
struct Comment {
  llvm::StringRef text;
  /// Nothing but space lies before it on its line.
  bool ownLine = false;
  bool afterBlankLine = false;
};

} // namespace quern::frontend
