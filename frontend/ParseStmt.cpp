// The parser's errors and recovery, blocks and statements.
#include "frontend/ParserImpl.h"

namespace quern::frontend {

std::string Parser::foundText() const {
  const Token &token = peek();
  if (token.isOneOf(TokenKind::Identifier, TokenKind::Integer, TokenKind::Float))
    return fmt::format("'{}'", token.text);
  return describe(token.kind).str();
}

bool Parser::fail(const std::string &expected) {
  const Token &token = peek();
  // What the lexer could not read has been reported; that it is missing follows. So it does after
  // giving up.
  if (token.afterInvalid || gaveUp)
    return false;
  SMRange range = token.range();
  std::string found = foundText();
  // What is missing at a line's end is missing there, not on the next line.
  if (token.startsLine && position > 0 && !token.startsStatement) {
    range = {previous().end(), previous().end()};
    if (token.isNot(TokenKind::EndOfFile))
      found = "the end of the line";
  }
  diagnostics.report<diag::Expected>(range, expected, found);
  return false;
}

bool Parser::valueIsMissing() {
  // An operator may end a line, but where the next begins with an assignment, something was
  // forgotten.
  return lineEnded() && at(TokenKind::Identifier) && peek(1).is(TokenKind::Equal) &&
         !fail("an expression");
}

bool Parser::expectLineEnd(const std::string &afterWhat) {
  if (peek().startsLine || at(TokenKind::RightBrace))
    return true;
  if (at(TokenKind::Equal))
    diagnostics.report<diag::NotAssignable>(peek().range());
  else if (!peek().afterInvalid)
    diagnostics.report<diag::ExpectedLineEnd>(peek().range(), afterWhat, foundText());
  return false;
}

bool Parser::giveUp() {
  diagnostics.report<diag::NestingTooDeep>(peek().range());
  gaveUp = true;
  position = tokens.size() - 1;
  return false;
}

void Parser::skipToDeclaration() {
  // The token at fault may be the only one on its line: always move on.
  while (!at(TokenKind::EndOfFile)) {
    take();
    if (peek().startsLine && peek(1).isNot(TokenKind::Colon) &&
        peek().isOneOf(TokenKind::KwImport, TokenKind::KwModule, TokenKind::KwModel,
                       TokenKind::KwPrimitive))
      return;
  }
}

void Parser::skipStatement(size_t begin) {
  // A bracket that the statement opened and that is closed belongs to it with all that is inside.
  for (size_t i = begin; i < position; ++i) {
    const Token &token = tokens[i];
    if (token.isOneOf(TokenKind::LeftParen, TokenKind::LeftBracket, TokenKind::LeftBrace) &&
        token.partner >= position) {
      position = token.partner;
      take();
      break;
    }
  }
  while (!at(TokenKind::EndOfFile) && !at(TokenKind::RightBrace) &&
         (position == begin || !peek().startsLine)) {
    uint32_t partner = peek().partner;
    if (peek().isOneOf(TokenKind::LeftParen, TokenKind::LeftBracket, TokenKind::LeftBrace) &&
        partner > position)
      position = partner;
    take();
  }
}

bool Parser::parseList(TokenKind open, TokenKind close, StringRef what,
                       llvm::function_ref<bool()> item) {
  if (!at(open))
    return fail(fmt::format("{} to begin {}", describe(open), what));
  SMRange opening = take().range();
  ++parenDepth;
  while (!at(close)) {
    if (at(TokenKind::EndOfFile) || at(TokenKind::RightBrace) || !item()) {
      if (at(TokenKind::EndOfFile) || at(TokenKind::RightBrace)) {
        fail(fmt::format("{} after {}", describe(close), what));
        if (!gaveUp)
          diagnostics.report<diag::ToMatch>(opening, describe(open));
      }
      return false;
    }
    if (at(TokenKind::Comma)) {
      take();
    } else if (!at(close)) {
      fail(fmt::format("',' or {} after {}", describe(close), what));
      diagnostics.report<diag::ToMatch>(opening, describe(open));
      return false;
    }
  }
  take();
  --parenDepth;
  return true;
}

bool Parser::parseBlock(Block &block) {
  Nesting nesting(*this);
  if (!nesting)
    return false;
  SMRange opening = take().range();
  unsigned outerParens = std::exchange(parenDepth, 0);
  llvm::SmallVector<Stmt *> statements;
  unsigned depth = 0;
  while (!at(TokenKind::RightBrace) && !at(TokenKind::EndOfFile)) {
    // A declaration at the margin means that this block was never closed.
    if (peek().startsLine && peek(1).is(TokenKind::Identifier) &&
        peek(2).is(TokenKind::LeftParen) &&
        peek().isOneOf(TokenKind::KwModule, TokenKind::KwModel, TokenKind::KwPrimitive))
      break;
    parenDepth = 0;
    size_t before = position;
    Stmt *statement = parseStatement();
    parenDepth = 0;
    if (statement && expectLineEnd("the statement")) {
      statements.push_back(statement);
      depth = std::max<unsigned>(depth, statement->depth);
    } else {
      skipStatement(before);
    }
  }
  parenDepth = outerParens;
  block.statements = file.copy<Stmt *>(statements);
  block.depth = depth;
  if (!at(TokenKind::RightBrace)) {
    if (!gaveUp) {
      fail("'}' to end the block");
      diagnostics.report<diag::ToMatch>(opening, "'{'");
    }
    return false;
  }
  take();
  block.range = {opening.Start, previous().end()};
  return true;
}

Stmt *Parser::parseStatement() {
  tokens[position].startsStatement = true;
  switch (peek().kind) {
  case TokenKind::KwFor:
    if (labelLength() == 0)
      return parseFor();
    break;
  case TokenKind::KwReturn:
    if (labelLength() == 0)
      return parseReturn();
    break;
  case TokenKind::KwRequire:
    if (labelLength() == 0)
      return parseRequire();
    break;
  default:
    if (atAssignment())
      return parseAssignment();
  }
  SMLoc start = peek().start();
  Expr *value = parseExpr();
  if (!value)
    return nullptr;
  return makeStmt<ExprStmt>(value->depth, from(start), value);
}

Stmt *Parser::parseFor() {
  SMLoc start = take().start();
  Identifier index;
  if (at(TokenKind::Identifier) && peek(1).is(TokenKind::Comma)) {
    index = identifier(take());
    take();
  }
  Pattern element;
  if (!parsePatternItem(element))
    return nullptr;
  if (!at(TokenKind::KwIn)) {
    fail("'in' after the loop's variable");
    return nullptr;
  }
  take();
  Expr *sequence = parseExpr();
  if (!sequence)
    return nullptr;
  if (!at(TokenKind::LeftBrace)) {
    fail("'{' to begin the loop's body");
    return nullptr;
  }
  Block body;
  if (!parseBlock(body))
    return nullptr;
  return makeStmt<ForStmt>(std::max(sequence->depth, body.depth), from(start), index, element,
                           sequence, body);
}

Stmt *Parser::parseReturn() {
  SMLoc start = take().start();
  Expr *value = nullptr;
  if (!lineEnded() && !at(TokenKind::RightBrace)) {
    value = parseTuple();
    if (!value)
      return nullptr;
  }
  return makeStmt<ReturnStmt>(value ? value->depth : 0, from(start), value);
}

Stmt *Parser::parseRequire() {
  SMLoc start = take().start();
  Expr *condition = parseExpr();
  if (!condition)
    return nullptr;
  if (!at(TokenKind::Comma)) {
    fail("',' and a message after the condition");
    return nullptr;
  }
  take();
  Expr *message = parseExpr();
  if (!message)
    return nullptr;
  return makeStmt<RequireStmt>(std::max(condition->depth, message->depth), from(start), condition,
                               message);
}

bool Parser::atAssignment() const {
  if (at(TokenKind::Identifier))
    return peek(1).isOneOf(TokenKind::Equal, TokenKind::PlusEqual, TokenKind::MinusEqual,
                           TokenKind::StarEqual, TokenKind::SlashEqual, TokenKind::Comma);
  // `(a, b) = ...`
  uint32_t partner = peek().partner;
  return at(TokenKind::LeftParen) && partner > position && partner + 1 < tokens.size() &&
         tokens[partner + 1].isOneOf(TokenKind::Equal, TokenKind::Comma);
}

Stmt *Parser::parseAssignment() {
  SMLoc start = peek().start();
  Pattern target;
  if (!parsePattern(target))
    return nullptr;
  BinaryOp op = BinaryOp::Add;
  bool compound = true;
  switch (peek().kind) {
  case TokenKind::Equal:
    compound = false;
    break;
  case TokenKind::PlusEqual:
    break;
  case TokenKind::MinusEqual:
    op = BinaryOp::Subtract;
    break;
  case TokenKind::StarEqual:
    op = BinaryOp::Multiply;
    break;
  case TokenKind::SlashEqual:
    op = BinaryOp::Divide;
    break;
  default:
    fail("'=' after the names");
    return nullptr;
  }
  SMRange opRange = take().range();
  Expr *value = valueIsMissing() ? nullptr : parseTuple();
  if (!value)
    return nullptr;
  if (compound) {
    if (!target.isName()) {
      diagnostics.report<diag::NotAssignable>(opRange);
      return nullptr;
    }
    auto *name = file.make<NameExpr>(target.range, target.name);
    value = makeDeep<BinaryExpr>(value->depth + 1, from(start), op, opRange,
                                 static_cast<Expr *>(name), value);
    if (!value)
      return nullptr;
  }
  return makeStmt<AssignStmt>(value->depth, from(start), target, value);
}

bool Parser::parsePattern(Pattern &pattern) {
  SMLoc start = peek().start();
  if (!parsePatternItem(pattern))
    return false;
  if (!at(TokenKind::Comma))
    return true;
  llvm::SmallVector<Pattern> elements = {pattern};
  while (at(TokenKind::Comma)) {
    take();
    if (!parsePatternItem(elements.emplace_back()))
      return false;
  }
  pattern = {from(start), "", file.copy<Pattern>(elements)};
  return true;
}

bool Parser::parsePatternItem(Pattern &pattern) {
  Nesting nesting(*this);
  if (!nesting)
    return false;
  if (at(TokenKind::Identifier)) {
    const Token &name = take();
    pattern = {name.range(), name.text, {}};
    return true;
  }
  SMLoc start = peek().start();
  if (!at(TokenKind::LeftParen))
    return fail("a name");
  llvm::SmallVector<Pattern> elements;
  if (!parseList(TokenKind::LeftParen, TokenKind::RightParen, "the names",
                 [&] { return parsePatternItem(elements.emplace_back()); }))
    return false;
  if (elements.empty()) {
    diagnostics.report<diag::NotAssignable>(from(start));
    return false;
  }
  pattern = {from(start), "", file.copy<Pattern>(elements)};
  return true;
}

} // namespace quern::frontend
