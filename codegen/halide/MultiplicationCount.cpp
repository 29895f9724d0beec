#include "codegen/halide/MultiplicationCount.h"

#include "codegen/halide/Lets.h"

#include <map>
#include <string>

namespace quern::codegen {
namespace {

namespace hi = Halide::Internal;

class Walk final : public hi::IRVisitor {
public:
  uint64_t count = 0;

private:
  using IRVisitor::visit;

  /// The value of an integer under the loop variables that are known now.
  std::optional<int64_t> valueOf(const Halide::Expr &expr) {
    Halide::Expr value = withoutLets(hi::substitute(known, expr));
    if (auto constant = hi::as_const_int(value))
      return *constant;
    if (auto constant = hi::as_const_uint(value))
      return static_cast<int64_t>(*constant);
    return std::nullopt;
  }

  void visit(const hi::Mul *op) override {
    IRVisitor::visit(op);
    if (op->type.is_float())
      count += static_cast<uint64_t>(op->type.lanes());
  }

  void visit(const hi::For *op) override {
    std::optional<int64_t> first = valueOf(op->min), turns = valueOf(op->extent);
    if (!first || !turns) {
      varies = true;
      turns = turns.value_or(1);
    }
    uint64_t before = count;
    bool variedBefore = std::exchange(varies, false);
    op->body.accept(this);
    if (!varies || !first) {
      count = before + (count - before) * static_cast<uint64_t>(std::max<int64_t>(*turns, 0));
      varies |= variedBefore;
      return;
    }
    // The turns differ, or something around this loop does: each is looked at.
    count = before;
    varies = false;
    for (int64_t i = *first; i < *first + *turns; ++i) {
      known[op->name] = Halide::Expr(static_cast<int>(i));
      op->body.accept(this);
    }
    known.erase(op->name);
    varies |= variedBefore;
  }

  void visit(const hi::IfThenElse *op) override {
    std::optional<int64_t> condition = valueOf(op->condition);
    op->condition.accept(this);
    varies |= !condition;
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
  /// Whether something was met that a loop variable decides which is not known.
  bool varies = false;
};

} // namespace

hi::Stmt CountMultiplications::mutate(const hi::Stmt &stmt) {
  Walk walk;
  stmt.accept(&walk);
  count = walk.count;
  return stmt;
}

} // namespace quern::codegen
