#include "passes/causal/OrderedAxes.h"

#include "llvm/ADT/TypeSwitch.h"

namespace quern::passes {
namespace {

using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;

LogicalResult refuse(mlir::Operation *op, const llvm::Twine &why) {
  return op->emitError("no step program can be derived: ")
         << op->getName().stripDialect() << " " << why;
}

/// The axis after a reshape that has the extent of `axis` and as many elements before it.
std::optional<int64_t> throughReshape(llvm::ArrayRef<int64_t> from, int64_t axis,
                                      llvm::ArrayRef<int64_t> to) {
  int64_t before = 1, seen = 1;
  for (int64_t extent : from.take_front(axis))
    before *= extent;
  for (auto [index, extent] : llvm::enumerate(to)) {
    if (seen == before && extent == from[axis])
      return static_cast<int64_t>(index);
    seen *= extent;
  }
  return std::nullopt;
}

/// Rewrites every axis of `map` by `rule`; fails where an ordered one has no place in the result.
FailureOr<OrderedMap> mapped(mlir::Operation *op, const OrderedMap &map,
                             llvm::function_ref<std::optional<int64_t>(int64_t)> rule,
                             const llvm::Twine &why) {
  OrderedMap result;
  for (int64_t axis : map) {
    std::optional<int64_t> place = axis < 0 ? axis : rule(axis);
    if (!place)
      return refuse(op, why);
    result.push_back(*place);
  }
  return result;
}

std::optional<int64_t> positionIn(llvm::ArrayRef<int64_t> items, int64_t item) {
  const int64_t *found = llvm::find(items, item);
  return found == items.end() ? std::nullopt : std::optional<int64_t>(found - items.begin());
}

class AxisRules {
public:
  AxisRules(const OrderedAxes &axes, mlir::Operation *op) : axes(axes), op(op) {}

  FailureOr<OrderedMap> result() {
    using R = FailureOr<OrderedMap>;
    if (op->hasTrait<ir::Elementwise>())
      return elementwise();
    return llvm::TypeSwitch<mlir::Operation *, R>(op)
        .Case([&](ir::ConvOp conv) { return window(conv.getInput(), conv.getStrides()); })
        .Case([&](ir::ContractOp contract) -> R { return this->contract(contract); })
        .Case([&](ir::GatherOp gather) -> R { return this->gather(gather); })
        .Case([&](ir::AttentionOp attention) -> R { return this->attention(attention); })
        .Case([&](ir::ReshapeOp reshape) -> R {
          return along(reshape.getInput(), [&](int64_t axis) {
            return throughReshape(ir::tensorType(reshape.getInput()).getShape(), axis,
                                  reshape.getShape());
          });
        })
        .Case([&](ir::TransposeOp transpose) -> R {
          return along(transpose.getInput(),
                       [&](int64_t axis) { return positionIn(transpose.getPermutation(), axis); });
        })
        .Case([&](ir::BroadcastOp broadcast) -> R {
          int64_t added = static_cast<int64_t>(broadcast.getShape().size()) -
                          ir::tensorType(broadcast.getInput()).getRank();
          return along(broadcast.getInput(), [&](int64_t axis) { return axis + added; });
        })
        .Case([&](ir::ReduceOp reduce) -> R {
          return along(reduce.getInput(), [&](int64_t axis) -> std::optional<int64_t> {
            if (llvm::is_contained(reduce.getAxes(), axis))
              return std::nullopt;
            return reduce.getKeepAxes()
                       ? axis
                       : axis -
                             llvm::count_if(reduce.getAxes(), [&](int64_t a) { return a < axis; });
          });
        })
        .Case([&](ir::SoftmaxOp softmax) -> R {
          return exceptFor(softmax.getInput(), softmax.getAxis());
        })
        .Case([&](ir::ConcatOp concat) -> R { return this->concat(concat); })
        .Case<ir::SliceOp, ir::PadOp>([&](auto moved) -> R { return axes.of(moved.getInput()); })
        .Default([&](mlir::Operation *) -> R {
          return refuse(op, "has no rule for one position at a time");
        });
  }

private:
  FailureOr<OrderedMap> along(mlir::Value input,
                              llvm::function_ref<std::optional<int64_t>(int64_t)> rule) {
    return mapped(op, axes.of(input), rule, "does not keep the ordered axes apart");
  }

  FailureOr<OrderedMap> exceptFor(mlir::Value input, int64_t refused) {
    return along(input, [&](int64_t axis) -> std::optional<int64_t> {
      return axis == refused ? std::nullopt : std::optional<int64_t>(axis);
    });
  }

  /// The maps of the generated operands, aligned at the last axis as broadcasting has it.
  FailureOr<OrderedMap> elementwise() {
    int64_t rank = ir::tensorType(op->getResult(0)).getRank();
    llvm::SmallVector<OrderedMap> maps;
    for (mlir::Value operand : op->getOperands())
      if (axes.isGenerated(operand)) {
        maps.push_back(axes.of(operand));
        for (int64_t &axis : maps.back())
          axis = axis < 0 ? axis : axis + rank - ir::tensorType(operand).getRank();
      }
    return merged(maps);
  }

  FailureOr<OrderedMap> merged(llvm::ArrayRef<OrderedMap> maps) {
    OrderedMap result(axes.count(), -1);
    for (const OrderedMap &map : maps)
      for (auto [known, axis] : llvm::zip_equal(result, map)) {
        if (known >= 0 && axis >= 0 && known != axis)
          return refuse(op, "meets operands with different ordered axes");
        known = std::max(known, axis);
      }
    return result;
  }

  FailureOr<OrderedMap> window(mlir::Value input, llvm::ArrayRef<int64_t> strides) {
    return along(input, [&](int64_t axis) -> std::optional<int64_t> {
      bool isPlace = axis != 1 && (axis < 2 || strides[static_cast<size_t>(axis - 2)] == 1);
      return isPlace ? std::optional<int64_t>(axis) : std::nullopt;
    });
  }

  FailureOr<OrderedMap> contract(ir::ContractOp contract) {
    llvm::SmallVector<OrderedMap> maps;
    for (auto [operand, labels] : {std::pair(contract.getLhs(), contract.getLhsAxes()),
                                   std::pair(contract.getRhs(), contract.getRhsAxes())}) {
      if (!axes.isGenerated(operand))
        continue;
      FailureOr<OrderedMap> map = along(operand, [&](int64_t axis) {
        return positionIn(contract.getResultAxes(), labels[static_cast<size_t>(axis)]);
      });
      if (failed(map))
        return failure();
      maps.push_back(*map);
    }
    return merged(maps);
  }

  FailureOr<OrderedMap> gather(ir::GatherOp gather) {
    int64_t axis = gather.getAxis();
    int64_t added = ir::tensorType(gather.getIndices()).getRank() - 1;
    llvm::SmallVector<OrderedMap> maps;
    if (axes.isGenerated(gather.getIndices())) {
      maps.push_back(axes.of(gather.getIndices()));
      for (int64_t &own : maps.back())
        own = own < 0 ? own : own + axis;
    }
    if (axes.isGenerated(gather.getInput())) {
      FailureOr<OrderedMap> map =
          along(gather.getInput(), [&](int64_t own) -> std::optional<int64_t> {
            if (own == axis)
              return std::nullopt;
            return own < axis ? own : own + added;
          });
      if (failed(map))
        return failure();
      maps.push_back(*map);
    }
    return merged(maps);
  }

  /// Queries and keys run along the same order; the result is the queries'.
  FailureOr<OrderedMap> attention(ir::AttentionOp attention) {
    for (mlir::Value operand : {attention.getQuery(), attention.getKey(), attention.getValue()})
      if (!axes.isGenerated(operand) || axes.count() != 1 || axes.of(operand)[0] != 2)
        return refuse(op, "attends along other axes than the one ordered axis");
    return axes.of(attention.getQuery());
  }

  FailureOr<OrderedMap> concat(ir::ConcatOp concat) {
    llvm::SmallVector<OrderedMap> maps;
    for (mlir::Value operand : concat.getInputs())
      if (axes.isGenerated(operand)) {
        FailureOr<OrderedMap> map = exceptFor(operand, concat.getAxis());
        if (failed(map))
          return failure();
        maps.push_back(*map);
      }
    return merged(maps);
  }

  const OrderedAxes &axes;
  mlir::Operation *op;
};

/// A scan along the order gives sequences along it.
FailureOr<OrderedMap> scanResult(ir::ScanOp scan, size_t index, const OrderedAxes &axes) {
  for (auto [sequence, axis] : llvm::zip_equal(scan.getSequences(), scan.getAxes()))
    if (!axes.isGenerated(sequence) || axes.count() != 1 || axes.of(sequence)[0] != axis)
      return refuse(scan, "runs along another axis than the one ordered axis");
  for (mlir::Value other : llvm::concat<mlir::Value>(scan.getInits(), scan.getInvariants()))
    if (axes.isGenerated(other))
      return refuse(scan, "begins with, or keeps, what is generated");
  return OrderedMap{scan.getResultAxes()[index]};
}

} // namespace

std::optional<size_t> OrderedAxes::orderedAxis(mlir::Value value, int64_t axis) const {
  const OrderedMap &map = of(value);
  const int64_t *found = llvm::find(map, axis);
  if (found == map.end())
    return std::nullopt;
  return static_cast<size_t>(found - map.begin());
}

LogicalResult OrderedAxes::enter(mlir::Operation *op) {
  if (!llvm::any_of(op->getOperands(), [&](mlir::Value operand) { return isGenerated(operand); }))
    return success();
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    auto scan = llvm::dyn_cast<ir::ScanOp>(op);
    FailureOr<OrderedMap> map =
        scan ? scanResult(scan, index, *this) : AxisRules(*this, op).result();
    if (failed(map))
      return failure();
    maps[result] = *map;
  }
  return success();
}

FailureOr<OrderedAxes> OrderedAxes::follow(mlir::func::FuncOp model, ir::CausalAttr contract) {
  OrderedAxes axes;
  mlir::Value input = model.getArgument(static_cast<unsigned>(contract.getInput()));
  if (!contract.getOrder().empty())
    return model.emitError("no step program can be derived for an explicit order");
  OrderedMap outputAxes;
  for (auto [axis, outputAxis] :
       llvm::zip_equal(contract.getInputAxes(), contract.getOutputAxes())) {
    int64_t extent = ir::tensorType(input).getDimSize(axis);
    if (extent == 1 && contract.getInputAxes().size() > 1)
      continue;
    axes.extentsOfOrder.push_back(extent);
    axes.maps[input].push_back(axis);
    outputAxes.push_back(outputAxis);
  }
  for (mlir::Operation &op : model.front().without_terminator())
    if (failed(axes.enter(&op)))
      return failure();
  mlir::Value output =
      model.front().getTerminator()->getOperand(static_cast<unsigned>(contract.getOutput()));
  if (!axes.isGenerated(output))
    return model.emitError(
        "no step program can be derived: the output does not depend on the input");
  if (axes.of(output) != outputAxes)
    return model.emitError(
        "no step program can be derived: the output's ordered axes do not come from the input's");
  return axes;
}

namespace {

/// What a view moves and where its input begins and ends, in its own coordinates.
std::optional<llvm::SmallVector<int64_t>> movedBy(mlir::Operation *op, const OrderedAxes &axes) {
  auto isOrdered = [&](size_t axis) {
    return axes.orderedAxis(op->getOperand(0), static_cast<int64_t>(axis)).has_value();
  };
  llvm::SmallVector<int64_t> moved;
  if (auto pad = llvm::dyn_cast<ir::PadOp>(op)) {
    if (!pad.getValue().isZero())
      return std::nullopt;
    for (size_t axis = 0; axis < pad.getLow().size(); ++axis) {
      if (!isOrdered(axis) && (pad.getLow()[axis] != 0 || pad.getHigh()[axis] != 0))
        return std::nullopt;
      moved.push_back(-pad.getLow()[axis]);
    }
    return moved;
  }
  auto slice = llvm::dyn_cast_or_null<ir::SliceOp>(op);
  if (!slice)
    return std::nullopt;
  llvm::ArrayRef<int64_t> shape = ir::tensorType(slice.getInput()).getShape();
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    bool isWhole = slice.getSizes()[axis] == shape[axis];
    if (slice.getStrides()[axis] != 1 || (!isOrdered(axis) && !isWhole))
      return std::nullopt;
    moved.push_back(slice.getStarts()[axis]);
  }
  return moved;
}

} // namespace

bool isOrderedView(mlir::Operation *op, const OrderedAxes &axes) {
  return op && llvm::isa<ir::PadOp, ir::SliceOp>(op) && axes.isGenerated(op->getOperand(0)) &&
         movedBy(op, axes).has_value();
}

OrderedView viewOf(mlir::Value value, const OrderedAxes &axes) {
  auto extent = [&](mlir::Value of, size_t ordered) {
    int64_t axis = axes.of(of)[ordered];
    return axis < 0 ? axes.extents()[ordered] : ir::tensorType(of).getDimSize(axis);
  };
  OrderedView view{value, Distance(axes.count(), 0), Distance(axes.count(), 0), {}};
  for (size_t ordered = 0; ordered < axes.count(); ++ordered)
    view.high.push_back(extent(value, ordered));
  while (isOrderedView(view.root.getDefiningOp(), axes)) {
    mlir::Operation *op = view.root.getDefiningOp();
    llvm::SmallVector<int64_t> moved = *movedBy(op, axes);
    view.root = op->getOperand(0);
    for (size_t ordered = 0; ordered < axes.count(); ++ordered) {
      int64_t axis = axes.of(view.root)[ordered];
      if (axis < 0)
        continue;
      int64_t by = moved[static_cast<size_t>(axis)];
      view.distance[ordered] += by;
      view.low[ordered] = std::max<int64_t>(view.low[ordered] + by, 0);
      view.high[ordered] = std::min(view.high[ordered] + by, extent(view.root, ordered));
    }
  }
  return view;
}

} // namespace quern::passes
