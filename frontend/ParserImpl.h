// The parser's state and its rules, shared by Parser.cpp (declarations, types), ParseStmt.cpp,
// ParseExpr.cpp and ParsePrimary.cpp.
#pragma once

#include "frontend/Parser.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace quern::frontend {

/// Recursive descent with one token of lookahead (and a scan over a label's pieces). A rule that
/// fails has reported why and returns null or false; statements and declarations are where parsing
/// goes on.
class Parser {
public:
  Parser(SourceFile &file, llvm::MutableArrayRef<Token> tokens, Diagnostics &diagnostics,
         unsigned nesting = 0)
      : file(file), tokens(tokens), diagnostics(diagnostics), nestingDepth(nesting) {}

  void parseFile();
  /// One expression and nothing after it.
  Expr *parseWhole();

private:
  /// Counts one level of recursion; false (after an error) beyond the limit.
  class Nesting {
  public:
    explicit Nesting(Parser &parser) : parser(parser) { ++parser.nestingDepth; }
    ~Nesting() { --parser.nestingDepth; }
    Nesting(const Nesting &) = delete;
    Nesting &operator=(const Nesting &) = delete;
    explicit operator bool() const {
      return parser.nestingDepth <= nestingLimit || parser.giveUp();
    }

  private:
    Parser &parser;
  };

  // Tokens.
  const Token &peek(unsigned ahead = 0) const {
    return tokens[std::min<size_t>(position + ahead, tokens.size() - 1)];
  }
  const Token &previous() const { return tokens[position == 0 ? 0 : position - 1]; }
  bool at(TokenKind kind) const { return peek().is(kind); }
  /// At a word that means something here only, and is a name elsewhere.
  bool atWord(StringRef word) const { return at(TokenKind::Identifier) && peek().text == word; }
  const Token &take() {
    const Token &token = peek();
    if (position + 1 < tokens.size())
      ++position;
    return token;
  }
  static Identifier identifier(const Token &token) { return {token.text, token.range()}; }
  /// A statement's line ended before the current token (inside parentheses and brackets none does).
  bool lineEnded() const { return parenDepth == 0 && peek().startsLine; }

  // Errors.
  /// Reports that `expected` was expected here. Returns false.
  bool fail(const std::string &expected);
  std::string foundText() const;
  bool expectLineEnd(const std::string &afterWhat);
  /// Whether an operator's right side is missing: reports it.
  bool valueIsMissing();
  /// Reports code nested too deeply and ends parsing. Returns false.
  bool giveUp();
  void skipToDeclaration();
  /// Goes on to the line after the statement that began at token `begin` and could not be parsed.
  void skipStatement(size_t begin);

  // Declarations and types.
  bool parseDeclaration();
  bool parseImport();
  bool parseConstant();
  bool parseCallable(Callable::Kind kind);
  bool parseParameters(Callable &callable);
  bool parseResults(Callable &callable);
  bool parseAdapter(CallExpr *&adapter);
  bool parseContract(Callable &callable);
  TypeExpr *parseType();
  TypeExpr *parseSimpleType();
  bool parseDimensions(TypeExpr &type);

  // Statements.
  bool parseBlock(Block &block);
  Stmt *parseStatement();
  Stmt *parseFor();
  Stmt *parseReturn();
  Stmt *parseRequire();
  Stmt *parseAssignment();
  bool atAssignment() const;
  bool parsePattern(Pattern &pattern);
  bool parsePatternItem(Pattern &pattern);

  // Operators, calls and indices (ParseExpr.cpp).
  Expr *parseTuple();
  Expr *parseExpr();
  Expr *parseBinary(unsigned level);
  Expr *parseNot();
  Expr *parseUnary();
  Expr *parsePower();
  Expr *parsePostfix();
  Expr *parseCall(Expr *callee);
  Expr *parseIndex(Expr *base);

  // What they stand between (ParsePrimary.cpp).
  struct Elements {
    llvm::SmallVector<Expr *> list;
    unsigned depth = 0;
  };
  Expr *parsePrimary();
  Expr *parseNumber();
  Expr *parseString();
  bool parseElements(TokenKind open, TokenKind close, StringRef what, Elements &elements);
  bool atLambda() const;
  Expr *parseLambda();
  Expr *parseParenthesized();
  Expr *parseBracketed();
  Expr *parseIf();
  Expr *parseLabelled();
  unsigned labelLength() const { return quern::frontend::labelLength(tokens, position); }
  bool parsePieces(StringRef text, llvm::SmallVectorImpl<TextPiece> &pieces, uint16_t &depth);

  /// `open item, item, ... close` with an optional comma at the end. Lines do not end inside.
  bool parseList(TokenKind open, TokenKind close, StringRef what, llvm::function_ref<bool()> item);

  /// Makes a node, or gives up where it would be deeper than the limit.
  template <typename T, typename... Args> T *makeDeep(unsigned depth, Args... args) {
    if (depth > depthLimit) {
      giveUp();
      return nullptr;
    }
    return file.make<T>(args..., static_cast<uint16_t>(depth));
  }
  template <typename T, typename... Args> T *makeStmt(unsigned depth, Args... args) {
    T *stmt = file.make<T>(args...);
    stmt->depth = static_cast<uint16_t>(depth);
    return stmt;
  }
  SMRange from(SMLoc start) const { return {start, previous().end()}; }

  SourceFile &file;
  llvm::MutableArrayRef<Token> tokens;
  Diagnostics &diagnostics;
  size_t position = 0;
  unsigned parenDepth = 0;
  bool gaveUp = false;
  unsigned nestingDepth;
};

} // namespace quern::frontend
