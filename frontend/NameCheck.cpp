#include "frontend/NameCheck.h"

#include "frontend/AstWalk.h"
#include "frontend/Elaborator.h"

namespace quern::frontend {

namespace {

/// The names of one module, and of those around it where it is a lambda.
struct Scope {
  const Scope *outer = nullptr;
  llvm::SmallSetVector<StringRef, 16> names;

  bool knows(StringRef name) const { return names.contains(name) || (outer && outer->knows(name)); }
};

class NameChecker {
public:
  NameChecker(Program &program, const SourceFile &file, Diagnostics &diagnostics,
              mlir::MLIRContext &context)
      : program(program), file(file), builder(&context), elaborator(program, diagnostics, builder) {
  }

  void run() {
    Frame frame;
    frame.file = &file;
    Elaborator::Enter enter(elaborator, frame);
    for (const Constant *constant : file.constants) {
      Scope none;
      check(*constant->value, none);
    }
    for (const Callable *callable : file.callables)
      check(*callable, nullptr);
  }

private:
  void check(const Callable &callable, const Scope *outer) {
    Scope scope;
    scope.outer = outer;
    for (const Parameter &parameter : callable.parameters) {
      scope.names.insert(parameter.name.text);
      addSymbols(*parameter.type, scope);
    }
    for (const Result &result : callable.results)
      addSymbols(*result.type, scope);
    Effects effects = effectsOf(callable.body);
    scope.names.insert_range(effects.assigned);

    for (const Parameter &parameter : callable.parameters) {
      check(*parameter.type, scope);
      if (parameter.defaultValue)
        checkArgument(*parameter.defaultValue, mentionsAxis(*parameter.type), scope);
      checkAdapter(parameter.adapter, scope);
    }
    for (const Result &result : callable.results) {
      check(*result.type, scope);
      checkAdapter(result.adapter, scope);
    }
    if (callable.contract)
      for (const Expr *expr : {callable.contract->order, callable.contract->ahead})
        if (expr)
          check(*expr, scope);
    check(callable.body, scope);
  }

  /// A name by itself in a shape takes the size that it meets.
  static void addSymbols(const TypeExpr &type, Scope &scope) {
    for (const TypeExpr *operand : type.operands)
      addSymbols(*operand, scope);
    for (const Dimension &dimension : type.dimensions)
      if (const auto *name = llvm::dyn_cast_or_null<NameExpr>(dimension.size))
        scope.names.insert(name->name);
  }

  void check(const TypeExpr &type, const Scope &scope) {
    for (const TypeExpr *operand : type.operands)
      check(*operand, scope);
    for (const Dimension &dimension : type.dimensions)
      for (const Expr *expr : {dimension.size, dimension.defaultSize})
        if (expr)
          check(*expr, scope);
  }

  /// What an adapter is called is no name of the program.
  void checkAdapter(const CallExpr *adapter, const Scope &scope) {
    if (adapter)
      for (const Argument &argument : adapter->arguments)
        checkArgument(*argument.value, /*isAxis=*/true, scope);
  }

  void check(const Block &block, const Scope &scope) {
    for (const Stmt *stmt : block.statements)
      visitChildren(*stmt, {[&](const Expr &expr) { check(expr, scope); },
                            [&](const Block &inner) { check(inner, scope); }});
  }

  void check(const Expr &expr, const Scope &scope) {
    if (const auto *name = llvm::dyn_cast<NameExpr>(&expr))
      return check(*name, scope);
    if (const auto *call = llvm::dyn_cast<CallExpr>(&expr))
      return check(*call, scope);
    if (const auto *lambda = llvm::dyn_cast<LambdaExpr>(&expr))
      return check(*lambda->callable, &scope);
    visitChildren(expr, {[&](const Expr &inner) { check(inner, scope); },
                         [&](const Block &inner) { check(inner, scope); }});
  }

  void check(const NameExpr &expr, const Scope &scope) {
    if (scope.knows(expr.name) || program.find(file, expr.name) ||
        elementTypeNamed(expr.name, *builder.getContext()))
      return;
    std::vector<StringRef> local;
    for (const Scope *around = &scope; around; around = around->outer)
      llvm::append_range(local, around->names);
    elaborator.reportUnknown(expr, local);
  }

  void check(const CallExpr &call, const Scope &scope) {
    const auto *name = llvm::dyn_cast<NameExpr>(call.callee);
    const Definition *definition =
        name && !scope.knows(name->name) ? program.find(file, name->name) : nullptr;
    const Callable *callee = definition ? definition->callable : nullptr;
    if (!callee) {
      check(*call.callee, scope);
      // Whatever is called may take axes.
      for (const Argument &argument : call.arguments)
        checkArgument(*argument.value, /*isAxis=*/true, scope);
      return;
    }
    if (callee->kind == Callable::Kind::Model)
      elaborator.error<diag::ModelCalled>(call.range, callee->name.text);
    llvm::SmallVector<const Argument *> byParameter;
    elaborator.assignArguments(*callee, call.arguments, call.range, byParameter);
    for (const Argument &argument : call.arguments) {
      size_t target = llvm::find(byParameter, &argument) - byParameter.begin();
      checkArgument(*argument.value,
                    target < byParameter.size() && mentionsAxis(*callee->parameters[target].type),
                    scope);
    }
  }

  void checkArgument(const Expr &expr, bool isAxis, const Scope &scope) {
    const auto *name = llvm::dyn_cast<NameExpr>(&expr);
    if (isAxis && name && isAxisName(name->name))
      return;
    if (isAxis && llvm::isa<ListExpr, TupleExpr>(expr))
      return visitChildren(expr, {[&](const Expr &element) { checkArgument(element, true, scope); },
                                  [](const Block &) {}});
    check(expr, scope);
  }

  Program &program;
  const SourceFile &file;
  mlir::OpBuilder builder;
  Elaborator elaborator;
};

} // namespace

void checkNames(Program &program, const SourceFile &file, Diagnostics &diagnostics,
                mlir::MLIRContext &context) {
  NameChecker(program, file, diagnostics, context).run();
}

} // namespace quern::frontend
