#include "passes/causal/Grids.h"

namespace quern::passes {
namespace {

using mlir::failure;
using mlir::FailureOr;

/// The axis of `to` that is axis `axis` of `from` joined with axes inside it that are not ordered,
/// and how many of these elements there are for one along the axis.
std::optional<std::pair<int64_t, int64_t>> joinedAxis(llvm::ArrayRef<int64_t> from, int64_t axis,
                                                      llvm::ArrayRef<int64_t> to,
                                                      const OrderedMap &ordered) {
  int64_t before = 1, seen = 1;
  for (int64_t extent : from.take_front(axis))
    before *= extent;
  for (auto [index, extent] : llvm::enumerate(to)) {
    if (seen == before && extent >= from[axis]) {
      int64_t joined = from[axis];
      for (int64_t inner = axis + 1; joined < extent; ++inner) {
        if (inner == static_cast<int64_t>(from.size()) || llvm::is_contained(ordered, inner))
          return std::nullopt;
        joined *= from[inner];
      }
      if (joined != extent)
        return std::nullopt;
      return std::pair(static_cast<int64_t>(index), extent / from[axis]);
    }
    seen *= extent;
  }
  return std::nullopt;
}

std::optional<Spread> spreadOfReshape(ir::ReshapeOp reshape, const OrderedAxes &axes) {
  const OrderedMap &map = axes.of(reshape.getInput());
  Spread spread;
  for (int64_t axis : map) {
    spread.map.push_back(-1);
    spread.factors.push_back(1);
    if (axis < 0)
      continue;
    auto joined =
        joinedAxis(ir::tensorType(reshape.getInput()).getShape(), axis, reshape.getShape(), map);
    if (!joined)
      return std::nullopt;
    std::tie(spread.map.back(), spread.factors.back()) = *joined;
  }
  return spread;
}

/// Upsampling by whole factors that repeats elements: result i is input i / factor.
std::optional<Spread> spreadOfResize(ir::ResizeOp resize, const OrderedAxes &axes) {
  mlir::RankedTensorType from = ir::tensorType(resize.getInput()),
                         to = ir::tensorType(resize.getResult());
  if (resize.getMode() != ir::ResizeMode::nearest ||
      resize.getCoordinates() == ir::ResizeCoordinates::align_corners)
    return std::nullopt;
  Spread spread{axes.of(resize.getInput()), Distance(axes.count(), 1)};
  for (int64_t axis = 0; axis < to.getRank(); ++axis) {
    if (to.getDimSize(axis) % from.getDimSize(axis) != 0)
      return std::nullopt;
    if (auto ordered = axes.orderedAxis(resize.getInput(), axis))
      spread.factors[*ordered] = to.getDimSize(axis) / from.getDimSize(axis);
  }
  return spread;
}

/// How many elements of an operand's axis lie between those that neighbours of the result read.
int64_t strideAlong(mlir::Operation *op, int64_t axis) {
  if (axis < 0)
    return 1;
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op); conv && axis >= 2)
    return conv.getStrides()[static_cast<size_t>(axis - 2)];
  if (auto pool = llvm::dyn_cast<ir::WindowReduceOp>(op); pool && axis >= 2)
    return pool.getStrides()[static_cast<size_t>(axis - 2)];
  if (auto slice = llvm::dyn_cast<ir::SliceOp>(op))
    return slice.getStrides()[static_cast<size_t>(axis)];
  return 1;
}

} // namespace

std::optional<Spread> spreadOf(mlir::Operation *op, const OrderedAxes &axes) {
  std::optional<Spread> spread;
  if (auto reshape = llvm::dyn_cast<ir::ReshapeOp>(op);
      reshape && axes.isGenerated(reshape.getInput()))
    spread = spreadOfReshape(reshape, axes);
  if (auto resize = llvm::dyn_cast<ir::ResizeOp>(op); resize && axes.isGenerated(resize.getInput()))
    spread = spreadOfResize(resize, axes);
  if (spread && llvm::all_of(spread->factors, [](int64_t factor) { return factor == 1; }))
    return std::nullopt;
  return spread;
}

FailureOr<Distance> ratesOf(mlir::Operation *op, const OrderedMap &map, const OrderedAxes &axes) {
  std::optional<Spread> spread = spreadOf(op, axes);
  Distance rates;
  for (size_t j = 0; j < axes.count(); ++j) {
    std::optional<int64_t> rate;
    for (mlir::Value operand : op->getOperands()) {
      if (map[j] == -1 || !axes.isGenerated(operand) || axes.of(operand)[j] == -1)
        continue;
      int64_t own = axes.rates(operand)[j] * strideAlong(op, axes.of(operand)[j]);
      int64_t factor = spread ? spread->factors[j] : 1;
      if (own % factor != 0)
        return op->emitError("no step program can be derived: ")
               << op->getName().stripDialect() << " gives more elements than the input has";
      if (rate && *rate != own / factor)
        return op->emitError("no step program can be derived: ")
               << op->getName().stripDialect() << " meets operands on different grids";
      rate = own / factor;
    }
    rates.push_back(rate.value_or(axes.extents()[j]));
  }
  return rates;
}

Distance periodsOf(mlir::Operation *op, const OrderedAxes &axes) {
  Distance periods = axes.rates(op->getResult(0));
  if (std::optional<Spread> spread = spreadOf(op, axes))
    for (auto [period, factor] : llvm::zip_equal(periods, spread->factors))
      period *= factor;
  return periods;
}

} // namespace quern::passes
