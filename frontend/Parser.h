// Tokens to a syntax tree. frontend/README.md holds the grammar.
#pragma once

#include "frontend/Ast.h"

#include <memory>

namespace quern::frontend {

/// How deep expressions, blocks and types may nest: what bounds the recursion of everything that
/// walks the tree.
constexpr unsigned nestingLimit = 200;
/// How many operators may follow one another without parentheses (`a + b + ...`), nesting included.
constexpr unsigned depthLimit = 1000;

/// Parses `text`, which lies in a buffer of the diagnostics' source manager and outlives the
/// result. After a mistake it goes on with the next statement, so the tree is whole but for the
/// statements that were reported.
std::unique_ptr<SourceFile> parse(StringRef path, StringRef text, Diagnostics &diagnostics);

/// Parses `text` as one expression into `file`'s arena (a value given on the command line). Null
/// after an error.
Expr *parseExpression(SourceFile &file, StringRef text, Diagnostics &diagnostics);

/// How many tokens from `position` make up a label, up to and without its ':'; 0 where none starts.
unsigned labelLength(llvm::ArrayRef<Token> tokens, size_t position);

/// Whether `name` is an element type (`f32`).
bool isElementTypeName(StringRef name);

} // namespace quern::frontend
