// Reductions over axes and over windows.
#include "frontend/Primitives.h"

namespace quern::frontend {

/// The reduction that argument `i` names; nothing after an error.
static std::optional<ir::ReduceKind> kindOf(const PrimitiveCall &call, unsigned i) {
  std::optional<ir::ReduceKind> kind = ir::symbolizeReduceKind(call.value(i).asString());
  if (!kind)
    call.fail<diag::UnknownOption>(i, "kind", call.value(i).asString(),
                                   "sum, mean, max, min, prod");
  return kind;
}

static Value reduce(const PrimitiveCall &call) {
  std::optional<ir::ReduceKind> kind = kindOf(call, 1);
  if (!kind)
    return Value();
  std::vector<int64_t> axes = call.integers(2);
  llvm::sort(axes);
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return call.fail<diag::RepeatedAxis>(2);
  if (axes.empty())
    return call.value(0);
  return call.emit<ir::ReduceOp>(call.tensor(0), *kind, axes, call.value(3).asBool());
}

static Value windowReduce(const PrimitiveCall &call) {
  std::optional<ir::ReduceKind> kind = kindOf(call, 1);
  if (!kind)
    return Value();
  return call.emit<ir::WindowReduceOp>(call.tensor(0), *kind, call.integers(2), call.integers(3),
                                       call.integers(4), call.integers(5), call.integers(6),
                                       call.value(7).asBool());
}

static constexpr Primitive rows[] = {
    {"reduce", reduce},
    {"softmax",
     [](const PrimitiveCall &call) {
       return call.emit<ir::SoftmaxOp>(call.tensor(0), call.integer(1));
     }},
    {"window_reduce", windowReduce},
};

llvm::ArrayRef<Primitive> reductionPrimitives() { return rows; }

} // namespace quern::frontend
