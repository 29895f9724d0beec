#include "frontend/TokenSpacing.h"

#include "frontend/Parser.h"

namespace quern::frontend {

using enum TokenKind;

TokenSpacing::TokenSpacing(llvm::ArrayRef<Token> tokens)
    : tokens(tokens), isTemplateBrace(tokens.size()) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    size_t end = i + labelLength(tokens, i);
    for (size_t k = i; k < end; ++k) {
      if (tokens[k].is(LeftBrace)) {
        isTemplateBrace.set(k);
        k = tokens[k].partner;
        isTemplateBrace.set(k);
      }
    }
  }
}

bool TokenSpacing::opensBlock(size_t i) const {
  return tokens[i].is(LeftBrace) && !isTemplateBrace[i];
}

bool TokenSpacing::isUnary(size_t i) const {
  if (tokens[i].isNot(Minus))
    return false;
  if (i == 0 || tokens[i].startsStatement)
    return true;
  const Token &before = tokens[i - 1];
  if (before.isOneOf(Identifier, Integer, Float, String, RightParen, RightBracket, RightBrace,
                     KwTrue, KwFalse, KwNone))
    return false;
  return true;
}

bool TokenSpacing::isContractWord(size_t i) const {
  return i > 0 && tokens[i].is(Identifier) && !tokens[i].startsStatement &&
         (tokens[i].text == "over" || tokens[i].text == "by" || tokens[i].text == "ahead") &&
         tokens[i - 1].isOneOf(Identifier, RightParen, RightBracket);
}

unsigned TokenSpacing::looseness(size_t i) const {
  switch (tokens[i].kind) {
  case Comma:
    return 1;
  case KwOr:
    return 2;
  case KwAnd:
    return 3;
  case EqualEqual:
  case NotEqual:
  case Less:
  case LessEqual:
  case Greater:
  case GreaterEqual:
    return 4;
  case Plus:
    return 5;
  case Minus:
    return isUnary(i) ? 0 : 5;
  case Star:
  case Slash:
  case Percent:
  case At:
    return 6;
  case StarStar:
    return 7;
  default:
    return 0;
  }
}

bool TokenSpacing::spaceBetween(size_t left, size_t right) const {
  const Token &a = tokens[left], &b = tokens[right];
  if (b.isOneOf(Comma, Colon, RightParen, RightBracket) || a.isOneOf(LeftParen, LeftBracket))
    return false;
  if (a.is(Dot) || b.is(Dot))
    return false;
  // `a[.. , 1]` keeps no space about a range, but a comma has one after it.
  if (a.is(DotDot) || (b.is(DotDot) && a.isNot(Comma)))
    return false;
  if (isTemplateBrace[left] && (a.is(LeftBrace) || b.touchesPrevious))
    return false;
  if (isTemplateBrace[right] && (b.is(RightBrace) || b.touchesPrevious))
    return false;
  if (isUnary(left))
    return false;
  if (b.isOneOf(LeftParen, LeftBracket))
    return !a.isOneOf(Identifier, String, RightParen, RightBracket, RightBrace) ||
           isContractWord(left);
  return true;
}

} // namespace quern::frontend
