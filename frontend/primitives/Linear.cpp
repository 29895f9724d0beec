// Contractions and convolutions.
#include "frontend/Primitives.h"

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
  // One letter, one extent: told by letter, which the op's own message cannot.
  mlir::RankedTensorType a = call.type(0), b = call.type(1);
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
  return call.emit<ir::ContractOp>(call.tensor(0), call.tensor(1), axes[0], axes[1], axes[2]);
}

static Value convolve(const PrimitiveCall &call) {
  return call.emit<ir::ConvOp>(call.tensor(0), call.tensor(1), call.integers(2), call.integers(3),
                               call.integers(4), call.integers(5), call.integer(6), ir::ConvAttr(),
                               mlir::DenseI64ArrayAttr());
}

static constexpr Primitive rows[] = {
    {"contract", contract},
    {"convolve", convolve},
};

llvm::ArrayRef<Primitive> linearPrimitives() { return rows; }

} // namespace quern::frontend
