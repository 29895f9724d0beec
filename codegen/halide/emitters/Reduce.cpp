#include "codegen/halide/Combine.h"
#include "codegen/halide/Emitter.h"
#include "codegen/halide/MathFunctions.h"
#include "codegen/halide/schedules/Reduction.h"
#include "ir/Infer.h"

#include <fmt/format.h>

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

/// The result's axis of each axis of the input; `noAxis` for those that go.
std::vector<int64_t> resultAxesOf(ir::ReduceOp op) {
  std::vector<int64_t> axes;
  int64_t next = 0;
  for (int64_t axis = 0; axis < ir::tensorType(op.getInput()).getRank(); ++axis) {
    bool gone = llvm::is_contained(op.getAxes(), axis);
    axes.push_back(gone ? noAxis : next);
    if (!gone || op.getKeepAxes())
      ++next;
  }
  return axes;
}

/// How a reduction goes over its input. Axes of one element are left out.
struct Traversal {
  StoredDims dims;       ///< that stay: axes of the result
  std::vector<Var> vars; ///< along `dims`
  Index index;           ///< of the input, at `vars` and at the place in the domain reduced over
  ReductionProblem problem;

  /// How many elements are reduced to one.
  int64_t count() const {
    int64_t product = 1;
    for (int64_t extent : problem.reduceExtents)
      product *= extent;
    return product;
  }
};

Traversal traversalOf(ir::ReduceOp op) {
  mlir::RankedTensorType in = ir::tensorType(op.getInput());
  std::vector<int64_t> resultAxes = resultAxesOf(op);
  Traversal traversal;
  traversal.index.assign(static_cast<size_t>(in.getRank()), Expr(0));
  std::vector<size_t> reduced;
  std::vector<Halide::Range> ranges;
  for (const ir::PhysicalDim &dim : storedDims(in)) {
    int64_t extent = in.getDimSize(dim.axis);
    if (dim.within > 0 || extent == 1)
      continue;
    auto axis = static_cast<size_t>(dim.axis);
    bool isInnermost = reduced.empty() && traversal.dims.empty();
    if (llvm::is_contained(op.getAxes(), dim.axis)) {
      reduced.push_back(axis);
      ranges.emplace_back(0, constantIndex(extent));
      traversal.problem.reduceExtents.push_back(extent);
      traversal.problem.reducesInnermost |= isInnermost;
    } else {
      traversal.vars.emplace_back(fmt::format("o{}", axis));
      traversal.index[axis] = traversal.vars.back();
      traversal.dims.push_back({resultAxes[axis], extent});
    }
  }
  traversal.problem.outExtents = extentsOf(traversal.dims);
  if (ranges.empty())
    return traversal;
  RDom r(ranges, "r");
  for (size_t i = 0; i < reduced.size(); ++i)
    traversal.index[reduced[i]] = r[static_cast<int>(i)];
  return traversal;
}

/// A reduction over axes of one element.
void emitAsMap(ir::ReduceOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [op, &builder, axes = resultAxesOf(op)](const Index &at) mutable {
    Index from;
    for (int64_t axis : axes)
      from.push_back(axis == noAxis ? Expr(0) : at[static_cast<size_t>(axis)]);
    return builder.load(op.getInput(), from);
  });
}

void emitReduce(ir::ReduceOp op, KernelBuilder &builder) {
  Traversal traversal = traversalOf(op);
  if (traversal.problem.reduceExtents.empty())
    return emitAsMap(op, builder);
  Halide::Type type = computeType(ir::tensorType(op.getInput()).getElementType());
  // The largest and the smallest float are found as integers: those may be combined in any order,
  // NaN or not.
  bool largest = op.getKind() == ir::ReduceKind::max;
  bool asKeys = type.is_float() && (largest || op.getKind() == ir::ReduceKind::min);
  Combine combine = combineOf(op.getKind(), asKeys ? Halide::Int(type.bits()) : type);
  Expr value = builder.load(op.getInput(), traversal.index);
  Func acc("acc");
  acc(traversal.vars) = combine.neutral;
  acc(traversal.vars) =
      combine.join(acc(traversal.vars), asKeys ? orderedKey(value, largest) : value);
  bool mean = op.getKind() == ir::ReduceKind::mean;
  CpuTarget cpu = builder.cpu();
  builder.defineAnchor(
      {.result = op.getResult(),
       .dims = traversal.dims,
       .privates = {acc},
       .schedule = [=, problem = traversal.problem](
                       Func output) { scheduleReduction(problem, cpu, acc, output); }},
      [=, dims = traversal.dims, count = traversal.count()](const Index &at) {
        Expr total = acc(storedCoordinates(dims, at));
        if (asKeys)
          return fromOrderedKey(total);
        return mean ? total / Halide::Internal::make_const(type, count) : total;
      });
}

void emitSoftmax(ir::SoftmaxOp op, KernelBuilder &builder) {
  mlir::RankedTensorType in = ir::tensorType(op.getInput());
  Halide::Type type = computeType(in.getElementType());
  CpuTarget cpu = builder.cpu();
  auto axis = static_cast<int64_t>(op.getAxis());
  int64_t length = in.getDimSize(axis);

  StoredDims dims{{axis, length}};
  for (const ir::PhysicalDim &dim : storedDims(ir::tensorType(op.getResult())))
    if (dim.axis != axis && dim.within == 0 && in.getDimSize(dim.axis) != 1)
      dims.push_back({dim.axis, in.getDimSize(dim.axis)});
  Var i("i");
  std::vector<Var> rows;
  Index index(static_cast<size_t>(in.getRank()), Expr(0));
  for (size_t d = 1; d < dims.size(); ++d) {
    rows.emplace_back(fmt::format("row{}", d - 1));
    index[static_cast<size_t>(dims[d].axis)] = rows.back();
  }
  auto input = [&](const Expr &position) {
    Index at = index;
    at[static_cast<size_t>(axis)] = position;
    return builder.load(op.getInput(), at);
  };
  std::vector<Var> all{i};
  all.insert(all.end(), rows.begin(), rows.end());
  std::vector<Expr> row(rows.begin(), rows.end());
  auto along = [&](const Expr &position) {
    std::vector<Expr> where{position};
    where.insert(where.end(), row.begin(), row.end());
    return where;
  };

  RDom r(0, constantIndex(length), "r");
  Func maximum("maximum"), exponential("exponential"), sum("sum");
  // A maximum that overlooks NaN will do: the exponentials and their sum do not.
  maximum(rows) = lowestOf(type);
  maximum(rows) = Halide::max(maximum(rows), input(r));
  exponential(all) = expOf(input(i) - maximum(rows));
  sum(rows) = Halide::Internal::make_zero(type);
  sum(rows) += exponential(along(r));

  std::vector<int64_t> extents = extentsOf(dims);
  builder.defineAnchor(
      {.result = op.getResult(),
       .dims = dims,
       .stages = {maximum, exponential, sum},
       .schedule =
           [=](Func output) { scheduleSoftmax(extents, cpu, maximum, exponential, sum, output); }},
      [=](const Index &at) {
        std::vector<Expr> where = storedCoordinates(dims, at);
        std::vector<Expr> rowAt(where.begin() + 1, where.end());
        return exponential(where) / sum(rowAt);
      });
}

const EmitterOf<ir::ReduceOp, emitReduce> registerReduce;
const EmitterOf<ir::SoftmaxOp, emitSoftmax> registerSoftmax;

} // namespace
} // namespace quern::codegen
