#include "passes/causal/KeyWindow.h"

#include "passes/Model.h"
#include "passes/causal/AdmittedKeys.h"
#include "passes/causal/Comparison.h"
#include "passes/causal/KnownRanges.h"
#include "passes/causal/ShapeOps.h"

#include "llvm/ADT/SetVector.h"

namespace quern::passes {

using mlir::Value;

namespace {

/// Whether `value` holds the places of the queries (axis 0) or of the keys (axis 1), and nothing
/// along the other axis.
bool isPlaces(Value value, int64_t axis) {
  auto iota = value.getDefiningOp<ir::IotaOp>();
  mlir::RankedTensorType type = ir::tensorType(value);
  return iota && static_cast<int64_t>(iota.getAxis()) == axis && type.getRank() == 2 &&
         type.getDimSize(1 - axis) == 1 && type.getElementType().isInteger(32);
}

/// Whether `value` is the same for all keys.
bool isOfQuery(Value value) {
  mlir::RankedTensorType type = ir::tensorType(value);
  return type.getRank() == 2 && type.getDimSize(1) == 1;
}

/// What `value` is computed from, element by element, beside splat constants.
void collectSources(Value value, llvm::SmallSetVector<Value, 4> &sources) {
  mlir::Operation *op = value.getDefiningOp();
  if (isSplatConstant(value))
    return;
  if (!op || isOfQuery(value) ||
      !(op->hasTrait<ir::Elementwise>() || llvm::isa<ir::BroadcastOp>(op)))
    sources.insert(value);
  else
    for (Value operand : op->getOperands())
      collectSources(operand, sources);
}

/// The places of the queries, if a mask is computed from those, from the places of the keys and
/// from what is the same for all keys; else null.
Value queryPlaces(Value mask) {
  llvm::SmallSetVector<Value, 4> sources;
  collectSources(mask, sources);
  Value places;
  for (Value source : sources)
    if (isPlaces(source, 0))
      places = source;
    else if (!isPlaces(source, 1) && !isOfQuery(source))
      return nullptr;
  return places;
}

/// Writes a mask's row over a window: what it is computed from, with the places of the window's
/// keys in place of all.
class WindowRow {
public:
  WindowRow(StepBoxes &boxes, StepProgram &program, Value mask, KeyWindow window,
            const Distance &rates)
      : boxes(boxes), program(program), rates(rates), loc(mask.getLoc()), ahead(window.ahead) {
    Value query = ofQuery(queryPlaces(mask));
    mlir::RankedTensorType type = shaped(ir::tensorType(query), {1, window.width});
    Value offsets =
        ir::IotaOp::create(program.builder, loc, type, type.getShape(), 1, type.getElementType());
    keys = ir::AddOp::create(
        program.builder, loc, offsets,
        ir::SubOp::create(program.builder, loc, query, number(window.width - 1 - window.ahead)));
  }

  Value row(Value mask) {
    Value isThere = ir::CmpOp::create(program.builder, loc, keys, number(0), ir::CmpPredicate::ge);
    if (ahead > 0) {
      Value count = number(ir::tensorType(mask).getDimSize(1));
      Value isBeforeEnd =
          ir::CmpOp::create(program.builder, loc, keys, count, ir::CmpPredicate::lt);
      isThere = ir::AndOp::create(program.builder, loc, isThere, isBeforeEnd);
    }
    return ir::AndOp::create(program.builder, loc, of(mask), isThere);
  }

private:
  Value number(int64_t value) {
    auto type = mlir::RankedTensorType::get({}, program.builder.getI32Type());
    return ir::ConstantOp::create(
        program.builder, loc, type,
        mlir::DenseElementsAttr::get(
            type, program.builder.getI32IntegerAttr(static_cast<int32_t>(value))));
  }

  Value ofQuery(Value value) { return boxes.freeBox(program, value, OrderedMap{0}, rates); }

  Value of(Value value) {
    mlir::Operation *op = value.getDefiningOp();
    if (isSplatConstant(value)) {
      auto elements =
          llvm::cast<mlir::DenseElementsAttr>(llvm::cast<ir::ConstantOp>(op).getValue());
      mlir::RankedTensorType type = shaped(ir::tensorType(value), {});
      return ir::ConstantOp::create(program.builder, loc, type, elements.resizeSplat(type));
    }
    if (isPlaces(value, 1))
      return keys;
    if (isOfQuery(value))
      return ofQuery(value);
    if (auto broadcast = llvm::dyn_cast<ir::BroadcastOp>(op))
      return of(broadcast.getInput());
    mlir::IRMapping operands;
    int64_t width = 1;
    for (Value operand : op->getOperands()) {
      Value own = of(operand);
      operands.map(operand, own);
      if (ir::tensorType(own).getRank() == 2)
        width = std::max(width, ir::tensorType(own).getDimSize(1));
    }
    mlir::Operation *copy = program.builder.clone(*op, operands);
    copy->getResult(0).setType(shaped(ir::tensorType(value), {1, width}));
    return copy->getResult(0);
  }

  StepBoxes &boxes;
  StepProgram &program;
  const Distance &rates;
  mlir::Location loc;
  int64_t ahead;
  Value keys;
};

/// Of a mask that is not known altogether: what it does not surely hide.
std::vector<KeyRange> possibleRanges(Value mask) {
  llvm::ArrayRef<int64_t> shape = ir::tensorType(mask).getShape();
  RankTensor admits(shape, 1);
  if (std::optional<RankTensor> nonzero = possiblyNonzero(mask))
    admits = nonzero->expanded({0, 1});
  std::vector<KeyRange> ranges;
  for (int64_t query = 0; query < shape[0]; ++query) {
    KeyRange range;
    for (int64_t key = 0; key < shape[1]; ++key)
      if (admits.at({query, key}) != 0) {
        if (range.first > range.last)
          range.first = key;
        range.last = key;
      }
    ranges.push_back(range);
  }
  return ranges;
}

} // namespace

std::vector<KeyRange> admittedRanges(Value mask) {
  std::vector<KeyRange> ranges;
  if (std::optional<Comparison> comparison = comparisonOf(mask)) {
    // The least key from each place on.
    std::vector<int32_t> least = comparison->keys;
    for (size_t at = least.size(); at-- > 1;)
      least[at - 1] = std::min(least[at - 1], least[at]);
    for (int32_t limit : comparison->limits)
      ranges.push_back({.last = llvm::upper_bound(least, limit) - least.begin() - 1});
    return ranges;
  }
  std::optional<AdmittedKeys> admitted = admittedKeys(mask);
  if (!admitted)
    return possibleRanges(mask);
  for (llvm::ArrayRef<KeyRun> runs : admitted->runs)
    ranges.push_back(runs.empty() ? KeyRange() : KeyRange{runs.front().first, runs.back().end - 1});
  return ranges;
}

int64_t windowOf(Value mask, llvm::ArrayRef<KeyRange> admitted) {
  int64_t last = 0, width = 1;
  for (auto [query, range] : llvm::enumerate(admitted))
    last = std::max(last, range.last - static_cast<int64_t>(query));
  for (auto [query, range] : llvm::enumerate(admitted))
    if (range.first <= range.last)
      width = std::max(width, static_cast<int64_t>(query) + last - range.first + 1);
  bool isShort = 2 * width <= static_cast<int64_t>(admitted.size());
  return isShort && queryPlaces(mask) ? width : 0;
}

Value windowRow(StepBoxes &boxes, StepProgram &program, Value mask, KeyWindow window,
                const Distance &rates) {
  return WindowRow(boxes, program, mask, window, rates).row(mask);
}

} // namespace quern::passes
