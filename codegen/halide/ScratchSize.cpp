#include "codegen/halide/ScratchSize.h"

#include "codegen/halide/Lets.h"
#include "runtime/ModelImage.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <string>
#include <vector>

namespace quern::codegen {
namespace {

namespace hi = Halide::Internal;

/// What one stack of runtime::ScratchStack holds: blocks that are freed before younger ones are
/// reclaimed with these.
class Stack {
public:
  uint64_t peak = 0;

  void take(const std::string &name, uint64_t bytes) {
    blocks.push_back({name, bytes, false});
    used += bytes;
    peak = std::max(peak, used);
  }

  void give(const std::string &name) {
    for (Block &block : llvm::reverse(blocks))
      if (block.name == name && !block.isFree) {
        block.isFree = true;
        break;
      }
    for (; !blocks.empty() && blocks.back().isFree; blocks.pop_back())
      used -= blocks.back().bytes;
  }

private:
  struct Block {
    std::string name;
    uint64_t bytes;
    bool isFree;
  };
  std::vector<Block> blocks;
  uint64_t used = 0;
};

class Walk final : public hi::IRVisitor {
public:
  Stack serial, thread;

private:
  using IRVisitor::visit;

  Stack &current() { return parallelDepth > 0 ? thread : serial; }

  void visit(const hi::Allocate *op) override {
    if (uint64_t bytes = heapBytes(op); bytes > 0)
      current().take(op->name, bytes);
    IRVisitor::visit(op);
  }

  /// Halide frees after the last use, and nowhere else.
  void visit(const hi::Free *op) override { current().give(op->name); }

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
    // Constant sizes go to the stack where that was asked for, and small ones unless the heap was.
    if (op->memory_type == Halide::MemoryType::Stack ||
        (op->memory_type != Halide::MemoryType::Heap && op->constant_allocation_size() > 0 &&
         hi::can_allocation_fit_on_stack(static_cast<int64_t>(bytes))))
      return 0;
    // Where Halide reads past the end of an allocation it enlarges it.
    return runtime::scratchBytesOf(bytes + static_cast<uint64_t>(op->padding) *
                                               static_cast<uint64_t>(op->type.bytes()));
  }

  /// Of the loops and names around.
  hi::Scope<hi::Interval> ranges;
  int parallelDepth = 0;
};

} // namespace

hi::Stmt MeasureScratch::mutate(const hi::Stmt &stmt) {
  Walk walk;
  stmt.accept(&walk);
  size.serial = std::max(size.serial, walk.serial.peak);
  size.thread = std::max(size.thread, walk.thread.peak);
  return stmt;
}

} // namespace quern::codegen
