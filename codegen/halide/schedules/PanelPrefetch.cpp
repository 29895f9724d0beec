#include "codegen/halide/schedules/PanelPrefetch.h"

#include "ir/conv/Division.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace quern::codegen {
namespace {

namespace hi = Halide::Internal;
using Halide::Expr;

constexpr int64_t lineBytes = 64;

/// What a turn of a loop reads of one operand of the kernel, in vectors.
struct Vectors {
  const hi::Load *first;
  std::set<int64_t> offsets = {}; ///< from the first

  Expr base() const { return first->index.as<hi::Ramp>()->base; }
  /// How many elements that is if they are neighbours and `first` is the first of them, else 0.
  int64_t dense() const {
    int64_t lanes = first->type.lanes(), count = lanes * static_cast<int64_t>(offsets.size());
    return *offsets.begin() == 0 && *offsets.rbegin() == count - lanes ? count : 0;
  }
};

/// Finds the operands that a loop's body reads in vectors, and what the body defines.
class VectorReads final : public hi::IRVisitor {
public:
  std::map<std::string, Vectors> operands;
  hi::Scope<> names;
  bool hasLoops = false;

private:
  using IRVisitor::visit;
  void visit(const hi::For *) override { hasLoops = true; }
  void visit(const hi::Let *let) override {
    names.push(let->name);
    IRVisitor::visit(let);
  }
  void visit(const hi::LetStmt *let) override {
    names.push(let->name);
    IRVisitor::visit(let);
  }
  void visit(const hi::Load *load) override {
    const auto *ramp = load->index.as<hi::Ramp>();
    if (ramp == nullptr || !load->param.defined())
      return IRVisitor::visit(load);
    Vectors &vectors = operands.try_emplace(load->name, Vectors{load}).first->second;
    if (auto offset = hi::as_const_int(hi::simplify(ramp->base - vectors.base())))
      vectors.offsets.insert(*offset);
  }
};

/// Brings the line of an operand's element to all caches. Halide's own prefetch passes by the
/// second-level cache, where a panel has to wait. The name is LLVM's, which Halide's runtime
/// declares.
hi::Stmt prefetch(const hi::Load *operand, const Expr &index) {
  constexpr int read = 0, everyLevel = 3, data = 1;
  Expr start = Halide::reinterpret<int64_t>(hi::Variable::make(Halide::Handle(), operand->name));
  Expr address = Halide::reinterpret(Halide::Handle(), start + index * operand->type.bytes());
  return hi::Evaluate::make(hi::Call::make(Halide::Int(32), "llvm.prefetch.p0",
                                           {address, read, everyLevel, data}, hi::Call::Extern));
}

} // namespace

hi::Stmt PrefetchPanels::visit(const hi::For *loop) {
  bool isTile = loop->name.ends_with("_tile");
  bool isSum = !tiles.empty() && loop->name.find(".s0.") == std::string::npos;
  Expr bound = hi::find_constant_bound(loop->extent, hi::Direction::Upper);
  auto extent = bound.defined() ? hi::as_const_int(bound) : std::nullopt;
  if ((!isTile && !isSum) || !extent)
    return IRMutator::visit(loop);
  std::vector<Loop> &around = isTile ? tiles : sums;
  around.push_back({hi::Variable::make(Halide::Int(32), loop->name) - loop->min, *extent});
  hi::Stmt result = isSum ? prefetching(loop) : hi::Stmt();
  if (!result.defined())
    result = IRMutator::visit(loop);
  around.pop_back();
  return result;
}

hi::Stmt PrefetchPanels::prefetching(const hi::For *loop) const {
  VectorReads reads;
  loop->body.accept(&reads);
  if (reads.hasLoops || reads.operands.size() != 1)
    return {};
  const Vectors &weights = reads.operands.begin()->second;
  int64_t lineElements = lineBytes / weights.first->type.bytes();
  int64_t panel = weights.dense(), lines = panel / lineElements, count = 1;
  for (const Loop &sum : sums)
    panel *= sum.extent;
  Expr tile = 0;
  for (const Loop &each : tiles) {
    tile = tile * static_cast<int>(each.extent) + each.turn;
    count *= each.extent;
  }
  if (lines == 0 || count == 1 || hi::expr_uses_vars(weights.base(), reads.names))
    return {};
  // A tile's share of the lines of a turn. The last tiles fetch, so that nothing waits in the cache
  // for longer than it must; the others ask for what they are about to read.
  int64_t share = ir::ceilDiv(lines, count);
  while (lines % share != 0)
    ++share;
  Expr fetching = tile - static_cast<int>(count - lines / share);
  Expr ahead = hi::simplify(
      select(fetching >= 0,
             fetching * static_cast<int>(share * lineElements) + static_cast<int>(panel), 0));
  Expr index = Halide::cast<int64_t>(weights.base()) + Halide::cast<int64_t>(ahead);
  std::vector<hi::Stmt> body;
  for (int64_t line = 0; line < share; ++line)
    body.push_back(prefetch(weights.first, index + static_cast<int>(line * lineElements)));
  body.push_back(loop->body);
  return hi::For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy,
                       loop->device_api, hi::Block::make(body));
}

} // namespace quern::codegen
