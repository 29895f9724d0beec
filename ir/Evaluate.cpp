#include "ir/Evaluate.h"

#include "ir/ElementwiseRow.h"
#include "ir/FilterTransform.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quern::ir {
namespace {

using Values = llvm::ArrayRef<HostTensor>;
using Row = llvm::MutableArrayRef<double>;

/// The meaning of an elementwise op: out[i] = f(a[i]), f(a[i], b[i]) or f(a[i], b[i], c[i]). Rows
/// of operands that are missing are not read.
using Rows = llvm::ArrayRef<llvm::ArrayRef<double>>;
using RowFunction = std::function<void(Rows rows, Row out)>;

double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double smaller(double a, double b) { return std::isnan(a) || a < b ? a : b; }

template <typename F> RowFunction unary(F f) {
  return [f](Rows rows, Row out) {
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = f(rows[0][i]);
  };
}
template <typename F> RowFunction binary(F f) {
  return [f](Rows rows, Row out) {
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = f(rows[0][i], rows[1][i]);
  };
}

/// Comparisons are told apart outside of the loop over a row.
RowFunction comparison(CmpPredicate predicate) {
  switch (predicate) {
  case CmpPredicate::eq:
    return binary(std::equal_to<double>());
  case CmpPredicate::ne:
    return binary(std::not_equal_to<double>());
  case CmpPredicate::lt:
    return binary(std::less<double>());
  case CmpPredicate::le:
    return binary(std::less_equal<double>());
  case CmpPredicate::gt:
    return binary(std::greater<double>());
  case CmpPredicate::ge:
    return binary(std::greater_equal<double>());
  }
  llvm_unreachable("all predicates are named");
}

/// The meaning of an elementwise op, or nothing for any other op.
RowFunction rowFunction(mlir::Operation *op) {
  using F = RowFunction;
  bool isInteger = op->getNumOperands() > 0 && !op->getOperands().empty() &&
                   llvm::isa<mlir::IntegerType>(tensorType(op->getOperand(0)).getElementType());
  return llvm::TypeSwitch<mlir::Operation *, F>(op)
      .Case([](NegOp) -> F { return unary(std::negate<double>()); })
      .Case([](AbsOp) -> F { return unary([](double a) { return std::fabs(a); }); })
      .Case([](ReluOp) -> F { return unary([](double a) { return larger(a, 0.0); }); })
      .Case([](NotOp) -> F { return unary([](double a) { return a == 0; }); })
      .Case([](ExpOp) -> F { return unary([](double a) { return std::exp(a); }); })
      .Case([](LogOp) -> F { return unary([](double a) { return std::log(a); }); })
      .Case([](SqrtOp) -> F { return unary([](double a) { return std::sqrt(a); }); })
      .Case([](RsqrtOp) -> F { return unary([](double a) { return 1 / std::sqrt(a); }); })
      .Case([](TanhOp) -> F { return unary([](double a) { return std::tanh(a); }); })
      .Case([](SigmoidOp) -> F { return unary([](double a) { return 1 / (1 + std::exp(-a)); }); })
      .Case([](ErfOp) -> F { return unary([](double a) { return std::erf(a); }); })
      .Case([](SinOp) -> F { return unary([](double a) { return std::sin(a); }); })
      .Case([](CosOp) -> F { return unary([](double a) { return std::cos(a); }); })
      .Case([](FloorOp) -> F { return unary([](double a) { return std::floor(a); }); })
      .Case([](CeilOp) -> F { return unary([](double a) { return std::ceil(a); }); })
      .Case([](RoundOp) -> F { return unary([](double a) { return std::nearbyint(a); }); })
      .Case([](CastOp) -> F { return unary([](double a) { return a; }); })
      .Case([](AddOp) -> F { return binary(std::plus<double>()); })
      .Case([](SubOp) -> F { return binary(std::minus<double>()); })
      .Case([](MulOp) -> F { return binary(std::multiplies<double>()); })
      .Case([&](DivOp) -> F {
        if (isInteger)
          return binary([](double a, double b) { return b == 0 ? 0 : std::trunc(a / b); });
        return binary(std::divides<double>());
      })
      .Case([](MaxOp) -> F { return binary(larger); })
      .Case([](MinOp) -> F { return binary(smaller); })
      .Case([](PowOp) -> F { return binary([](double a, double b) { return std::pow(a, b); }); })
      .Case([](AndOp) -> F { return binary([](double a, double b) { return a != 0 && b != 0; }); })
      .Case([](OrOp) -> F { return binary([](double a, double b) { return a != 0 || b != 0; }); })
      .Case([](CmpOp cmp) -> F { return comparison(cmp.getPredicate()); })
      .Case([](SelectOp) -> F {
        return [](Rows rows, Row out) {
          for (size_t i = 0; i < out.size(); ++i)
            out[i] = rows[0][i] != 0 ? rows[1][i] : rows[2][i];
        };
      })
      .Default([](mlir::Operation *) { return F(); });
}

mlir::RankedTensorType resultType(mlir::Operation *op) {
  return rowMajor(tensorType(op->getResult(0)));
}

/// Strides of `shape` seen as the last axes of a result of `rank` axes; 0 along what broadcasts.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> shape, size_t rank) {
  llvm::SmallVector<int64_t> strides(rank - shape.size(), 0);
  for (auto [extent, stride] : llvm::zip_equal(shape, rowMajorStrides(shape)))
    strides.push_back(extent == 1 ? 0 : stride);
  return strides;
}

/// Calls `row(operand starts, result start)` for each innermost row of `shape`, whose operands are
/// read with `strides`.
void forEachRow(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<llvm::SmallVector<int64_t>> strides,
                llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> row) {
  int64_t length = shape.empty() ? 1 : shape.back(), at = 0;
  llvm::SmallVector<int64_t> starts(strides.size());
  forEachIndex(shape.drop_back(shape.empty() ? 0 : 1), [&](llvm::ArrayRef<int64_t> index) {
    for (size_t k = 0; k < strides.size(); ++k)
      starts[k] = std::inner_product(index.begin(), index.end(), strides[k].begin(), int64_t(0));
    row(starts, at);
    at += length;
  });
}

HostTensor evaluateElementwise(mlir::Operation *op, const RowFunction &f, Values operands) {
  HostTensor result = HostTensor::allocate(resultType(op));
  llvm::ArrayRef<int64_t> shape = result.type().getShape();
  size_t length = shape.empty() ? 1 : shape.back();
  llvm::SmallVector<llvm::SmallVector<int64_t>> strides;
  for (const HostTensor &operand : operands)
    strides.push_back(broadcastStrides(operand.type().getShape(), shape.size()));
  std::vector<double> rows[3], out(length);
  for (std::vector<double> &row : rows)
    row.resize(length);
  forEachRow(shape, strides, [&](llvm::ArrayRef<int64_t> starts, int64_t at) {
    for (size_t k = 0; k < operands.size(); ++k)
      operands[k].loadRow(starts[k], shape.empty() ? 0 : strides[k].back(), rows[k]);
    f({rows[0], rows[1], rows[2]}, out);
    result.storeRow(at, out);
  });
  return result;
}

/// result[i] = input[start + sum of i * strides]: transpose, broadcast and slice.
HostTensor evaluateView(mlir::Operation *op, const HostTensor &input, int64_t start,
                        const llvm::SmallVector<int64_t> &strides) {
  HostTensor result = HostTensor::allocate(resultType(op));
  llvm::ArrayRef<int64_t> shape = result.type().getShape();
  std::vector<double> row(shape.empty() ? 1 : shape.back());
  forEachRow(shape, strides, [&](llvm::ArrayRef<int64_t> starts, int64_t at) {
    input.loadRow(start + starts[0], shape.empty() ? 0 : strides.back(), row);
    result.storeRow(at, row);
  });
  return result;
}

/// Copies `part` into `result` with its first element at `corner`.
void place(HostTensor &result, const HostTensor &part, llvm::ArrayRef<int64_t> corner) {
  llvm::SmallVector<int64_t> strides = rowMajorStrides(result.type().getShape());
  int64_t start = std::inner_product(corner.begin(), corner.end(), strides.begin(), int64_t(0));
  llvm::ArrayRef<int64_t> shape = part.type().getShape();
  std::vector<double> row(shape.empty() ? 1 : shape.back());
  forEachRow(shape, strides, [&](llvm::ArrayRef<int64_t> starts, int64_t at) {
    part.loadRow(at, 1, row);
    result.storeRow(start + starts[0], row);
  });
}

HostTensor evaluateTranspose(TransposeOp op, const HostTensor &input) {
  llvm::SmallVector<int64_t> from = rowMajorStrides(input.type().getShape()), strides;
  for (int64_t axis : op.getPermutation())
    strides.push_back(from[axis]);
  return evaluateView(op, input, 0, strides);
}

HostTensor evaluateSlice(SliceOp op, const HostTensor &input) {
  llvm::SmallVector<int64_t> strides = rowMajorStrides(input.type().getShape());
  int64_t start = 0;
  for (size_t axis = 0; axis < strides.size(); ++axis) {
    start += op.getStarts()[axis] * strides[axis];
    strides[axis] *= op.getStrides()[axis];
  }
  return evaluateView(op, input, start, strides);
}

HostTensor evaluateConcat(ConcatOp op, Values inputs) {
  HostTensor result = HostTensor::allocate(resultType(op));
  llvm::SmallVector<int64_t> corner(result.type().getRank(), 0);
  for (const HostTensor &input : inputs) {
    place(result, input, corner);
    corner[op.getAxis()] += input.type().getDimSize(op.getAxis());
  }
  return result;
}

HostTensor evaluatePad(PadOp op, const HostTensor &input) {
  HostTensor result = HostTensor::allocate(resultType(op));
  result.storeRow(
      0, std::vector<double>(result.type().getNumElements(), op.getValue().convertToDouble()));
  place(result, input, op.getLow());
  return result;
}

HostTensor evaluateGather(GatherOp op, const HostTensor &input, const HostTensor &indices) {
  HostTensor result = HostTensor::allocate(resultType(op));
  llvm::ArrayRef<int64_t> shape = input.type().getShape();
  auto axis = static_cast<size_t>(op.getAxis());
  int64_t inside = 1;
  for (int64_t extent : shape.drop_front(axis + 1))
    inside *= extent;
  std::vector<double> wanted(indices.type().getNumElements()), row(inside);
  indices.loadRow(0, 1, wanted);
  int64_t at = 0;
  for (int64_t start = 0; start < input.type().getNumElements(); start += shape[axis] * inside)
    for (double index : wanted) {
      double inRange = std::clamp(index, 0.0, static_cast<double>(shape[axis] - 1));
      input.loadRow(start + static_cast<int64_t>(inRange) * inside, 1, row);
      result.storeRow(at, row);
      at += inside;
    }
  return result;
}

HostTensor evaluateIota(IotaOp op) {
  HostTensor result = HostTensor::allocate(resultType(op));
  llvm::ArrayRef<int64_t> shape = result.type().getShape();
  size_t axis = op.getAxis(), last = shape.size() - 1;
  std::vector<double> row(shape.back());
  std::iota(row.begin(), row.end(), 0.0);
  int64_t at = 0;
  forEachIndex(shape.drop_back(), [&](llvm::ArrayRef<int64_t> index) {
    if (axis != last)
      llvm::fill(row, static_cast<double>(index[axis]));
    result.storeRow(at, row);
    at += shape.back();
  });
  return result;
}

HostTensor evaluateReduce(ReduceOp op, const HostTensor &input) {
  ReduceKind kind = op.getKind();
  double start = kind == ReduceKind::prod  ? 1
                 : kind == ReduceKind::max ? -std::numeric_limits<double>::infinity()
                 : kind == ReduceKind::min ? std::numeric_limits<double>::infinity()
                                           : 0;
  HostTensor result = HostTensor::allocate(resultType(op));
  std::vector<double> sums(result.type().getNumElements(), start);
  llvm::SmallVector<int64_t> kept(input.type().getShape());
  for (int64_t axis : op.getAxes())
    kept[axis] = 1;
  llvm::SmallVector<int64_t> strides = broadcastStrides(kept, kept.size());
  std::vector<double> row(kept.empty() ? 1 : input.type().getShape().back());
  forEachRow(input.type().getShape(), strides, [&](llvm::ArrayRef<int64_t> starts, int64_t at) {
    input.loadRow(at, 1, row);
    for (size_t i = 0; i < row.size(); ++i) {
      double &sum = sums[starts[0] + static_cast<int64_t>(i) * strides.back()];
      sum = kind == ReduceKind::prod  ? sum * row[i]
            : kind == ReduceKind::max ? larger(row[i], sum)
            : kind == ReduceKind::min ? smaller(row[i], sum)
                                      : sum + row[i];
    }
  });
  if (kind == ReduceKind::mean)
    for (double &sum : sums)
      sum /= static_cast<double>(input.type().getNumElements() / result.type().getNumElements());
  result.storeRow(0, sums);
  return result;
}

HostTensor evaluateOp(mlir::Operation *op, Values operands) {
  if (RowFunction f = rowFunction(op))
    return evaluateElementwise(op, f, operands);
  return llvm::TypeSwitch<mlir::Operation *, HostTensor>(op)
      .Case([](ConstantOp c) { return HostTensor::fromAttribute(c.getValue()); })
      .Case([&](ReshapeOp r) { return operands[0].reshaped(resultType(r)); })
      .Case([&](TransposeOp t) { return evaluateTranspose(t, operands[0]); })
      .Case([&](BroadcastOp b) {
        return evaluateView(b, operands[0], 0,
                            broadcastStrides(operands[0].type().getShape(), b.getShape().size()));
      })
      .Case([&](SliceOp s) { return evaluateSlice(s, operands[0]); })
      .Case([&](ConcatOp c) { return evaluateConcat(c, operands); })
      .Case([&](PadOp p) { return evaluatePad(p, operands[0]); })
      .Case([&](GatherOp g) { return evaluateGather(g, operands[0], operands[1]); })
      .Case([](IotaOp i) { return evaluateIota(i); })
      .Case([&](ReduceOp r) { return evaluateReduce(r, operands[0]); })
      .Case([&](FilterTransformOp f) { return transformFilter(f, operands[0]); });
}

} // namespace

bool isEvaluable(mlir::Operation *op) {
  return llvm::isa<ConstantOp, ParameterOp, ReshapeOp, TransposeOp, BroadcastOp, SliceOp, ConcatOp,
                   PadOp, GatherOp, IotaOp, ReduceOp, FilterTransformOp>(op) ||
         static_cast<bool>(rowFunction(op));
}

bool evaluateRow(mlir::Operation *op, llvm::ArrayRef<llvm::ArrayRef<double>> operands,
                 llvm::MutableArrayRef<double> out) {
  RowFunction f = rowFunction(op);
  if (!f)
    return false;
  f(operands, out);
  mlir::Type element = tensorType(op->getResult(0)).getElementType();
  // Whole numbers stay whole, unless they are cast from others.
  if (llvm::isa<mlir::FloatType>(element) || llvm::isa<CastOp>(op)) {
    auto type = mlir::RankedTensorType::get({static_cast<int64_t>(out.size())}, element);
    HostTensor rounded = HostTensor::allocate(type);
    rounded.storeRow(0, out);
    rounded.loadRow(0, 1, out);
  }
  return true;
}

mlir::FailureOr<llvm::SmallVector<HostTensor>> evaluate(mlir::func::FuncOp function,
                                                        LoadParameter load) {
  llvm::DenseMap<mlir::Value, HostTensor> values;
  llvm::DenseMap<mlir::Value, int64_t> usesLeft;
  llvm::SmallVector<HostTensor> operands;
  for (mlir::Operation &op : function.front()) {
    operands.clear();
    for (mlir::Value operand : op.getOperands()) {
      operands.push_back(values.at(operand));
      if (--usesLeft[operand] == 0)
        values.erase(operand);
    }
    if (op.hasTrait<mlir::OpTrait::IsTerminator>())
      return operands;
    mlir::Value result = op.getResult(0);
    usesLeft[result] = std::distance(result.use_begin(), result.use_end());
    if (auto parameter = llvm::dyn_cast<ParameterOp>(op)) {
      mlir::FailureOr<HostTensor> loaded = load(parameter);
      if (mlir::failed(loaded))
        return mlir::failure();
      values.try_emplace(result, *loaded);
    } else {
      values.try_emplace(result, evaluateOp(&op, operands));
    }
  }
  llvm_unreachable("a function ends with a terminator");
}

} // namespace quern::ir
