// The parser's expressions, from the loosest binding operator to literals and labels.
#include "frontend/ParserImpl.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

namespace quern::frontend {

namespace {

/// The operators of one level of precedence, loosest first. `not` binds between `and` and the
/// comparisons; minus and
/// `**` bind tighter than all.
struct Operator {
  TokenKind token;
  BinaryOp op;
};
constexpr Operator orLevel[] = {{TokenKind::KwOr, BinaryOp::Or}};
constexpr Operator andLevel[] = {{TokenKind::KwAnd, BinaryOp::And}};
constexpr Operator comparisonLevel[] = {
    {TokenKind::EqualEqual, BinaryOp::Equal}, {TokenKind::NotEqual, BinaryOp::NotEqual},
    {TokenKind::Less, BinaryOp::Less},        {TokenKind::LessEqual, BinaryOp::LessEqual},
    {TokenKind::Greater, BinaryOp::Greater},  {TokenKind::GreaterEqual, BinaryOp::GreaterEqual},
    {TokenKind::KwIn, BinaryOp::In}};
constexpr Operator rangeLevel[] = {{TokenKind::DotDot, BinaryOp::Range}};
constexpr Operator sumLevel[] = {{TokenKind::Plus, BinaryOp::Add},
                                 {TokenKind::Minus, BinaryOp::Subtract}};
constexpr Operator productLevel[] = {{TokenKind::Star, BinaryOp::Multiply},
                                     {TokenKind::Slash, BinaryOp::Divide},
                                     {TokenKind::Percent, BinaryOp::Remainder},
                                     {TokenKind::At, BinaryOp::MatMul}};
constexpr llvm::ArrayRef<Operator> levels[] = {orLevel,    andLevel, comparisonLevel,
                                               rangeLevel, sumLevel, productLevel};
constexpr unsigned notLevel = 2;
constexpr unsigned comparisons = 2;
constexpr unsigned ranges = 3;

} // namespace

Expr *Parser::parseTuple() {
  SMLoc start = peek().start();
  Expr *first = parseExpr();
  if (!first || !at(TokenKind::Comma) || lineEnded())
    return first;
  llvm::SmallVector<Expr *> elements = {first};
  unsigned depth = first->depth;
  while (at(TokenKind::Comma)) {
    take();
    Expr *next = parseExpr();
    if (!next)
      return nullptr;
    elements.push_back(next);
    depth = std::max<unsigned>(depth, next->depth);
  }
  return makeDeep<TupleExpr>(depth + 1, from(start), file.copy<Expr *>(elements));
}

Expr *Parser::parseExpr() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  return parseBinary(0);
}

Expr *Parser::parseBinary(unsigned level) {
  if (level == std::size(levels))
    return parseUnary();
  if (level == notLevel && at(TokenKind::KwNot) && labelLength() == 0)
    return parseNot();
  SMLoc start = peek().start();
  Expr *left = parseBinary(level + 1);
  while (left && !lineEnded()) {
    const Operator *found =
        llvm::find_if(levels[level], [&](const Operator &o) { return at(o.token); });
    if (found == levels[level].end())
      break;
    SMRange opRange = take().range();
    if (level == ranges && peek().isOneOf(TokenKind::RightBracket, TokenKind::Comma))
      return makeDeep<SliceExpr>(left->depth + 1, from(start), left, static_cast<Expr *>(nullptr));
    Expr *right = valueIsMissing() ? nullptr : parseBinary(level + 1);
    if (!right)
      return nullptr;
    left = makeDeep<BinaryExpr>(std::max(left->depth, right->depth) + 1, from(start), found->op,
                                opRange, left, right);
    if (left && (level == comparisons || level == ranges) && !lineEnded() &&
        llvm::any_of(levels[level], [&](const Operator &o) { return at(o.token); })) {
      diagnostics.report<diag::ChainedOperator>(peek().range(), peek().text);
      return nullptr;
    }
  }
  return left;
}

Expr *Parser::parseNot() {
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  SMLoc start = take().start();
  Expr *operand = parseBinary(notLevel);
  if (!operand)
    return nullptr;
  return makeDeep<UnaryExpr>(operand->depth + 1, from(start), UnaryOp::Not, operand);
}

Expr *Parser::parseUnary() {
  if (!at(TokenKind::Minus))
    return parsePower();
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  SMLoc start = take().start();
  Expr *operand = parseUnary();
  if (!operand)
    return nullptr;
  return makeDeep<UnaryExpr>(operand->depth + 1, from(start), UnaryOp::Negate, operand);
}

Expr *Parser::parsePower() {
  SMLoc start = peek().start();
  Expr *base = parsePostfix();
  if (!base || !at(TokenKind::StarStar) || lineEnded())
    return base;
  Nesting nesting(*this);
  if (!nesting)
    return nullptr;
  SMRange opRange = take().range();
  Expr *exponent = parseUnary();
  if (!exponent)
    return nullptr;
  return makeDeep<BinaryExpr>(std::max(base->depth, exponent->depth) + 1, from(start),
                              BinaryOp::Power, opRange, base, exponent);
}

Expr *Parser::parsePostfix() {
  Expr *expr = parsePrimary();
  while (expr && !lineEnded()) {
    if (at(TokenKind::LeftParen))
      expr = parseCall(expr);
    else if (at(TokenKind::LeftBracket))
      expr = parseIndex(expr);
    else
      break;
  }
  return expr;
}

Expr *Parser::parseCall(Expr *callee) {
  llvm::SmallVector<Argument> arguments;
  unsigned depth = callee->depth;
  bool sawKeyword = false;
  bool parsed = parseList(TokenKind::LeftParen, TokenKind::RightParen, "the arguments", [&] {
    Argument argument;
    if (peek(1).is(TokenKind::Equal) && (at(TokenKind::Identifier) || peek().isKeyword())) {
      argument.name = identifier(take());
      take();
      sawKeyword = true;
    } else if (sawKeyword) {
      diagnostics.report<diag::PositionalAfterKeyword>(peek().range());
      return false;
    }
    argument.value = parseExpr();
    if (!argument.value)
      return false;
    depth = std::max<unsigned>(depth, argument.value->depth);
    arguments.push_back(argument);
    return true;
  });
  if (!parsed)
    return nullptr;
  return makeDeep<CallExpr>(depth + 1, from(callee->range.Start), callee,
                            file.copy<Argument>(arguments));
}

Expr *Parser::parseIndex(Expr *base) {
  llvm::SmallVector<Expr *> indices;
  unsigned depth = base->depth;
  SMLoc bracket = peek().start();
  bool parsed = parseList(TokenKind::LeftBracket, TokenKind::RightBracket, "the indices", [&] {
    SMLoc start = peek().start();
    Expr *index = nullptr;
    if (at(TokenKind::Ellipsis)) {
      take();
      index = file.make<EllipsisExpr>(from(start));
    } else if (at(TokenKind::DotDot)) {
      take();
      Expr *high = nullptr;
      if (!peek().isOneOf(TokenKind::RightBracket, TokenKind::Comma)) {
        high = parseExpr();
        if (!high)
          return false;
      }
      index = makeDeep<SliceExpr>((high ? high->depth : 0) + 1, from(start),
                                  static_cast<Expr *>(nullptr), high);
    } else {
      index = parseExpr();
    }
    if (!index)
      return false;
    depth = std::max<unsigned>(depth, index->depth);
    indices.push_back(index);
    return true;
  });
  if (!parsed)
    return nullptr;
  if (indices.empty()) {
    diagnostics.report<diag::EmptyIndex>(from(bracket));
    return nullptr;
  }
  return makeDeep<IndexExpr>(depth + 1, from(base->range.Start), base, file.copy<Expr *>(indices));
}

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
    return parseParenthesized();
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

Expr *Parser::parseParenthesized() {
  SMLoc start = peek().start();
  llvm::SmallVector<Expr *> elements;
  unsigned depth = 0;
  if (!parseList(TokenKind::LeftParen, TokenKind::RightParen, "the expression", [&] {
        Expr *element = parseExpr();
        if (!element)
          return false;
        depth = std::max<unsigned>(depth, element->depth);
        elements.push_back(element);
        return true;
      }))
    return nullptr;
  bool isTuple = elements.size() != 1 || tokens[position - 2].is(TokenKind::Comma);
  if (!isTuple)
    return elements.front();
  return makeDeep<TupleExpr>(depth + 1, from(start), file.copy<Expr *>(elements));
}

Expr *Parser::parseBracketed() {
  SMLoc start = peek().start();
  llvm::SmallVector<Expr *> elements;
  unsigned depth = 0;
  if (!parseList(TokenKind::LeftBracket, TokenKind::RightBracket, "the list", [&] {
        Expr *element = parseExpr();
        if (!element)
          return false;
        depth = std::max<unsigned>(depth, element->depth);
        elements.push_back(element);
        return true;
      }))
    return nullptr;
  return makeDeep<ListExpr>(depth + 1, from(start), file.copy<Expr *>(elements));
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
