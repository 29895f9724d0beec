// Pooling in step programs: over the boxes under the window's places along the stepped axes, joined
// along those. What lies beyond the input's ends is taken out by tables of constants.
#include "passes/causal/ShapeOps.h"
#include "passes/causal/StepOps.h"

namespace quern::passes {

using mlir::Value;

namespace {

/// What changes no result of a reduction.
mlir::TypedAttr neutralOf(ir::ReduceKind kind, mlir::Type element) {
  bool isMax = kind == ir::ReduceKind::max, isExtreme = isMax || kind == ir::ReduceKind::min;
  double plain = kind == ir::ReduceKind::prod ? 1 : 0;
  if (auto type = llvm::dyn_cast<mlir::FloatType>(element))
    return isExtreme ? mlir::FloatAttr::get(type, llvm::APFloat::getInf(type.getFloatSemantics(),
                                                                        /*Negative=*/isMax))
                     : mlir::FloatAttr::get(type, plain);
  unsigned width = element.getIntOrFloatBitWidth();
  if (!isExtreme)
    return mlir::IntegerAttr::get(element, llvm::APInt(width, static_cast<uint64_t>(plain)));
  bool isSigned = !element.isUnsignedInteger() && width > 1;
  llvm::APInt most =
      isSigned ? llvm::APInt::getSignedMaxValue(width) : llvm::APInt::getAllOnes(width);
  return mlir::IntegerAttr::get(element, isMax ? ~most : most);
}

bool isInside(const SlidingAxis &axis, int64_t at, int64_t place) {
  int64_t read = at * axis.stride + axis.distance(place);
  return read >= 0 && read < axis.in;
}

/// Whether each place of the window lies on the input, for each element of the result: [out,
/// window].
mlir::DenseElementsAttr insideTable(mlir::Builder builder, const SlidingAxis &axis,
                                    int64_t window) {
  llvm::SmallVector<bool> inside;
  for (int64_t at = 0; at < axis.out; ++at)
    for (int64_t place = 0; place < window; ++place)
      inside.push_back(isInside(axis, at, place));
  return mlir::DenseElementsAttr::get(
      mlir::RankedTensorType::get({axis.out, window}, builder.getI1Type()),
      llvm::ArrayRef<bool>(inside));
}

/// By what the mean over a whole window is multiplied where padding does not count, for each
/// element of the result: [out, 1].
mlir::DenseElementsAttr shareTable(mlir::FloatType element, const SlidingAxis &axis,
                                   int64_t window) {
  llvm::SmallVector<mlir::Attribute> shares;
  for (int64_t at = 0; at < axis.out; ++at) {
    int64_t inside =
        llvm::count_if(llvm::seq(window), [&](int64_t place) { return isInside(axis, at, place); });
    shares.push_back(
        mlir::FloatAttr::get(element, static_cast<double>(window) / static_cast<double>(inside)));
  }
  return mlir::DenseElementsAttr::get(mlir::RankedTensorType::get({axis.out, 1}, element), shares);
}

} // namespace

/// A table's row at the program's position along a spatial axis of a pooling: there, as what is
/// joined has it.
Value StepOps::rowOf(StepProgram &program, ir::WindowReduceOp pool, size_t spatial,
                     mlir::DenseElementsAttr table) {
  Value result = pool.getResult();
  auto whole = ir::ConstantOp::create(boxes.start().builder, pool.getLoc(), table.getType(), table);
  OrderedMap map(axes.count(), -1);
  map[*axes.orderedAxis(result, static_cast<int64_t>(spatial) + 2)] = 0;
  Value row = boxes.freeBox(program, whole, map, axes.rates(result));
  llvm::SmallVector<int64_t> shape(static_cast<size_t>(ir::tensorType(result).getRank()), 1);
  shape[spatial + 2] = ir::tensorType(row).getDimSize(1);
  return reshaped(program.builder, row, shape);
}

/// What lies under one place of the window along the stepped axes.
Value StepOps::boxUnder(StepProgram &program, ir::WindowReduceOp pool,
                        llvm::ArrayRef<int64_t> place) {
  Distance distance = boxes.here();
  for (size_t i = 0; i < place.size(); ++i) {
    if (!isStepped(program, pool.getInput(), i))
      continue;
    SlidingAxis axis = slidingAxis(pool, i);
    if (!axis.isEverInside(place[i]))
      return zeroBox(program, pool.getInput());
    distance[*axes.orderedAxis(pool.getInput(), static_cast<int64_t>(i) + 2)] =
        axis.distance(place[i]);
  }
  return boxes.box(program, pool.getInput(), distance);
}

void StepOps::writePool(StepProgram &program, ir::WindowReduceOp pool) {
  mlir::OpBuilder &builder = program.builder;
  mlir::Location loc = pool.getLoc();
  mlir::RankedTensorType type = ir::tensorType(pool.getResult());
  llvm::ArrayRef<int64_t> window = pool.getWindow();
  Value joined = joinedUnder(program, pool.getInput(), window, [&](llvm::ArrayRef<int64_t> place) {
    return boxUnder(program, pool, place);
  });
  llvm::SmallVector<int64_t> strides(pool.getStrides()), dilations(pool.getDilations()),
      low(pool.getPadLow()), high(pool.getPadHigh());
  auto neutral = neutralOf(pool.getKind(), type.getElementType());
  auto scalar = mlir::RankedTensorType::get({}, type.getElementType());
  llvm::SmallVector<Value> shares;
  for (size_t i = 0; i < window.size(); ++i) {
    if (!isStepped(program, pool.getInput(), i))
      continue;
    if (low[i] > 0 || high[i] > 0) {
      SlidingAxis axis = slidingAxis(pool, i);
      Value inside = rowOf(program, pool, i, insideTable(builder, axis, window[i]));
      Value beyond = ir::ConstantOp::create(builder, loc, scalar,
                                            mlir::DenseElementsAttr::get(scalar, neutral));
      joined = ir::SelectOp::create(builder, loc, inside, joined, beyond);
      if (pool.getKind() == ir::ReduceKind::mean && !pool.getCountPadding())
        shares.push_back(
            rowOf(program, pool, i,
                  shareTable(llvm::cast<mlir::FloatType>(type.getElementType()), axis, window[i])));
    }
    strides[i] = dilations[i] = 1;
    low[i] = high[i] = 0;
  }
  Value result = ir::WindowReduceOp::create(builder, loc, joined, pool.getKind(), window, strides,
                                            dilations, low, high, pool.getCountPadding());
  for (Value share : shares)
    result = ir::MulOp::create(builder, loc, result, share);
  program.local.map(pool.getResult(), result);
}

} // namespace quern::passes
