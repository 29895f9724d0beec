#include "codegen/halide/MultiplicationCount.h"

#include "codegen/halide/Lets.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace quern::codegen {
namespace {

namespace hi = Halide::Internal;

class Walk final : public hi::IRVisitor {
public:
  uint64_t count = 0;

private:
  using IRVisitor::visit;

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

  void visit(const hi::Mul *op) override {
    IRVisitor::visit(op);
    add(op->type);
  }

  /// Narrow numbers are multiplied as wider ones by an intrinsic.
  void visit(const hi::Call *op) override {
    IRVisitor::visit(op);
    if (op->is_intrinsic(hi::Call::widening_mul))
      add(op->type);
  }

  void add(const Halide::Type &product) {
    if (product.is_float())
      count += static_cast<uint64_t>(product.lanes());
  }

  void visit(const hi::For *op) override {
    std::optional<int64_t> first = valueOf(op->min), turns = valueOf(op->extent);
    uint64_t before = count;
    std::set<std::string> around = std::exchange(deciding, {});
    open.insert(op->name);
    op->body.accept(this);
    open.erase(op->name);
    bool turnsDiffer = deciding.erase(op->name) > 0;
    if (turnsDiffer && deciding.empty() && first && turns) {
      count = before;
      for (int64_t i = *first; i < *first + *turns; ++i) {
        known[op->name] = Halide::Expr(static_cast<int>(i));
        op->body.accept(this);
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
    op->condition.accept(this);
    if (condition.value_or(1) != 0)
      op->then_case.accept(this);
    else if (op->else_case.defined())
      op->else_case.accept(this);
  }

  void visit(const hi::LetStmt *op) override {
    op->value.accept(this);
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
};

} // namespace

hi::Stmt CountMultiplications::mutate(const hi::Stmt &stmt) {
  Walk walk;
  stmt.accept(&walk);
  count = walk.count;
  return stmt;
}

} // namespace quern::codegen
