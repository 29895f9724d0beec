// Contractions and convolutions.
#include "frontend/Primitives.h"
#include "ir/Infer.h"

#include "llvm/ADT/StringExtras.h"

namespace quern::frontend {

/// One side of an einsum: letters, with at most one "..." somewhere.
struct Subscripts {
  StringRef before, after;
  bool isOpen = false;
  size_t letters() const { return before.size() + after.size(); }
};

static std::optional<Subscripts> parseSubscripts(StringRef text) {
  text = text.trim();
  Subscripts result;
  result.isOpen = text.contains("...");
  std::tie(result.before, result.after) = text.split("...");
  auto isLetters = [](StringRef part) {
    return llvm::all_of(part, [](char c) { return llvm::isAlpha(c); });
  };
  if (!isLetters(result.before) || !isLetters(result.after))
    return std::nullopt;
  return result;
}

/// The diagonal of axes `i` < `j`, which have one extent n, along axis `i`; the other is gone.
/// Moves elements only: in n rows of n + 1 elements, the last of zeros, what was the diagonal of n
/// x n stands in the first column.
static Value diagonal(const PrimitiveCall &call, mlir::Value tensor, size_t i, size_t j) {
  llvm::ArrayRef<int64_t> shape = ir::tensorType(tensor).getShape();
  auto rank = static_cast<int64_t>(shape.size());
  int64_t n = shape[i];
  llvm::SmallVector<int64_t> order(llvm::to_vector(llvm::seq<int64_t>(0, rank))), one(shape);
  order.erase(order.begin() + static_cast<ptrdiff_t>(j));
  order.insert(order.begin() + static_cast<ptrdiff_t>(i) + 1, static_cast<int64_t>(j));
  one.erase(one.begin() + static_cast<ptrdiff_t>(j));
  llvm::SmallVector<int64_t> flat(one), high(one.size(), 0), low(one.size(), 0);
  flat[i] = n * n;
  high[i] = n;
  llvm::SmallVector<int64_t> rows(one), column(one);
  rows.insert(rows.begin() + static_cast<ptrdiff_t>(i) + 1, n + 1);
  column.insert(column.begin() + static_cast<ptrdiff_t>(i) + 1, 1);
  llvm::SmallVector<int64_t> starts(column.size(), 0), steps(column.size(), 1);
  auto value = [&](const Value &made) { return made.asTensor().value; };
  mlir::Value moved = value(call.emit<ir::TransposeOp>(tensor, order));
  mlir::Value square = value(call.emit<ir::ReshapeOp>(moved, flat));
  mlir::Value padded = value(call.emit<ir::PadOp>(square, low, high, llvm::APFloat(0.0)));
  mlir::Value inRows = value(call.emit<ir::ReshapeOp>(padded, rows));
  mlir::Value first = value(call.emit<ir::SliceOp>(inRows, starts, column, steps));
  return call.emit<ir::ReshapeOp>(first, one);
}

/// Takes diagonals until every label of a side stands for one axis; null after an error.
static mlir::Value withDistinctLabels(const PrimitiveCall &call, unsigned side,
                                      llvm::SmallVectorImpl<int64_t> &labels) {
  mlir::Value tensor = call.tensor(side);
  for (size_t i = 0; i < labels.size(); ++i)
    for (size_t j = labels.size(); --j > i;) {
      if (labels[i] != labels[j])
        continue;
      if (!call.elaborator.mayEmit(call.range))
        return nullptr;
      llvm::ArrayRef<int64_t> shape = ir::tensorType(tensor).getShape();
      if (shape[i] != shape[j]) {
        call.fail<diag::EinsumDiagonal>(side, call.value(2).asString(), shape[i], shape[j]);
        return nullptr;
      }
      tensor = diagonal(call, tensor, i, j).asTensor().value;
      labels.erase(labels.begin() + j);
    }
  return tensor;
}

static Value contract(const PrimitiveCall &call) {
  StringRef equation = call.value(2).asString();
  auto [inputs, output] = equation.split("->");
  auto [first, second] = inputs.split(",");
  std::optional<Subscripts> sides[3] = {parseSubscripts(first), parseSubscripts(second),
                                        parseSubscripts(output)};
  if (!equation.contains("->") || !inputs.contains(",") || !sides[0] || !sides[1] || !sides[2])
    return call.fail<diag::EinsumSyntax>(2, equation);
  // "..." stands for the same leading axes wherever it is written; a side may also lack it.
  int64_t open = 0;
  for (unsigned i : {0, 1}) {
    int64_t extra = call.type(i).getRank() - static_cast<int64_t>(sides[i]->letters());
    if (extra < 0 || (extra > 0 && !sides[i]->isOpen))
      return call.fail<diag::EinsumRank>(i, sides[i]->letters(), equation, call.value(i).text());
    if (sides[i]->isOpen) {
      if (open != 0 && open != extra)
        return call.fail<diag::EinsumRank>(i, sides[i]->letters() + open, equation,
                                           call.value(i).text());
      open = extra;
    }
  }
  llvm::SmallDenseMap<char, int64_t> numbers;
  auto number = [&](char letter) {
    return numbers.try_emplace(letter, open + static_cast<int64_t>(numbers.size())).first->second;
  };
  llvm::SmallVector<int64_t> axes[3];
  for (unsigned i : {0, 1, 2}) {
    for (char letter : sides[i]->before)
      axes[i].push_back(number(letter));
    for (int64_t k = 0; sides[i]->isOpen && k < open; ++k)
      axes[i].push_back(k);
    for (char letter : sides[i]->after)
      axes[i].push_back(number(letter));
  }
  for (auto [k, label] : llvm::enumerate(axes[2])) {
    if (llvm::is_contained(llvm::ArrayRef(axes[2]).take_front(k), label))
      return call.fail<diag::EinsumResult>(2, equation, "each letter once");
    if (!llvm::is_contained(axes[0], label) && !llvm::is_contained(axes[1], label))
      return call.fail<diag::EinsumResult>(2, equation, "letters of the two tensors");
  }
  mlir::Value left = withDistinctLabels(call, 0, axes[0]),
              right = withDistinctLabels(call, 1, axes[1]);
  if (!left || !right)
    return Value();
  // One letter, one extent: told by letter, which the op's own message cannot.
  mlir::RankedTensorType a = ir::tensorType(left), b = ir::tensorType(right);
  for (auto [i, label] : llvm::enumerate(axes[0]))
    for (auto [j, other] : llvm::enumerate(axes[1]))
      if (label == other && a.getDimSize(i) != b.getDimSize(j)) {
        call.elaborator
            .error<diag::EinsumExtent>(call.range, equation, i, a.getDimSize(i), typeText(a), j,
                                       b.getDimSize(j), typeText(b))
            .note<diag::OperandHere>(call.value(0).asTensor().definition, typeText(a))
            .note<diag::OperandHere>(call.value(1).asTensor().definition, typeText(b));
        return Value();
      }
  return call.emit<ir::ContractOp>(left, right, axes[0], axes[1], axes[2]);
}

static Value convolve(const PrimitiveCall &call) {
  return call.emit<ir::ConvOp>(call.tensor(0), call.tensor(1), call.integers(2), call.integers(3),
                               call.integers(4), call.integers(5), call.integer(6), ir::ConvAttr(),
                               mlir::DenseI64ArrayAttr(), mlir::IntegerAttr());
}

static constexpr Primitive rows[] = {
    {"contract", contract},
    {"convolve", convolve},
};

llvm::ArrayRef<Primitive> linearPrimitives() { return rows; }

} // namespace quern::frontend
