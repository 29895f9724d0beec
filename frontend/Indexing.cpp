// `x[...]`, on lists, strings and tensors.
#include "frontend/Elaborator.h"

namespace quern::frontend {

namespace {

/// The ends of `low..high` where an entry is a range; either may be left out.
struct IndexRange {
  const Expr *low = nullptr, *high = nullptr;
};

std::optional<IndexRange> rangeOf(const Expr *entry) {
  if (const auto *slice = llvm::dyn_cast<SliceExpr>(entry))
    return IndexRange{slice->low, slice->high};
  if (const auto *range = llvm::dyn_cast<BinaryExpr>(entry); range && range->op == BinaryOp::Range)
    return IndexRange{range->left, range->right};
  return std::nullopt;
}

} // namespace

std::optional<int64_t> Elaborator::indexValue(const Expr *expr) {
  Value value = evaluate(expr);
  if (value.isPoison())
    return std::nullopt;
  if (value.isInteger())
    return value.asInteger();
  error<diag::IndexNotInteger>(expr->range, value.describe());
  return std::nullopt;
}

Value Elaborator::index(const Value &base, const IndexExpr &expr) {
  if (base.isPoison()) {
    return Value();
  }
  if (base.isTensor())
    return indexTensor(base, expr);
  if (!base.isSequence()) {
    error<diag::NotIndexable>(expr.base->range, base.describe());
    return Value();
  }
  if (expr.indices.size() != 1) {
    error<diag::TooManyIndices>(expr.indices[1]->range, base.describe(), 1);
    return Value();
  }
  auto size = static_cast<int64_t>(base.elements().size());
  const Expr *written = expr.indices[0];
  // Positions may count from the end.
  auto position = [&](const Expr *bound, int64_t limit) -> std::optional<int64_t> {
    std::optional<int64_t> number = indexValue(bound);
    if (!number)
      return std::nullopt;
    int64_t at = *number < 0 ? *number + size : *number;
    if (at >= 0 && at <= limit)
      return at;
    error<diag::IndexOutOfRange>(bound->range, *number, base.describe());
    return std::nullopt;
  };
  if (std::optional<IndexRange> range = rangeOf(written)) {
    std::optional<int64_t> first = range->low ? position(range->low, size) : 0;
    std::optional<int64_t> last = range->high ? position(range->high, size) : size;
    if (!first || !last)
      return Value();
    std::vector<Value> part;
    for (int64_t i = *first; i < *last; ++i)
      part.push_back(base.elements()[i]);
    return base.isTuple() ? Value::tuple(std::move(part)) : Value::list(std::move(part));
  }
  std::optional<int64_t> at = position(written, size - 1);
  return at ? base.elements()[*at] : Value();
}

Value Elaborator::indexTensor(const Value &base, const IndexExpr &expr) {
  mlir::RankedTensorType type = base.tensorType();
  int64_t rank = type.getRank();
  size_t ellipses =
      llvm::count_if(expr.indices, [](const Expr *e) { return llvm::isa<EllipsisExpr>(e); });
  auto written = static_cast<int64_t>(expr.indices.size() - ellipses);
  if (ellipses > 1 || written > rank) {
    error<diag::TooManyIndices>(expr.indices.back()->range, base.describe(), rank)
        .note<diag::MadeHere>(base.asTensor().definition);
    return Value();
  }
  llvm::SmallVector<int64_t> starts(rank, 0), sizes(type.getShape()), strides(rank, 1), shape;
  int64_t axis = 0;
  // An entry's value as a position of the axis; `limit` is the largest allowed.
  auto position = [&](const Expr *bound, int64_t limit) -> std::optional<int64_t> {
    std::optional<int64_t> number = indexValue(bound);
    if (!number)
      return std::nullopt;
    int64_t at = *number < 0 ? *number + type.getDimSize(axis) : *number;
    if (at >= 0 && at <= limit)
      return at;
    error<diag::AxisIndexOutOfRange>(bound->range, *number, axis, base.describe())
        .note<diag::MadeHere>(base.asTensor().definition);
    return std::nullopt;
  };
  for (const Expr *entry : expr.indices) {
    if (llvm::isa<EllipsisExpr>(entry)) {
      for (int64_t skipped = rank - written; skipped > 0; --skipped)
        shape.push_back(sizes[axis++]);
      continue;
    }
    int64_t extent = type.getDimSize(axis);
    std::optional<IndexRange> range = rangeOf(entry);
    if (!range) {
      // One position: the axis goes.
      std::optional<int64_t> at = position(entry, extent - 1);
      if (!at)
        return Value();
      starts[axis] = *at;
      sizes[axis++] = 1;
      continue;
    }
    std::optional<int64_t> first = range->low ? position(range->low, extent) : 0;
    std::optional<int64_t> last = range->high ? position(range->high, extent) : extent;
    if (!first || !last)
      return Value();
    if (*first >= *last) {
      error<diag::EmptySlice>(entry->range, *first, *last);
      return Value();
    }
    starts[axis] = *first;
    sizes[axis] = *last - *first;
    shape.push_back(sizes[axis++]);
  }
  for (; axis < rank; ++axis)
    shape.push_back(sizes[axis]);
  Value slice = base;
  if (llvm::ArrayRef(sizes) != type.getShape())
    slice = emit<ir::SliceOp>(expr.range, base.asTensor().value, starts, sizes, strides);
  if (slice.isPoison() || shape.size() == sizes.size())
    return slice;
  return emit<ir::ReshapeOp>(expr.range, slice.asTensor().value, shape);
}

} // namespace quern::frontend
