#include "codegen/halide/MultiplicationCount.h"

#include "codegen/halide/Lets.h"
#include "codegen/halide/ValueNumbers.h"

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace quern::codegen {
namespace {

namespace hi = Halide::Internal;

/// The buffers that something is read from.
class ReadBuffers final : public hi::IRVisitor {
public:
  std::set<std::string> names;

private:
  using IRVisitor::visit;
  void visit(const hi::Load *op) override {
    IRVisitor::visit(op);
    names.insert(op->name);
  }
};

class Walk final : public hi::IRGraphVisitor {
public:
  explicit Walk(std::set<std::string> read) : read(std::move(read)) {}
  uint64_t count = 0;

private:
  using IRGraphVisitor::visit;

  void include(const hi::Stmt &stmt) override { stmt.accept(this); }
  void include(const Halide::Expr &expr) override { numbers.numberOf(expr); }

  /// Adds what a statement multiplies. That depends on what its block computes before it, which is
  /// the same at every turn of the loops around.
  template <typename Visit> void addProductsOf(const hi::IRNode *statement, Visit visit) {
    auto [entry, isNew] = productsOf.try_emplace(statement);
    if (isNew) {
      uint64_t before = numbers.products();
      visit();
      entry->second = numbers.products() - before;
    }
    count += entry->second;
  }

  /// The value of an integer under the loop variables that are known now. Where it has none, notes
  /// which of the others it hangs on.
  std::optional<int64_t> valueOf(const Halide::Expr &expr) {
    Halide::Expr value = withoutLets(hi::substitute(known, expr));
    if (auto constant = hi::as_const_int(value))
      return constant;
    if (auto constant = hi::as_const_uint(value))
      return static_cast<int64_t>(*constant);
    for (const std::string &name : open)
      if (hi::expr_uses_var(value, name))
        deciding.insert(name);
    return std::nullopt;
  }

  /// A body that starts with nothing computed, for what was computed elsewhere may not have been,
  /// or of other values.
  void block(const hi::Stmt &body) {
    numbers.forget();
    body.accept(this);
    numbers.forget();
  }

  /// Codelets compute more than is read of them.
  void visit(const hi::Store *op) override {
    if (local.contains(op->name) && !read.contains(op->name))
      return;
    addProductsOf(op, [&] {
      IRGraphVisitor::visit(op);
      numbers.storeTo(op->name);
    });
  }

  void visit(const hi::Evaluate *op) override {
    addProductsOf(op, [&] { IRGraphVisitor::visit(op); });
  }

  void visit(const hi::Allocate *op) override {
    local.insert(op->name);
    IRGraphVisitor::visit(op);
  }

  void visit(const hi::For *op) override {
    std::optional<int64_t> first = valueOf(op->min), turns = valueOf(op->extent);
    uint64_t before = count;
    std::set<std::string> around = std::exchange(deciding, {});
    open.insert(op->name);
    block(op->body);
    open.erase(op->name);
    bool turnsDiffer = deciding.erase(op->name) > 0;
    if (turnsDiffer && deciding.empty() && first && turns) {
      count = before;
      for (int64_t i = *first; i < *first + *turns; ++i) {
        known[op->name] = Halide::Expr(static_cast<int>(i));
        block(op->body);
      }
      known.erase(op->name);
    } else {
      // Where loops around decide too, these look at each of their turns, and at this loop again.
      count = before +
              (count - before) * static_cast<uint64_t>(std::max<int64_t>(turns.value_or(1), 0));
    }
    deciding.merge(around);
  }

  void visit(const hi::IfThenElse *op) override {
    std::optional<int64_t> condition = valueOf(op->condition);
    addProductsOf(op, [&] { include(op->condition); });
    if (condition.value_or(1) != 0)
      block(op->then_case);
    else if (op->else_case.defined())
      block(op->else_case);
  }

  void visit(const hi::LetStmt *op) override {
    addProductsOf(op, [&] { numbers.bind(op->name, numbers.numberOf(op->value)); });
    bool isKnown = op->value.type().is_int_or_uint() && op->value.type().is_scalar();
    if (isKnown)
      known[op->name] = withoutLets(hi::substitute(known, op->value));
    op->body.accept(this);
    known.erase(op->name);
  }

  /// Loop variables and names whose values are known, or known in terms of others.
  std::map<std::string, Halide::Expr> known;
  /// The variables of loops around whose values are not known, and those of them that something
  /// met since hangs on.
  std::set<std::string> open, deciding;
  /// Buffers that the kernel allocates, and all that are read.
  std::set<std::string> local, read;
  std::unordered_map<const hi::IRNode *, uint64_t> productsOf;
  ValueNumbers numbers;
};

} // namespace

hi::Stmt CountMultiplications::mutate(const hi::Stmt &stmt) {
  ReadBuffers buffers;
  stmt.accept(&buffers);
  Walk walk(std::move(buffers.names));
  stmt.accept(&walk);
  count = walk.count;
  return stmt;
}

} // namespace quern::codegen
