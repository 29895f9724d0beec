// The parser's operators, calls and indices, from the loosest binding to the tightest.
#include "frontend/ParserImpl.h"

namespace quern::frontend {

namespace {

/// The operators of one level of precedence, loosest first. `not` binds between `and` and the
/// comparisons; minus and `**` bind tighter than all.
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

} // namespace quern::frontend
