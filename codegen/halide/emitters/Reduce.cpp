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

void emitReduce(ir::ReduceOp op, KernelBuilder &builder) {
  mlir::RankedTensorType in = ir::tensorType(op.getInput());
  Halide::Type type = computeType(in.getElementType());
  CpuTarget cpu = builder.cpu();
  llvm::ArrayRef<int64_t> reduced = op.getAxes();

  // The result's axis of each axis that stays.
  std::vector<int64_t> resultAxis(static_cast<size_t>(in.getRank()), noAxis);
  int64_t next = 0;
  for (int64_t axis = 0; axis < in.getRank(); ++axis) {
    bool gone = llvm::is_contained(reduced, axis);
    if (!gone)
      resultAxis[static_cast<size_t>(axis)] = next;
    if (!gone || op.getKeepAxes())
      ++next;
  }

  ReductionProblem problem;
  StoredDims dims;
  std::vector<Var> vars;
  Index index(static_cast<size_t>(in.getRank()), Expr(0));
  std::vector<int64_t> summed;
  std::vector<Halide::Range> ranges;
  bool first = true;
  for (const ir::PhysicalDim &dim : storedDims(in)) {
    int64_t extent = in.getDimSize(dim.axis);
    if (dim.within > 0 || extent == 1)
      continue;
    if (llvm::is_contained(reduced, dim.axis)) {
      summed.push_back(dim.axis);
      ranges.emplace_back(0, constantIndex(extent));
      problem.reduceExtents.push_back(extent);
      problem.reducesInnermost |= first;
    } else {
      vars.emplace_back(fmt::format("o{}", dim.axis));
      index[static_cast<size_t>(dim.axis)] = vars.back();
      dims.push_back({resultAxis[static_cast<size_t>(dim.axis)], extent});
    }
    first = false;
  }
  if (summed.empty()) {
    // All axes have one element: a map.
    builder.define(op.getResult(), [=, &builder](const Index &at) mutable {
      Index from;
      for (int64_t axis : resultAxis)
        from.push_back(axis == noAxis ? Expr(0) : at[static_cast<size_t>(axis)]);
      return builder.load(op.getInput(), from);
    });
    return;
  }
  problem.outExtents = extentsOf(dims);
  RDom r(ranges, "r");
  int64_t count = 1;
  for (size_t i = 0; i < summed.size(); ++i) {
    index[static_cast<size_t>(summed[i])] = r[static_cast<int>(i)];
    count *= in.getDimSize(summed[i]);
  }

  // The largest and the smallest float are found as integers: those may be combined in any order,
  // NaN or not.
  bool largest = op.getKind() == ir::ReduceKind::max;
  bool asKeys = type.is_float() && (largest || op.getKind() == ir::ReduceKind::min);
  Combine combine = combineOf(op.getKind(), asKeys ? Halide::Int(type.bits()) : type);
  Expr value = builder.load(op.getInput(), index);
  Func acc("acc");
  acc(vars) = combine.neutral;
  acc(vars) = combine.join(acc(vars), asKeys ? orderedKey(value, largest) : value);
  bool mean = op.getKind() == ir::ReduceKind::mean;
  builder.defineAnchor(
      {.result = op.getResult(),
       .dims = dims,
       .privates = {acc},
       .schedule = [=](Func output) { scheduleReduction(problem, cpu, acc, output); }},
      [=](const Index &at) {
        std::vector<Expr> where;
        for (const ir::PhysicalDim &dim : dims)
          where.push_back(at[static_cast<size_t>(dim.axis)]);
        Expr total = acc(where);
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
        std::vector<Expr> where, rowAt;
        for (const ir::PhysicalDim &dim : dims)
          where.push_back(at[static_cast<size_t>(dim.axis)]);
        rowAt.assign(where.begin() + 1, where.end());
        return exponential(where) / sum(rowAt);
      });
}

const EmitterOf<ir::ReduceOp, emitReduce> registerReduce;
const EmitterOf<ir::SoftmaxOp, emitSoftmax> registerSoftmax;

} // namespace
} // namespace quern::codegen
