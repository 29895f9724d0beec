#include "passes/causal/PickedElements.h"

#include "passes/causal/ReadRules.h"
#include "passes/causal/ShapeOps.h"

#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

namespace quern::passes {
namespace {

using mlir::Value;
using Axes = llvm::SmallVector<int64_t>;

/// Places in a value, which go back through ops that only move elements.
class Places {
public:
  Places(Value value, int64_t first, int64_t count, llvm::ArrayRef<int64_t> flat) : value(value) {
    llvm::ArrayRef<int64_t> shape = shapeOf(value);
    for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis)
      if (axis < first || axis >= first + count)
        others.push_back(axis);
    along.assign(shape.size(), {});
    spread(flat, shape.slice(first, count), along.data() + first);
  }

  /// To the op before, if that only moves elements, and all that are picked come from one operand.
  bool goBack() {
    if (!value.getDefiningOp())
      return false;
    return llvm::TypeSwitch<mlir::Operation *, bool>(value.getDefiningOp())
        .Case<ir::ReshapeOp, ir::TransposeOp, ir::SliceOp, ir::ConcatOp>(
            [&](auto op) { return through(op); })
        .Default([](mlir::Operation *) { return false; });
  }

  Value pick(mlir::OpBuilder &builder) const {
    llvm::ArrayRef<int64_t> shape = shapeOf(value);
    Axes picked;
    for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis)
      if (!along[axis].empty())
        picked.push_back(axis);
    bool areNeighbours = picked.back() - picked.front() + 1 == static_cast<int64_t>(picked.size());
    // Neighbours are picked where they lie, before what is left of them is moved.
    Axes order(picked);
    llvm::append_range(order, others);
    int64_t place = areNeighbours ? picked.front() : 0;
    Value source = areNeighbours ? value : permuted(builder, value, order);
    Value chosen = chosenAlong(builder, source, place, picked);
    if (!areNeighbours)
      return chosen;
    Axes by{place};
    for (int64_t axis : others)
      by.push_back(axis < place ? axis : axis - static_cast<int64_t>(picked.size()) + 1);
    return permuted(builder, chosen, by);
  }

private:
  static llvm::ArrayRef<int64_t> shapeOf(Value value) { return tensorType(value).getShape(); }

  /// The coordinates along each axis of `shape` of places that are flattened over all.
  static void spread(llvm::ArrayRef<int64_t> flat, llvm::ArrayRef<int64_t> shape,
                     std::vector<int64_t> *to) {
    int64_t below = 1;
    for (size_t axis = shape.size(); axis-- > 0; below *= shape[axis])
      for (int64_t place : flat)
        to[axis].push_back(place / below % shape[axis]);
  }

  std::vector<int64_t> flattened(llvm::ArrayRef<int64_t> axes) const {
    std::vector<int64_t> flat(along[axes.front()].size(), 0);
    for (int64_t axis : axes)
      for (auto [place, coordinate] : llvm::zip_equal(flat, along[axis]))
        place = place * shapeOf(value)[axis] + coordinate;
    return flat;
  }

  bool through(ir::TransposeOp transpose) {
    llvm::ArrayRef<int64_t> from = transpose.getPermutation();
    std::vector<std::vector<int64_t>> own(along.size());
    for (auto [axis, operand] : llvm::enumerate(from))
      own[operand] = std::move(along[axis]);
    for (int64_t &axis : others)
      axis = from[axis];
    along = std::move(own);
    value = transpose.getInput();
    return true;
  }

  bool through(ir::SliceOp slice) {
    llvm::ArrayRef<int64_t> shape = shapeOf(slice.getInput());
    for (int64_t axis : others)
      if (shapeOf(value)[axis] != shape[axis])
        return false;
    for (size_t axis = 0; axis < along.size(); ++axis)
      for (int64_t &coordinate : along[axis])
        coordinate = coordinate * slice.getStrides()[axis] + slice.getStarts()[axis];
    value = slice.getInput();
    return true;
  }

  /// The one part that all places are in.
  bool through(ir::ConcatOp concat) {
    auto axis = static_cast<size_t>(concat.getAxis());
    if (along[axis].empty())
      return false;
    auto [least, most] = std::ranges::minmax(along[axis]);
    int64_t start = 0;
    for (Value part : concat.getInputs()) {
      int64_t end = start + shapeOf(part)[axis];
      if (least >= start && most < end) {
        for (int64_t &coordinate : along[axis])
          coordinate -= start;
        value = part;
        return true;
      }
      start = end;
    }
    return false;
  }

  /// Groups of axes that it regroups are picked altogether, or one axis that remains.
  bool through(ir::ReshapeOp reshape) {
    Value input = reshape.getInput();
    std::vector<std::vector<int64_t>> own(shapeOf(input).size());
    Axes ownOthers(others);
    const Reads reads = reshapeReads(reshape);
    for (const AxisMap &group : reads.front().maps) {
      auto inGroup = [](AxisRange range) {
        return llvm::to_vector(llvm::seq(range.first, range.first + range.count));
      };
      Axes results = inGroup(group.result), operands = inGroup(group.operand);
      if (llvm::none_of(results, [&](int64_t axis) { return along[axis].empty(); }) &&
          !results.empty())
        spread(flattened(results), shapeOf(input).slice(group.operand.first, group.operand.count),
               own.data() + group.operand.first);
      else if (results.size() == 1 && operands.size() == 1)
        ownOthers[llvm::find(others, results.front()) - others.begin()] = operands.front();
      else
        return false;
    }
    along = std::move(own);
    others = std::move(ownOthers);
    value = input;
    return true;
  }

  /// The places along the axes from `first` on, as many as are picked, as one axis.
  Value chosenAlong(mlir::OpBuilder &builder, Value source, int64_t first,
                    llvm::ArrayRef<int64_t> picked) const {
    Axes shape(shapeOf(source).take_front(first));
    shape.push_back(product(shapeOf(source).slice(first, picked.size())));
    llvm::append_range(shape, shapeOf(source).drop_front(first + picked.size()));
    Value flat = reshaped(builder, source, shape);
    std::vector<int64_t> which = flattened(picked);
    std::vector<int64_t> all(shape[first]);
    std::iota(all.begin(), all.end(), 0);
    if (which == all)
      return flat;
    std::vector<int32_t> numbers(which.begin(), which.end());
    auto listType =
        mlir::RankedTensorType::get(static_cast<int64_t>(numbers.size()), builder.getI32Type());
    auto list =
        ir::ConstantOp::create(builder, source.getLoc(), listType,
                               mlir::DenseElementsAttr::get(listType, llvm::ArrayRef(numbers)));
    shape[first] = static_cast<int64_t>(numbers.size());
    return ir::GatherOp::create(builder, source.getLoc(), shaped(tensorType(source), shape), flat,
                                list, first);
  }

  Value value;
  /// The coordinates of the places along each axis that is picked; nothing along the others.
  std::vector<std::vector<int64_t>> along;
  /// The other axes, as the result has them.
  Axes others;
};

} // namespace

mlir::Value pickedElements(mlir::OpBuilder &builder, Value value, int64_t first, int64_t count,
                           llvm::ArrayRef<int64_t> places) {
  Places from(value, first, count, places);
  while (from.goBack()) {
  }
  return from.pick(builder);
}

} // namespace quern::passes
