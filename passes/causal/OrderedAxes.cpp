#include "passes/causal/Grids.h"
#include "passes/causal/OrderedReshape.h"
#include "passes/causal/OrderedSum.h"
#include "passes/causal/OverKeys.h"

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
        .Case<ir::ConvOp, ir::WindowReduceOp>(
            [&](auto window) { return this->window(window.getInput()); })
        .Case([&](ir::ContractOp contract) -> R { return this->contract(contract); })
        .Case([&](ir::GatherOp gather) -> R { return this->gather(gather); })
        .Case([&](ir::AttentionOp attention) -> R { return this->attention(attention); })
        .Case([&](ir::ReshapeOp reshape) -> R {
          if (std::optional<Spread> spread = spreadOf(op, axes))
            return spread->map;
          if (auto map =
                  throughReshape(ir::tensorType(reshape.getInput()).getShape(),
                                 axes.of(reshape.getInput()), reshape.getShape(), axes.extents()))
            return *map;
          return refuse(op, "does not keep the ordered axes apart");
        })
        .Case([&](ir::ResizeOp) -> R {
          if (std::optional<Spread> spread = spreadOf(op, axes))
            return spread->map;
          return refuse(op, "makes elements from several positions");
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
        .Case<ir::SliceOp, ir::PadOp>([&](auto moved) -> R { return this->moved(moved); })
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
        if (known != -1 && axis != -1 && known != axis)
          return refuse(op, "meets operands with different ordered axes");
        known = known == -1 ? axis : known;
      }
    return result;
  }

  FailureOr<OrderedMap> window(mlir::Value input) {
    if (axes.sharedAxis(input) >= 0)
      return refuse(op, "moves along an axis that holds all of a raster; let it have one for rows "
                        "and one for columns");
    return exceptFor(input, 1);
  }

  FailureOr<OrderedMap> contract(ir::ContractOp contract) {
    if (std::optional<OrderedSum> sum = orderedSumOf(contract, axes))
      return OrderedMap{sum->axis};
    llvm::SmallVector<OrderedMap> maps;
    for (auto [operand, labels] : {std::pair(contract.getLhs(), contract.getLhsAxes()),
                                   std::pair(contract.getRhs(), contract.getRhsAxes())}) {
      if (!axes.isGenerated(operand))
        continue;
      auto rule = [&](int64_t axis) {
        return positionIn(contract.getResultAxes(), labels[static_cast<size_t>(axis)]);
      };
      FailureOr<OrderedMap> map = mapped(
          op, axes.of(operand), rule,
          "sums over the order by no weight with a mask against later elements (masked_linear)");
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
      // Elements may change places within a row.
      bool isRow = axes.axisReadWhole(gather).has_value();
      FailureOr<OrderedMap> map =
          along(gather.getInput(), [&](int64_t own) -> std::optional<int64_t> {
            if (own == axis && !isRow)
              return std::nullopt;
            return own <= axis ? own : own + added;
          });
      if (failed(map))
        return failure();
      maps.push_back(*map);
    }
    return merged(maps);
  }

  /// A pad or slice: positions keep their axes.
  FailureOr<OrderedMap> moved(mlir::Operation *moved) {
    mlir::Value input = moved->getOperand(0), result = moved->getResult(0);
    int64_t shared = axes.sharedAxis(input);
    if (shared >= 0 &&
        ir::tensorType(input).getDimSize(shared) != ir::tensorType(result).getDimSize(shared))
      return refuse(op, "cuts an axis that holds all of a raster; let it have one for rows and one "
                        "for columns");
    if (auto pad = llvm::dyn_cast<ir::PadOp>(moved); pad && !pad.getValue().isZero())
      for (auto [axis, low, high] : llvm::enumerate(pad.getLow(), pad.getHigh()))
        if ((low > 0 || high > 0) && axes.orderedAxis(input, static_cast<int64_t>(axis)))
          return refuse(op, "lets other values than zeros in along the order");
    return axes.of(input);
  }

  /// Queries and keys run along the whole order, and so does the result; or queries alone do.
  FailureOr<OrderedMap> attention(ir::AttentionOp attention) {
    OrderedMap whole(axes.count(), 2);
    if (attention.getMask() && axes.isGenerated(attention.getMask()))
      return refuse(op, "has a mask that depends on the input");
    bool hasFreeKeys =
        !axes.isGenerated(attention.getKey()) && !axes.isGenerated(attention.getValue());
    for (mlir::Value operand : {attention.getQuery(), attention.getKey(), attention.getValue()}) {
      bool mayBeFree = operand == attention.getQuery() || hasFreeKeys;
      if (axes.isGenerated(operand) ? axes.of(operand) != whole : !mayBeFree)
        return refuse(op, "does not attend along the whole order");
    }
    return whole;
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

} // namespace

int64_t OrderedAxes::elements(mlir::Value value) const {
  int64_t all = 1;
  for (auto [extent, rate] : llvm::zip_equal(extents(), rates(value)))
    all *= llvm::divideCeilSigned(extent, rate);
  return all;
}

std::optional<size_t> OrderedAxes::orderedAxis(mlir::Value value, int64_t axis) const {
  const OrderedMap &map = of(value);
  const int64_t *found = llvm::find(map, axis);
  if (found == map.end())
    return std::nullopt;
  return static_cast<size_t>(found - map.begin());
}

std::optional<size_t> OrderedAxes::axisReadWhole(mlir::Operation *op) const {
  if (wholes.contains(op))
    return scans.find(op)->second;
  auto gather = llvm::dyn_cast<ir::GatherOp>(op);
  if (!gather || !isGenerated(gather.getInput()) || isGenerated(gather.getIndices()) ||
      ir::tensorType(gather.getInput()) != ir::tensorType(gather.getResult()))
    return std::nullopt;
  std::optional<size_t> ordered = orderedAxis(gather.getInput(), gather.getAxis());
  bool isInRow = ordered && *ordered > 0 && sharedAxis(gather.getInput()) < 0;
  return isInRow ? ordered : std::nullopt;
}

int64_t OrderedAxes::sharedAxis(mlir::Value value) const {
  for (int64_t axis : of(value))
    if (axis >= 0 && llvm::count(of(value), axis) > 1)
      return axis;
  return -1;
}

const OverKeys *OrderedAxes::overKeys(mlir::Operation *op) const {
  auto found = pairs.find(op);
  return found == pairs.end() ? nullptr : &found->second;
}

int64_t OrderedAxes::keysAxis(mlir::Value value) const {
  const OverKeys *over = overKeys(value.getDefiningOp());
  return over ? over->result : -1;
}

bool OrderedAxes::isReadAsKeys(mlir::OpOperand &operand) const {
  if (!isGenerated(operand.get()))
    return false;
  if (auto attention = llvm::dyn_cast<ir::AttentionOp>(operand.getOwner()))
    return &operand != &attention.getQueryMutable();
  const OverKeys *over = overKeys(operand.getOwner());
  return over && over->operands[operand.getOperandNumber()] == of(operand.get())[0];
}

LogicalResult OrderedAxes::enter(mlir::Operation *op) {
  if (!llvm::any_of(op->getOperands(), [&](mlir::Value operand) { return isGenerated(operand); }))
    return success();
  FailureOr<std::optional<OverKeys>> over = overKeysOf(op, *this);
  if (failed(over))
    return failure();
  if (auto scan = llvm::dyn_cast<ir::ScanOp>(op))
    return enterScan(scan);
  FailureOr<OrderedMap> map = *over ? (*over)->map : AxisRules(*this, op).result();
  if (failed(map))
    return failure();
  FailureOr<Distance> rates = ratesOf(op, *map, *this);
  if (failed(rates))
    return failure();
  for (size_t j = 1; !hasLongRows && j < count(); ++j)
    if ((*map)[j] >= 0 && (*map)[j] != (*map)[0] && !llvm::isa<ir::PadOp, ir::SliceOp>(op) &&
        ir::tensorType(op->getResult(0)).getDimSize((*map)[j]) >
            llvm::divideCeilSigned(extentsOfOrder[j], (*rates)[j]))
      return refuse(op, "computes more elements along a row than the order has positions");
  if (*over)
    pairs[op] = **over;
  maps[op->getResult(0)] = *map;
  ratesOfValues[op->getResult(0)] = *rates;
  return success();
}

llvm::SmallVector<size_t> axesThatOrder(ir::CausalAttr contract, mlir::RankedTensorType input) {
  llvm::SmallVector<size_t> kept;
  for (auto [number, axis] : llvm::enumerate(contract.getInputAxes()))
    if (input.getDimSize(axis) > 1)
      kept.push_back(number);
  return kept.empty() ? llvm::SmallVector<size_t>{0} : kept;
}

/// The axes of the generated input.
void OrderedAxes::begin(const SteppedModel &model) {
  OrderedMap inputAxes;
  mlir::RankedTensorType input = ir::tensorType(model.wholeInput());
  for (size_t number : axesThatOrder(model.contract, input)) {
    inputAxes.push_back(model.contract.getInputAxes()[number]);
    extentsOfOrder.push_back(input.getDimSize(inputAxes.back()));
  }
  if (model.hasColours())
    inputAxes.back() = -1;
  for (mlir::Value input : model.inputs) {
    maps[input] = inputAxes;
    for (auto [axis, extent] : llvm::zip_equal(inputAxes, extents()))
      ratesOfValues[input].push_back(axis < 0 ? extent : 1);
  }
}

LogicalResult OrderedAxes::enterAll(mlir::func::FuncOp function) {
  for (mlir::Operation &op : function.front().without_terminator())
    if (failed(enter(&op)))
      return failure();
  return success();
}

FailureOr<OrderedAxes> OrderedAxes::follow(const SteppedModel &model,
                                           const WholeScans &wholeScans) {
  OrderedAxes axes;
  axes.wholes = wholeScans;
  mlir::func::FuncOp function = model.function;
  if (!model.contract.getOrder().empty())
    return function.emitError("no step program can be derived for an explicit order");
  axes.begin(model);
  if (failed(axes.enterAll(function)))
    return failure();
  OrderedMap outputAxes;
  for (size_t number : axesThatOrder(model.contract, ir::tensorType(model.wholeInput())))
    outputAxes.push_back(model.contract.getOutputAxes()[number]);
  if (model.hasColours())
    outputAxes.back() = -1;
  for (mlir::Value output : model.outputs) {
    if (!axes.isGenerated(output))
      return function.emitError(
          "no step program can be derived: the output does not depend on the input");
    if (axes.of(output) != outputAxes || axes.keysAxis(output) >= 0 ||
        axes.rates(output) != axes.rates(model.inputs.front()))
      return function.emitError(
          "no step program can be derived: the output's ordered axes do not come from the input's");
  }
  return axes;
}

OrderedAxes OrderedAxes::followAsFar(const SteppedModel &model) {
  OrderedAxes axes;
  mlir::func::FuncOp function = model.function;
  mlir::ScopedDiagnosticHandler silent(function.getContext(),
                                       [](mlir::Diagnostic &) { return success(); });
  axes.hasLongRows = true;
  axes.begin(model);
  (void)axes.enterAll(function);
  return axes;
}

} // namespace quern::passes
