// `x[...]`, on lists, strings and tensors.
#include "frontend/Elaborator.h"

namespace quern::frontend {

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
  // Ends of a range may be left out, or count from the end.
  auto end = [&](const Expr *bound, int64_t otherwise) -> std::optional<int64_t> {
    if (!bound)
      return otherwise;
    Value value = evaluate(bound);
    if (value.isPoison())
      return std::nullopt;
    if (!value.isInteger()) {
      error<diag::IndexNotInteger>(bound->range, value.describe());
      return std::nullopt;
    }
    int64_t position = value.asInteger() < 0 ? value.asInteger() + size : value.asInteger();
    if (position < 0 || position > size) {
      error<diag::IndexOutOfRange>(bound->range, value.asInteger(), base.describe());
      return std::nullopt;
    }
    return position;
  };
  const Expr *low = nullptr, *high = nullptr;
  bool isRange = true;
  if (const auto *slice = llvm::dyn_cast<SliceExpr>(written)) {
    low = slice->low;
    high = slice->high;
  } else if (const auto *range = llvm::dyn_cast<BinaryExpr>(written);
             range && range->op == BinaryOp::Range) {
    low = range->left;
    high = range->right;
  } else {
    isRange = false;
  }
  if (isRange) {
    std::optional<int64_t> first = end(low, 0), last = end(high, size);
    if (!first || !last)
      return Value();
    std::vector<Value> part;
    for (int64_t i = *first; i < *last; ++i)
      part.push_back(base.elements()[i]);
    return base.isTuple() ? Value::tuple(std::move(part)) : Value::list(std::move(part));
  }
  Value value = evaluate(written);
  if (value.isPoison())
    return Value();
  if (!value.isInteger()) {
    error<diag::IndexNotInteger>(written->range, value.describe());
    return Value();
  }
  int64_t position = value.asInteger() < 0 ? value.asInteger() + size : value.asInteger();
  if (position < 0 || position >= size) {
    error<diag::IndexOutOfRange>(written->range, value.asInteger(), base.describe());
    return Value();
  }
  return base.elements()[position];
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
    Value value = evaluate(bound);
    if (value.isPoison())
      return std::nullopt;
    if (!value.isInteger()) {
      error<diag::IndexNotInteger>(bound->range, value.describe());
      return std::nullopt;
    }
    int64_t extent = type.getDimSize(axis);
    int64_t at = value.asInteger() < 0 ? value.asInteger() + extent : value.asInteger();
    if (at < 0 || at > limit) {
      error<diag::AxisIndexOutOfRange>(bound->range, value.asInteger(), axis, base.describe())
          .note<diag::MadeHere>(base.asTensor().definition);
      return std::nullopt;
    }
    return at;
  };
  for (const Expr *entry : expr.indices) {
    if (llvm::isa<EllipsisExpr>(entry)) {
      for (int64_t skipped = rank - written; skipped > 0; --skipped)
        shape.push_back(sizes[axis++]);
      continue;
    }
    int64_t extent = type.getDimSize(axis);
    const Expr *low = nullptr, *high = nullptr;
    if (const auto *slice = llvm::dyn_cast<SliceExpr>(entry)) {
      low = slice->low;
      high = slice->high;
    } else if (const auto *range = llvm::dyn_cast<BinaryExpr>(entry);
               range && range->op == BinaryOp::Range) {
      low = range->left;
      high = range->right;
    } else {
      // One position: the axis goes.
      std::optional<int64_t> at = position(entry, extent - 1);
      if (!at)
        return Value();
      starts[axis] = *at;
      sizes[axis++] = 1;
      continue;
    }
    std::optional<int64_t> first = low ? position(low, extent) : 0;
    std::optional<int64_t> last = high ? position(high, extent) : extent;
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
