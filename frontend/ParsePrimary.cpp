// The parser's literals, lists, conditionals and labels: what operators have on their sides.
#include "frontend/ParserImpl.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

namespace quern::frontend {

Expr *Parser::parsePrimary() {
  if (labelLength() > 0)
    return parseLabelled();
  switch (peek().kind) {
  case TokenKind::Integer:
  case TokenKind::Float:
    return parseNumber();
  case TokenKind::String:
    return parseString();
  case TokenKind::Identifier: {
    const Token &name = take();
    return file.make<NameExpr>(name.range(), name.text);
  }
  case TokenKind::KwTrue:
  case TokenKind::KwFalse: {
    const Token &word = take();
    return file.make<BoolExpr>(word.range(), word.is(TokenKind::KwTrue));
  }
  case TokenKind::KwNone:
    return file.make<NoneExpr>(take().range());
  case TokenKind::LeftParen:
    return atLambda() ? parseLambda() : parseParenthesized();
  case TokenKind::LeftBracket:
    return parseBracketed();
  case TokenKind::KwIf:
    return parseIf();
  case TokenKind::LeftBrace:
    diagnostics.report<diag::BareBlock>(peek().range());
    return nullptr;
  default:
    fail("an expression");
    return nullptr;
  }
}

Expr *Parser::parseNumber() {
  const Token &token = take();
  std::string digits;
  for (char c : token.text)
    if (c != '_')
      digits += c;
  if (token.is(TokenKind::Integer)) {
    int64_t value = 0;
    // A malformed number was reported by the lexer.
    if (StringRef(digits)
            .take_while([](char c) { return llvm::isDigit(c); })
            .getAsInteger(10, value)) {
      diagnostics.report<diag::IntegerTooLarge>(token.range());
      return nullptr;
    }
    return file.make<IntegerExpr>(token.range(), value);
  }
  double value = std::strtod(digits.c_str(), nullptr);
  if (!std::isfinite(value)) {
    diagnostics.report<diag::FloatTooLarge>(token.range());
    return nullptr;
  }
  return file.make<FloatExpr>(token.range(), value);
}

Expr *Parser::parseString() {
  const Token &token = take();
  StringRef text = token.text.drop_front();
  text.consume_back("\"");
  llvm::SmallVector<TextPiece> pieces;
  uint16_t depth = 1;
  if (!parsePieces(text, pieces, depth))
    return nullptr;
  return makeDeep<StringExpr>(depth + 1, token.range(), file.copy<TextPiece>(pieces));
}

bool Parser::parsePieces(StringRef text, llvm::SmallVectorImpl<TextPiece> &pieces,
                         uint16_t &depth) {
  llvm::SmallString<64> literal;
  auto flush = [&] {
    if (!literal.empty()) {
      auto characters = file.copy<char>({literal.data(), literal.size()});
      pieces.push_back({StringRef(characters.data(), characters.size()), nullptr});
    }
    literal.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      char escaped = text[++i];
      literal += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
      continue;
    }
    if (text[i] != '{') {
      literal += text[i];
      continue;
    }
    size_t end = text.find('}', i);
    SMRange brace{SMLoc::getFromPointer(text.data() + i),
                  SMLoc::getFromPointer(text.data() + i + 1)};
    if (end == StringRef::npos) {
      diagnostics.report<diag::UnclosedInterpolation>(brace);
      return false;
    }
    flush();
    Nesting nesting(*this);
    unsigned errorsBefore = diagnostics.errorCount();
    TokenStream inner = lex(text.slice(i + 1, end), diagnostics);
    if (!nesting || diagnostics.errorCount() != errorsBefore)
      return false;
    Expr *value = Parser(file, inner.tokens, diagnostics, nestingDepth).parseWhole();
    if (!value)
      return false;
    depth = std::max(depth, value->depth);
    pieces.push_back({"", value});
    i = end;
  }
  flush();
  return true;
}

bool Parser::parseElements(TokenKind open, TokenKind close, StringRef what, Elements &elements) {
  return parseList(open, close, what, [&] {
    Expr *element = parseExpr();
    if (!element)
      return false;
    elements.depth = std::max<unsigned>(elements.depth, element->depth);
    elements.list.push_back(element);
    return true;
  });
}

bool Parser::atLambda() const {
  uint32_t partner = peek().partner;
  return at(TokenKind::LeftParen) && partner > position && partner + 1 < tokens.size() &&
         tokens[partner + 1].is(TokenKind::FatArrow);
}

Expr *Parser::parseLambda() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  auto *lambda = file.make<Callable>();
  SMLoc start = peek().start();
  llvm::SmallVector<Parameter> parameters;
  bool parsed = parseList(TokenKind::LeftParen, TokenKind::RightParen, "the parameters", [&] {
    if (!at(TokenKind::Identifier))
      return fail("the name of a parameter");
    Parameter parameter;
    parameter.name = identifier(take());
    parameter.type = file.make<TypeExpr>();
    parameter.type->kind = TypeExpr::Kind::Static;
    parameter.type->range = parameter.name.range;
    parameter.type->name = "any";
    parameters.push_back(parameter);
    return true;
  });
  if (!parsed)
    return nullptr;
  take();
  Expr *value = parseExpr();
  if (!value)
    return nullptr;
  Stmt *body = makeStmt<ReturnStmt>(value->depth, value->range, value);
  SMRange range = from(start);
  lambda->kind = Callable::Kind::Module;
  lambda->range = range;
  lambda->name = {StringRef(start.getPointer(), range.End.getPointer() - start.getPointer()),
                  range};
  lambda->parameters = file.copy<Parameter>(parameters);
  lambda->body = {value->range, file.copy<Stmt *>({body}), value->depth};
  file.lambdas.push_back(lambda);
  return makeDeep<LambdaExpr>(value->depth + 1u, range, static_cast<const Callable *>(lambda));
}

Expr *Parser::parseParenthesized() {
  SMLoc start = peek().start();
  Elements elements;
  if (!parseElements(TokenKind::LeftParen, TokenKind::RightParen, "the expression", elements))
    return nullptr;
  bool isTuple = elements.list.size() != 1 || tokens[position - 2].is(TokenKind::Comma);
  if (!isTuple)
    return elements.list.front();
  return makeDeep<TupleExpr>(elements.depth + 1, from(start), file.copy<Expr *>(elements.list));
}

Expr *Parser::parseBracketed() {
  SMLoc start = peek().start();
  Elements elements;
  if (!parseElements(TokenKind::LeftBracket, TokenKind::RightBracket, "the list", elements))
    return nullptr;
  return makeDeep<ListExpr>(elements.depth + 1, from(start), file.copy<Expr *>(elements.list));
}

Expr *Parser::parseIf() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  SMLoc start = take().start();
  Expr *condition = parseExpr();
  if (!condition)
    return nullptr;
  if (!at(TokenKind::LeftBrace)) {
    fail("'{' after the condition");
    return nullptr;
  }
  Block then;
  if (!parseBlock(then))
    return nullptr;
  unsigned depth = std::max(condition->depth, then.depth);
  Expr *otherwise = nullptr;
  if (at(TokenKind::KwElse)) {
    SMLoc elseStart = take().start();
    if (at(TokenKind::KwIf)) {
      otherwise = parseIf();
    } else if (at(TokenKind::LeftBrace)) {
      Block block;
      if (parseBlock(block))
        otherwise = makeDeep<BlockExpr>(block.depth + 1u, from(elseStart), block);
    } else {
      fail("'{' or 'if' after 'else'");
    }
    if (!otherwise)
      return nullptr;
    depth = std::max<unsigned>(depth, otherwise->depth);
  }
  return makeDeep<IfExpr>(depth + 1, from(start), condition, then, otherwise);
}

unsigned labelLength(llvm::ArrayRef<Token> tokens, size_t position) {
  size_t i = position;
  bool first = true;
  while (i < tokens.size()) {
    const Token &token = tokens[i];
    if (!first && token.is(TokenKind::Colon))
      return i - position;
    if (!first && !token.touchesPrevious)
      return 0;
    if (token.is(TokenKind::LeftBrace)) {
      if (token.partner <= i)
        return 0;
      i = token.partner;
    } else if (!token.isOneOf(TokenKind::Identifier, TokenKind::Integer, TokenKind::Float) &&
               !token.isKeyword() && (first || token.isNot(TokenKind::Dot))) {
      return 0;
    }
    first = false;
    ++i;
  }
  return 0;
}

Expr *Parser::parseLabelled() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  SMLoc start = peek().start();
  unsigned length = labelLength();
  SMLoc end = tokens[position + length - 1].end();
  StringRef text(start.getPointer(), end.getPointer() - start.getPointer());
  llvm::SmallVector<TextPiece> pieces;
  uint16_t depth = 1;
  if (text.contains("..") || text.ends_with(".")) {
    diagnostics.report<diag::EmptyLabelPart>({start, end});
    return nullptr;
  }
  if (!parsePieces(text, pieces, depth))
    return nullptr;
  position += length;
  take();
  Label label{{start, end}, file.copy<TextPiece>(pieces)};
  Expr *operand = nullptr;
  if (at(TokenKind::LeftBrace) && labelLength() == 0) {
    SMLoc blockStart = peek().start();
    Block block;
    if (!parseBlock(block))
      return nullptr;
    operand = makeDeep<BlockExpr>(block.depth + 1u, from(blockStart), block);
  } else {
    operand = parsePostfix();
  }
  if (!operand)
    return nullptr;
  if (!llvm::isa<CallExpr, BlockExpr, LabelledExpr>(operand)) {
    diagnostics.report<diag::LabelNeedsCall>(operand->range);
    diagnostics.report<diag::LabelHere>(label.range);
    return nullptr;
  }
  return makeDeep<LabelledExpr>(std::max<unsigned>(depth, operand->depth) + 1, from(start), label,
                                operand);
}

} // namespace quern::frontend
