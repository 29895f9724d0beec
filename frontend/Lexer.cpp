#include "frontend/Lexer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"

namespace quern::frontend {

StringRef describe(TokenKind kind) {
  switch (kind) {
#define TOKEN(KIND, NAME)                                                                          \
  case TokenKind::KIND:                                                                            \
    return NAME;
#include "frontend/Tokens.def"
  }
  return "a token";
}

namespace {

bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
bool isNamePart(char c) { return llvm::isAlnum(c) || c == '_'; }

class Lexer {
public:
  Lexer(StringRef text, Diagnostics &diagnostics)
      : diagnostics(diagnostics), cursor(text.begin()), end(text.end()) {
    // What some editors put before a text in UTF-8.
    if (text.starts_with("\xEF\xBB\xBF"))
      cursor += 3;
  }

  TokenStream run() {
    while (lexOne()) {
    }
    pairBrackets();
    return std::move(stream);
  }

private:
  /// Skips blanks and gathers comments, then appends one token; false after the end of the file.
  bool lexOne() {
    Token token;
    token.firstComment = stream.comments.size();
    token.startsLine = stream.tokens.empty();
    const char *before = cursor;
    unsigned newlines = 0;
    bool blank = false;
    while (cursor != end) {
      char c = *cursor;
      if (c == '\n') {
        ++cursor;
        blank |= ++newlines > 1;
        token.startsLine = true;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++cursor;
      } else if (c == '/' && cursor + 1 != end && cursor[1] == '/') {
        StringRef rest(cursor, end - cursor);
        StringRef comment = rest.take_until([](char c) { return c == '\n'; });
        bool ownLine = newlines > 0 || (stream.tokens.empty() && stream.comments.empty());
        stream.comments.push_back({comment.rtrim(), ownLine, blank});
        if (!llvm::isLegalUTF8String(reinterpret_cast<const llvm::UTF8 **>(&cursor),
                                     reinterpret_cast<const llvm::UTF8 *>(comment.end())))
          diagnostics.report<diag::InvalidUtf8>(at(cursor, cursor + 1));
        cursor = comment.end();
        newlines = 0;
        blank = false;
      } else {
        break;
      }
    }
    token.afterBlankLine = blank;
    token.touchesPrevious = cursor == before && !stream.tokens.empty();
    const char *start = cursor;
    if (cursor == end) {
      token.kind = TokenKind::EndOfFile;
      token.text = StringRef(cursor, 0);
      token.startsLine = true;
      append(token);
      return false;
    }
    token.kind = lexKind();
    token.text = StringRef(start, cursor - start);
    if (token.kind == TokenKind::Invalid) {
      skippedInvalid = true;
      skippedLineStart |= token.startsLine;
      return true;
    }
    append(token);
    return true;
  }

  void append(Token &token) {
    token.afterInvalid = std::exchange(skippedInvalid, false);
    token.startsLine |= std::exchange(skippedLineStart, false);
    stream.tokens.push_back(token);
  }

  TokenKind lexKind() {
    char c = *cursor;
    if (isNameStart(c))
      return lexName();
    if (llvm::isDigit(c))
      return lexNumber();
    if (c == '"')
      return lexString();
    StringRef rest(cursor, end - cursor);
#define PUNCTUATION(KIND, SPELLING)                                                                \
  if (rest.starts_with(SPELLING)) {                                                                \
    cursor += StringRef(SPELLING).size();                                                          \
    return TokenKind::KIND;                                                                        \
  }
#include "frontend/Tokens.def"
    return lexUnknown();
  }

  TokenKind lexName() {
    const char *start = cursor;
    while (cursor != end && isNamePart(*cursor))
      ++cursor;
    return llvm::StringSwitch<TokenKind>(StringRef(start, cursor - start))
#define KEYWORD(KIND, SPELLING) .Case(SPELLING, TokenKind::KIND)
#include "frontend/Tokens.def"
        .Default(TokenKind::Identifier);
  }

  TokenKind lexNumber() {
    const char *start = cursor;
    TokenKind kind = TokenKind::Integer;
    skipDigits();
    // `0..n` is a range and `0.conv` a label: a point belongs to the number only before a digit.
    if (cursor + 1 < end && *cursor == '.' && llvm::isDigit(cursor[1])) {
      kind = TokenKind::Float;
      ++cursor;
      skipDigits();
    }
    if (cursor != end && (*cursor == 'e' || *cursor == 'E')) {
      const char *exponent = cursor + 1;
      if (exponent != end && (*exponent == '+' || *exponent == '-'))
        ++exponent;
      if (exponent != end && llvm::isDigit(*exponent)) {
        kind = TokenKind::Float;
        cursor = exponent;
        skipDigits();
      }
    }
    if (cursor != end && isNamePart(*cursor)) {
      while (cursor != end && isNamePart(*cursor))
        ++cursor;
      diagnostics.report<diag::InvalidNumber>(at(start, cursor), StringRef(start, cursor - start));
    }
    return kind;
  }

  void skipDigits() {
    while (cursor != end && (llvm::isDigit(*cursor) ||
                             (*cursor == '_' && cursor + 1 != end && llvm::isDigit(cursor[1]))))
      ++cursor;
  }

  TokenKind lexString() {
    const char *start = cursor++;
    while (cursor != end && *cursor != '"' && *cursor != '\n') {
      if (*cursor == '\\' && cursor + 1 != end && cursor[1] != '\n') {
        if (!StringRef("nt\\\"{}").contains(cursor[1]))
          diagnostics.report<diag::InvalidEscape>(at(cursor, cursor + 2), StringRef(cursor, 2));
        ++cursor;
      }
      ++cursor;
    }
    if (cursor == end || *cursor == '\n') {
      diagnostics.report<diag::UnterminatedString>(at(start, cursor));
      return TokenKind::String;
    }
    const char *check = start;
    if (!llvm::isLegalUTF8String(reinterpret_cast<const llvm::UTF8 **>(&check),
                                 reinterpret_cast<const llvm::UTF8 *>(cursor)))
      diagnostics.report<diag::InvalidUtf8>(at(check, check + 1));
    ++cursor;
    return TokenKind::String;
  }

  /// Takes the whole run of characters that start no token, so that one mistake is one error.
  TokenKind lexUnknown() {
    const char *start = cursor;
    auto known = [](char c) {
      return isNamePart(c) || llvm::isSpace(c) || StringRef("\"()[]{},:=+-*/%@<>|.").contains(c);
    };
    while (cursor != end && !known(*cursor))
      ++cursor;
    if (cursor == start)
      ++cursor;
    StringRef run(start, cursor - start);
    if (run == ";")
      diagnostics.report<diag::Semicolon>(at(start, cursor));
    else if (run.starts_with("&") || run.starts_with("!"))
      diagnostics.report<diag::WordOperator>(at(start, cursor), run,
                                             run.starts_with("&") ? "and" : "not");
    else if (run.starts_with("#"))
      diagnostics.report<diag::HashComment>(at(start, cursor));
    else if (isReadable(run))
      diagnostics.report<diag::UnknownCharacter>(at(start, cursor), fmt::format("'{}'", run));
    else
      diagnostics.report<diag::UnknownCharacter>(
          at(start, start + 1), fmt::format("byte 0x{:02x}", static_cast<unsigned char>(*start)));
    // What follows `#` on its line was meant as a comment.
    if (run.starts_with("#"))
      while (cursor != end && *cursor != '\n')
        ++cursor;
    return TokenKind::Invalid;
  }

  static bool isReadable(StringRef run) {
    const auto *begin = reinterpret_cast<const llvm::UTF8 *>(run.begin());
    return llvm::none_of(
               run, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
           llvm::isLegalUTF8String(&begin, reinterpret_cast<const llvm::UTF8 *>(run.end()));
  }

  void pairBrackets() {
    std::vector<uint32_t> open;
    size_t openBraces = 0;
    for (auto [index, token] : llvm::enumerate(stream.tokens)) {
      TokenKind opener = TokenKind::Invalid;
      switch (token.kind) {
      case TokenKind::LeftParen:
      case TokenKind::LeftBracket:
      case TokenKind::LeftBrace:
        openBraces += token.is(TokenKind::LeftBrace);
        open.push_back(index);
        continue;
      case TokenKind::RightParen:
        opener = TokenKind::LeftParen;
        break;
      case TokenKind::RightBracket:
        opener = TokenKind::LeftBracket;
        break;
      case TokenKind::RightBrace:
        opener = TokenKind::LeftBrace;
        break;
      default:
        continue;
      }
      // An opener of another kind in between was never closed; a brace outlives any of those.
      auto isOpener = [&](uint32_t i) { return stream.tokens[i].kind == opener; };
      if (opener == TokenKind::LeftBrace && openBraces > 0)
        while (!isOpener(open.back()))
          open.pop_back();
      if (!open.empty() && isOpener(open.back())) {
        token.partner = open.back();
        stream.tokens[open.back()].partner = index;
        openBraces -= opener == TokenKind::LeftBrace;
        open.pop_back();
      }
    }
  }

  static SMRange at(const char *start, const char *end) {
    return {SMLoc::getFromPointer(start), SMLoc::getFromPointer(end)};
  }

  Diagnostics &diagnostics;
  TokenStream stream;
  const char *cursor;
  const char *end;
  bool skippedInvalid = false;
  bool skippedLineStart = false;
};

} // namespace

TokenStream lex(StringRef text, Diagnostics &diagnostics) { return Lexer(text, diagnostics).run(); }

} // namespace quern::frontend
