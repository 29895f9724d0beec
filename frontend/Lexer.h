// Text to tokens.
#pragma once

#include "frontend/Diagnostics.h"
#include "frontend/Token.h"

#include <vector>

namespace quern::frontend {

/// The tokens of one text, ending with EndOfFile, and its comments in order.
struct TokenStream {
  std::vector<Token> tokens;
  std::vector<Comment> comments;
};

/// Splits `text`, which lies in a buffer of the diagnostics' source manager, into tokens. Brackets
/// know their partners. Reports characters and literals that no token can hold, each once, and goes
/// on after them.
TokenStream lex(StringRef text, Diagnostics &diagnostics);

} // namespace quern::frontend
