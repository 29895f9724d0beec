#include "codegen/halide/ScratchSize.h"

#include "codegen/halide/Lets.h"
#include "runtime/ModelImage.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
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

  /// A loop with its first and last turn at most.
  struct Turns {
    std::string loop;
    int64_t first, last;
  };

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
    auto least = hi::as_const_int(first.min), most = hi::as_const_int(last.max);
    if (least && most)
      loops.push_back({op->name, *least, *most});
    IRVisitor::visit(op);
    if (least && most)
      loops.pop_back();
    parallelDepth -= parallel ? 1 : 0;
  }

  void visit(const hi::LetStmt *op) override {
    lets.emplace_back(op->name, op->value);
    hi::Interval range = hi::bounds_of_expr_in_scope(op->value, ranges);
    if (range.has_lower_bound())
      range.min = withoutLets(range.min);
    if (range.has_upper_bound())
      range.max = withoutLets(range.max);
    hi::ScopedBinding<hi::Interval> bind(ranges, op->name, range);
    IRVisitor::visit(op);
    lets.pop_back();
  }

  void visit(const hi::Fork *op) override {
    // Both halves run as tasks of their own.
    ++parallelDepth;
    IRVisitor::visit(op);
    --parallelDepth;
  }

  std::optional<int64_t> upperBound(const Halide::Expr &extent) const {
    Halide::Expr bound = hi::find_constant_bound(extent, hi::Direction::Upper, ranges);
    return bound.defined() ? hi::as_const_int(bound) : std::nullopt;
  }

  /// The largest value of an extent that hangs on a few turns of loops, by trying them all: ends
  /// that move together have bounds that are too wide. Nothing where it hangs on more.
  std::optional<int64_t> largestInLoops(Halide::Expr extent) const {
    constexpr int64_t most = 1024;
    for (const auto &[name, value] : llvm::reverse(lets))
      extent = hi::substitute(name, value, extent);
    extent = withoutLets(extent);
    std::vector<Turns> used;
    int64_t combinations = 1;
    for (const Turns &turns : loops)
      if (hi::expr_uses_var(extent, turns.loop)) {
        used.push_back(turns);
        combinations *= turns.last - turns.first + 1;
        if (combinations > most)
          return std::nullopt;
      }
    return largestAmong(used, extent);
  }

  static std::optional<int64_t> largestAmong(llvm::ArrayRef<Turns> used,
                                             const Halide::Expr &extent) {
    if (used.empty())
      return hi::as_const_int(extent);
    std::optional<int64_t> largest;
    for (int64_t turn = used[0].first; turn <= used[0].last; ++turn) {
      auto value = largestAmong(
          used.drop_front(),
          hi::simplify(hi::substitute(used[0].loop, Halide::Expr(static_cast<int>(turn)), extent)));
      if (!value)
        return std::nullopt;
      largest = std::max(largest.value_or(*value), *value);
    }
    return largest;
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
      std::optional<int64_t> largest = largestInLoops(extent);
      if (!largest)
        largest = upperBound(extent);
      if (!largest)
        throw Halide::CompileError(
            ("allocation '" + op->name + "' has no bound on its size").c_str());
      elements *= static_cast<uint64_t>(std::max<int64_t>(*largest, 0));
    }
    uint64_t bytes = elements * static_cast<uint64_t>(op->type.bytes() * op->type.lanes());
    // Small constant sizes go to the stack, unless the heap was asked for.
    bool fits = op->constant_allocation_size() > 0 &&
                hi::can_allocation_fit_on_stack(static_cast<int64_t>(bytes));
    if (op->memory_type != Halide::MemoryType::Heap && fits)
      return 0;
    if (op->memory_type == Halide::MemoryType::Stack)
      throw Halide::CompileError(("allocation '" + op->name + "' does not fit the stack").c_str());
    // Where Halide reads past the end of an allocation it enlarges it.
    return runtime::scratchBytesOf(bytes + static_cast<uint64_t>(op->padding) *
                                               static_cast<uint64_t>(op->type.bytes()));
  }

  /// Of the loops and names around.
  hi::Scope<hi::Interval> ranges;
  std::vector<Turns> loops;
  /// The names around, outermost first.
  std::vector<std::pair<std::string, Halide::Expr>> lets;
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
