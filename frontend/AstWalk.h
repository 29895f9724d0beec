// Going through a syntax tree without evaluating it.
#pragma once

#include "frontend/Ast.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"

namespace quern::frontend {

/// What is done with the expressions and blocks directly inside a node, in the order written. A
/// lambda has none: its body is a module of its own.
struct ChildVisitor {
  llvm::function_ref<void(const Expr &)> onExpr;
  llvm::function_ref<void(const Block &)> onBlock;
};
void visitChildren(const Expr &expr, ChildVisitor visitor);
void visitChildren(const Stmt &stmt, ChildVisitor visitor);

/// What running a part of a body may do to the module that it belongs to.
struct Effects {
  llvm::SmallSetVector<StringRef, 8> assigned;
  bool returns = false;
};
Effects effectsOf(const Block &block);
Effects effectsOf(const Stmt &stmt);
Effects effectsOf(const Expr &expr);

} // namespace quern::frontend
