#include "passes/causal/MaskRows.h"

#include "ir/Infer.h"
#include "passes/causal/ConstantElements.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace quern::passes {
namespace {

/// Of how many progressions a row is still written sooner than element by element.
size_t mostProgressions(int64_t keys) { return std::max<int64_t>(keys / 64, 16); }

/// A row being written, from the first key to the last.
class RowWriter {
public:
  explicit RowWriter(int64_t keys) : most(mostProgressions(keys)) {}

  /// Numbers from the key `first` on; what goes on as the numbers before it is one with them.
  void add(int64_t first, int64_t value, int64_t step) {
    if (row.empty() || row.back().step != step || row.back().at(first) != value)
      row.push_back({first, value, step});
  }
  bool isLong() const { return row.size() > most; }

  ProgressionRow row;

private:
  size_t most;
};

/// Progressions of up to three operands over the keys [first, end), along which none ends.
struct Stretch {
  int64_t first = 0, end = 0;
  Progression operands[3] = {};

  int64_t value(size_t operand) const { return operands[operand].at(first); }
  int64_t step(size_t operand) const { return operands[operand].step; }
};

/// Writes what an op makes of a stretch; false where that is no progression, or many.
using StretchRule = llvm::function_ref<bool(const Stretch &, RowWriter &)>;

/// Cuts operands where one of them changes, and writes each stretch by the rule.
std::optional<ProgressionRow> combined(llvm::ArrayRef<ProgressionRow> operands, int64_t keys,
                                       StretchRule rule) {
  RowWriter writer(keys);
  size_t at[3] = {0, 0, 0};
  for (int64_t first = 0; first < keys;) {
    Stretch stretch{.first = first, .end = keys};
    for (auto [i, row] : llvm::enumerate(operands)) {
      while (at[i] + 1 < row.size() && row[at[i] + 1].first <= first)
        ++at[i];
      stretch.operands[i] = row[at[i]];
      if (at[i] + 1 < row.size())
        stretch.end = std::min(stretch.end, row[at[i] + 1].first);
    }
    if (!rule(stretch, writer) || writer.isLong())
      return std::nullopt;
    first = stretch.end;
  }
  return writer.row;
}

/// Calls `visit(first, sign)` where the difference of the first two operands begins to be below
/// zero, zero, or above.
void forEachSign(const Stretch &stretch, llvm::function_ref<void(int64_t, int)> visit) {
  int64_t difference = stretch.value(0) - stretch.value(1);
  int64_t step = stretch.step(0) - stretch.step(1);
  auto signOf = [](int64_t number) { return number > 0 ? 1 : number < 0 ? -1 : 0; };
  visit(stretch.first, signOf(difference));
  if (step == 0 || difference == 0 || signOf(difference) == signOf(step)) {
    if (difference == 0 && step != 0 && stretch.first + 1 < stretch.end)
      visit(stretch.first + 1, signOf(step));
    return;
  }
  int64_t distance = std::abs(difference), pace = std::abs(step);
  int64_t reached = stretch.first + llvm::divideCeil(distance, pace);
  bool isMet = distance % pace == 0;
  if (isMet && reached < stretch.end)
    visit(reached, 0);
  if (reached + isMet < stretch.end)
    visit(reached + isMet, signOf(step));
}

bool compares(ir::CmpPredicate predicate, int sign) {
  switch (predicate) {
  case ir::CmpPredicate::eq:
    return sign == 0;
  case ir::CmpPredicate::ne:
    return sign != 0;
  case ir::CmpPredicate::lt:
    return sign < 0;
  case ir::CmpPredicate::le:
    return sign <= 0;
  case ir::CmpPredicate::gt:
    return sign > 0;
  case ir::CmpPredicate::ge:
    return sign >= 0;
  }
  llvm_unreachable("all predicates are named");
}

/// Quotients, rounded towards zero, by a number above zero that is the same for all keys.
bool divide(const Stretch &stretch, RowWriter &writer) {
  int64_t by = stretch.value(1), step = stretch.step(0);
  if (stretch.step(1) != 0 || by <= 0)
    return false;
  for (int64_t key = stretch.first; key < stretch.end && !writer.isLong();) {
    int64_t number = stretch.operands[0].at(key), quotient = number / by;
    writer.add(key, quotient, 0);
    if (step == 0)
      break;
    // The last number on the way that has this quotient.
    int64_t low = quotient > 0 ? quotient * by : quotient * by - (by - 1);
    int64_t high = quotient < 0 ? quotient * by : quotient * by + (by - 1);
    key += (step > 0 ? high - number : number - low) / std::abs(step) + 1;
  }
  return true;
}

bool negate(const Stretch &stretch, RowWriter &writer) {
  writer.add(stretch.first, -stretch.value(0), -stretch.step(0));
  return true;
}

/// The second operand is zero, as there is none.
bool makePositive(const Stretch &stretch, RowWriter &writer) {
  forEachSign(stretch, [&](int64_t first, int sign) {
    int64_t factor = sign < 0 ? -1 : 1;
    writer.add(first, factor * stretch.operands[0].at(first), factor * stretch.step(0));
  });
  return true;
}

bool multiply(const Stretch &stretch, RowWriter &writer) {
  int64_t a = stretch.value(0), b = stretch.value(1);
  if (stretch.step(0) != 0 && stretch.step(1) != 0)
    return false;
  writer.add(stretch.first, a * b, stretch.step(0) * b + stretch.step(1) * a);
  return true;
}

/// f of truth values, which are the same all along.
template <typename F> auto logical(F f) {
  return [f](const Stretch &stretch, RowWriter &writer) {
    if (stretch.step(0) != 0 || stretch.step(1) != 0)
      return false;
    writer.add(stretch.first, f(stretch.value(0) != 0, stretch.value(1) != 0), 0);
    return true;
  };
}

/// The operand that is larger (`sign` 1) or smaller (-1).
auto extremeOf(int sign) {
  return [sign](const Stretch &stretch, RowWriter &writer) {
    forEachSign(stretch, [&](int64_t first, int own) {
      const Progression &taken = stretch.operands[own == -sign ? 1 : 0];
      writer.add(first, taken.at(first), taken.step);
    });
    return true;
  };
}

/// The row of elements that all queries share, unless it consists of too many progressions.
std::optional<ProgressionRow> sharedRow(const RankTensor &elements, bool isTruth) {
  llvm::ArrayRef<int64_t> shape = elements.shape();
  if (shape.size() == 2 && shape[0] > 1)
    return std::nullopt;
  int64_t keys = shape.empty() ? 1 : shape.back();
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  ProgressionRow row;
  for (int64_t key = 0; key < keys; ++key) {
    if (!index.empty())
      index.back() = key;
    int64_t number = elements.at(index);
    // The second number of a progression tells its step; truth values agree or differ.
    if (!isTruth && !row.empty() && row.back().first + 1 == key)
      row.back().step = number - row.back().value;
    else if (row.empty() || row.back().at(key) != number)
      row.push_back({key, number, 0});
  }
  return row.size() <= mostProgressions(keys) ? std::optional(row) : std::nullopt;
}

bool isWhole(mlir::Value value) {
  return llvm::isa<mlir::IntegerType>(ir::tensorType(value).getElementType());
}

} // namespace

std::optional<ProgressionRow> MaskRows::of(mlir::Value value, int64_t query) {
  mlir::Operation *op = value.getDefiningOp();
  mlir::RankedTensorType type = ir::tensorType(value);
  if (!op || !isWhole(value) || type.getRank() > 2)
    return std::nullopt;
  bool isLeaf = type.getRank() < 2 || type.getDimSize(0) == 1 || type.getDimSize(1) == 1;
  if (isLeaf)
    return ofLeaf(value, query);
  if (auto iota = llvm::dyn_cast<ir::IotaOp>(op))
    return iota.getAxis() == 1 ? ProgressionRow{{0, 0, 1}} : ProgressionRow{{0, query, 0}};
  if (auto broadcast = llvm::dyn_cast<ir::BroadcastOp>(op))
    return of(broadcast.getInput(), query);
  return ofElementwise(op, query);
}

std::optional<ProgressionRow> MaskRows::ofElementwise(mlir::Operation *op, int64_t query) {
  llvm::SmallVector<ProgressionRow, 3> operands;
  for (mlir::Value operand : op->getOperands()) {
    std::optional<ProgressionRow> row = of(operand, query);
    if (!row)
      return std::nullopt;
    operands.push_back(std::move(*row));
  }
  using Result = std::optional<ProgressionRow>;
  auto by = [&](StretchRule rule) { return combined(operands, keys, rule); };
  auto sum = [](int64_t sign) {
    return [sign](const Stretch &s, RowWriter &writer) {
      writer.add(s.first, s.value(0) + sign * s.value(1), s.step(0) + sign * s.step(1));
      return true;
    };
  };
  return llvm::TypeSwitch<mlir::Operation *, Result>(op)
      .Case([&](ir::AddOp) { return by(sum(1)); })
      .Case([&](ir::SubOp) { return by(sum(-1)); })
      .Case([&](ir::NegOp) { return by(negate); })
      .Case([&](ir::AbsOp) { return by(makePositive); })
      .Case([&](ir::MulOp) { return by(multiply); })
      .Case([&](ir::DivOp) { return by(divide); })
      .Case([&](ir::MaxOp) { return by(extremeOf(1)); })
      .Case([&](ir::MinOp) { return by(extremeOf(-1)); })
      .Case([&](ir::AndOp) { return by(logical(std::logical_and<bool>())); })
      .Case([&](ir::OrOp) { return by(logical(std::logical_or<bool>())); })
      .Case([&](ir::NotOp) { return by(logical([](bool a, bool) { return !a; })); })
      .Case([&](ir::CmpOp cmp) {
        return by([&](const Stretch &stretch, RowWriter &writer) {
          forEachSign(stretch, [&](int64_t first, int sign) {
            writer.add(first, compares(cmp.getPredicate(), sign), 0);
          });
          return true;
        });
      })
      .Case([&](ir::SelectOp) {
        return by([](const Stretch &stretch, RowWriter &writer) {
          const Progression &taken = stretch.operands[stretch.value(0) != 0 ? 1 : 2];
          writer.add(stretch.first, taken.at(stretch.first), taken.step);
          return stretch.step(0) == 0;
        });
      })
      .Default([](mlir::Operation *) { return std::nullopt; });
}

std::optional<ProgressionRow> MaskRows::ofLeaf(mlir::Value value, int64_t query) {
  auto [entry, isNew] = leaves.try_emplace(value);
  Leaf &leaf = entry->second;
  if (isNew) {
    leaf.elements = constantElements(value);
    if (leaf.elements)
      leaf.row = sharedRow(*leaf.elements, ir::tensorType(value).getElementType().isInteger(1));
  }
  if (leaf.row || !leaf.elements)
    return leaf.row;
  if (leaf.elements->shape().back() > 1)
    return std::nullopt;
  return ProgressionRow{{0, leaf.elements->at({query, 0}), 0}};
}

} // namespace quern::passes
