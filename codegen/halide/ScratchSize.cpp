#include "codegen/halide/ScratchSize.h"

#include "codegen/halide/Lets.h"
#include "runtime/ModelImage.h"

#include <algorithm>

namespace quern::codegen {
namespace {

namespace hi = Halide::Internal;

/// Halide reads up to this many bytes past the end of an allocation and enlarges it for that.
constexpr uint64_t overread = 64;

class Walk final : public hi::IRVisitor {
public:
  ScratchSize peak;

private:
  using IRVisitor::visit;

  void visit(const hi::Allocate *op) override {
    uint64_t bytes = heapBytes(op);
    uint64_t &alive = parallelDepth > 0 ? now.thread : now.serial;
    uint64_t before = alive;
    alive += bytes;
    peak.serial = std::max(peak.serial, now.serial);
    peak.thread = std::max(peak.thread, now.thread);
    IRVisitor::visit(op);
    (parallelDepth > 0 ? now.thread : now.serial) = before;
  }

  void visit(const hi::For *op) override {
    bool parallel = op->for_type == hi::ForType::Parallel;
    parallelDepth += parallel ? 1 : 0;
    hi::Interval first = hi::bounds_of_expr_in_scope(op->min, ranges);
    hi::Interval last = hi::bounds_of_expr_in_scope(withoutLets(op->min + op->extent - 1), ranges);
    hi::ScopedBinding<hi::Interval> bind(ranges, op->name, hi::Interval(first.min, last.max));
    IRVisitor::visit(op);
    parallelDepth -= parallel ? 1 : 0;
  }

  void visit(const hi::LetStmt *op) override {
    hi::Interval range = hi::bounds_of_expr_in_scope(op->value, ranges);
    if (range.has_lower_bound())
      range.min = withoutLets(range.min);
    if (range.has_upper_bound())
      range.max = withoutLets(range.max);
    hi::ScopedBinding<hi::Interval> bind(ranges, op->name, range);
    IRVisitor::visit(op);
  }

  void visit(const hi::Fork *op) override {
    // Both halves run as tasks of their own.
    ++parallelDepth;
    IRVisitor::visit(op);
    --parallelDepth;
  }

  uint64_t heapBytes(const hi::Allocate *op) {
    switch (op->memory_type) {
    case Halide::MemoryType::GPUShared:
    case Halide::MemoryType::GPUTexture:
    case Halide::MemoryType::Register:
    case Halide::MemoryType::AMXTile:
      return 0;
    default:
      break;
    }
    // A buffer that lives on a device only, or wraps another.
    if (op->new_expr.defined() && op->free_function != "halide_free")
      return 0;
    if (hi::is_const_zero(op->condition))
      return 0;
    uint64_t elements = 1;
    for (const Halide::Expr &extent : op->extents) {
      // At the borders of a loop a tile may be smaller: the largest counts.
      Halide::Expr bound = hi::find_constant_bound(extent, hi::Direction::Upper, ranges);
      const auto constant = bound.defined() ? hi::as_const_int(bound) : std::nullopt;
      if (!constant)
        throw Halide::CompileError(
            ("allocation '" + op->name + "' has no bound on its size").c_str());
      elements *= static_cast<uint64_t>(std::max<int64_t>(*constant, 0));
    }
    uint64_t bytes = elements * static_cast<uint64_t>(op->type.bytes() * op->type.lanes());
    // A constant size asked for on the stack goes there; Halide itself moves sizes of up to 16 KiB
    // there too, but these cost little to count.
    if (op->memory_type == Halide::MemoryType::Stack)
      return 0;
    return runtime::scratchBytesOf(bytes + overread +
                                   static_cast<uint64_t>(op->padding) *
                                       static_cast<uint64_t>(op->type.bytes()));
  }

  ScratchSize now;
  /// Of the loops and names around.
  hi::Scope<hi::Interval> ranges;
  int parallelDepth = 0;
};

} // namespace

hi::Stmt MeasureScratch::mutate(const hi::Stmt &stmt) {
  Walk walk;
  stmt.accept(&walk);
  size.serial = std::max(size.serial, walk.peak.serial);
  size.thread = std::max(size.thread, walk.peak.thread);
  return stmt;
}

} // namespace quern::codegen
