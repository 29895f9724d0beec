// How tokens stand beside each other: what a space is between, and where a line may end.
#pragma once

#include "frontend/Token.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/BitVector.h"

namespace quern::frontend {

/// Answers for the tokens of one file, which must outlive it. Tokens are named by their index.
class TokenSpacing {
public:
  explicit TokenSpacing(llvm::ArrayRef<Token> tokens);

  /// Whether the token is the brace of a block, not that of a label's "{i}".
  bool opensBlock(size_t i) const;
  /// How loosely the token binds where a line may end after it: 1 the loosest, 0 where none may.
  unsigned looseness(size_t i) const;
  /// Whether a space is between two neighbours on one line.
  bool spaceBetween(size_t left, size_t right) const;

private:
  /// A minus that has no left operand.
  bool isUnary(size_t i) const;
  /// `over`, `by` or `ahead` of a contract: a name that follows another, or a closing parenthesis.
  bool isContractWord(size_t i) const;

  llvm::ArrayRef<Token> tokens;
  llvm::BitVector isTemplateBrace;
};

} // namespace quern::frontend
