#include "codegen/halide/ContractPlan.h"
#include "codegen/halide/Emitter.h"
#include "codegen/halide/emitters/BlockProduct.h"
#include "codegen/halide/schedules/Reduction.h"
#include "ir/Infer.h"

#include <fmt/format.h>

#include <map>

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

/// An index for each label; absent ones have extent 1.
using Labelled = std::map<int64_t, Expr>;

Index indexOf(llvm::ArrayRef<int64_t> axes, const Labelled &at) {
  Index index;
  for (int64_t axis : axes) {
    auto found = at.find(axis);
    index.push_back(found == at.end() ? Expr(0) : found->second);
  }
  return index;
}

/// Sets the labels that are summed over from one counter that runs over all of them.
void unravel(const std::vector<Label> &summed, Expr counter, Labelled &at) {
  for (size_t i = 0; i < summed.size(); ++i) {
    bool last = i + 1 == summed.size();
    at[summed[i].name] = last ? counter : counter % constantIndex(summed[i].extent);
    counter = counter / constantIndex(summed[i].extent);
  }
}

/// C = A B with B in panels, constant or packed at the start of the kernel.
void emitProduct(ir::ContractOp op, const ContractShape &shape, KernelBuilder &builder) {
  CpuTarget cpu = builder.cpu();
  GemmPlan plan = gemmPlanOf(op, shape, cpu);
  Halide::Type type = computeType(ir::tensorType(op.getResult()).getElementType());
  StoredDims dims = productDims(op, shape);
  bool onDevice = builder.backend().hasDeviceMemory();
  std::optional<mlir::RankedTensorType> wanted = packedOperandType(op, shape, builder.target());
  bool packs = !onDevice && !plan.readsInPlace &&
               !(builder.parameter(shape.b) && wanted && ir::tensorType(shape.b) == *wanted);

  std::vector<Var> vars;
  Labelled at;
  for (size_t i = 0; i < dims.size(); ++i) {
    vars.emplace_back(i == 0 ? "n" : i == 1 ? "m" : fmt::format("b{}", i - 2));
    if (dims[i].axis != noAxis)
      at[op.getResultAxes()[static_cast<size_t>(dims[i].axis)]] = vars.back();
  }
  RDom r(0, constantIndex(shape.depth()), "k");
  Labelled product = at;
  unravel(shape.summed, r, product);

  // Labels of B beside the columns and those summed over.
  std::vector<Label> others;
  for (size_t i = 1; i < shape.result.size(); ++i)
    if (shape.inB(shape.result[i].name))
      others.push_back(shape.result[i]);

  Func packed;
  Expr b;
  if (packs) {
    packed = Func("packed");
    Var i("i"), k("k"), p("p");
    std::vector<Var> args{i, k, p};
    Labelled from;
    int64_t columns = shape.result[0].extent;
    Expr column = p * constantIndex(plan.panelWidth) + i;
    bool ragged = columns % plan.panelWidth != 0;
    from[shape.result[0].name] = ragged ? Halide::min(column, constantIndex(columns - 1)) : column;
    unravel(shape.summed, k, from);
    std::vector<Expr> where{vars[0] % constantIndex(plan.panelWidth), r,
                            vars[0] / constantIndex(plan.panelWidth)};
    for (const Label &label : others) {
      args.emplace_back(fmt::format("q{}", label.name));
      from[label.name] = args.back();
      where.push_back(at[label.name]);
    }
    Expr value = builder.load(shape.b, indexOf(shape.bAxes, from));
    packed(args) = ragged ? Halide::select(column < constantIndex(columns), value,
                                           Halide::Internal::make_zero(type))
                          : value;
    std::vector<int64_t> extents{plan.panelWidth, shape.depth(), plan.panels};
    for (const Label &label : others)
      extents.push_back(label.extent);
    for (auto [var, extent] : llvm::zip_equal(args, extents))
      packed.bound(var, 0, constantIndex(extent));
    b = packed(where);
  } else {
    b = builder.load(shape.b, indexOf(shape.bAxes, product));
  }

  Func acc("acc");
  acc(vars) = Halide::Internal::make_zero(type);
  acc(vars) += builder.load(shape.a, indexOf(shape.aAxes, product)) * b;
  builder.defineAnchor({.result = op.getResult(),
                        .dims = dims,
                        .privates = {acc},
                        .schedule = [=](Func output) { scheduleGemm(plan, packed, acc, output); }},
                       [=](const Index &index) {
                         std::vector<Expr> where;
                         for (const ir::PhysicalDim &dim : dims)
                           where.push_back(
                               dim.axis == noAxis ? Expr(0) : index[static_cast<size_t>(dim.axis)]);
                         return acc(where);
                       });
}

/// No operand has the result's innermost label to itself: a plain reduction.
void emitReduction(ir::ContractOp op, const ContractShape &shape, KernelBuilder &builder) {
  CpuTarget cpu = builder.cpu();
  Halide::Type type = computeType(ir::tensorType(op.getResult()).getElementType());
  StoredDims dims;
  std::vector<Var> vars;
  Labelled at;
  for (const Label &label : shape.result) {
    const int64_t *axis = llvm::find(op.getResultAxes(), label.name);
    dims.push_back({axis - op.getResultAxes().begin(), label.extent});
    vars.emplace_back(fmt::format("o{}", label.name));
    at[label.name] = vars.back();
  }
  std::vector<Halide::Range> ranges;
  ReductionProblem problem;
  problem.outExtents = extentsOf(dims);
  for (const Label &label : shape.summed) {
    ranges.emplace_back(0, constantIndex(label.extent));
    problem.reduceExtents.push_back(label.extent);
  }
  problem.reducesInnermost = builder.isContiguousArgument(
      shape.b, llvm::find(shape.bAxes, shape.summed[0].name) - shape.bAxes.begin());
  RDom r(ranges, "r");
  for (size_t i = 0; i < shape.summed.size(); ++i)
    at[shape.summed[i].name] = r[static_cast<int>(i)];

  Func acc("acc");
  acc(vars) = Halide::Internal::make_zero(type);
  acc(vars) += builder.load(shape.a, indexOf(shape.aAxes, at)) *
               builder.load(shape.b, indexOf(shape.bAxes, at));
  builder.defineAnchor(
      {.result = op.getResult(),
       .dims = dims,
       .privates = {acc},
       .schedule = [=](Func output) { scheduleReduction(problem, cpu, acc, output); }},
      [=](const Index &index) {
        std::vector<Expr> where;
        for (const ir::PhysicalDim &dim : dims)
          where.push_back(index[static_cast<size_t>(dim.axis)]);
        return acc(where);
      });
}

void emitContract(ir::ContractOp op, KernelBuilder &builder) {
  if (op.getAlgorithm())
    return emitBlockProduct(op, builder);
  ContractShape shape = shapeOf(op);
  if (shape.summed.empty()) {
    // Nothing is summed: a map.
    builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
      Labelled at;
      for (auto [label, i] : llvm::zip_equal(op.getResultAxes(), index))
        at[label] = i;
      return builder.load(shape.a, indexOf(shape.aAxes, at)) *
             builder.load(shape.b, indexOf(shape.bAxes, at));
    });
    return;
  }
  if (shape.isProduct)
    emitProduct(op, shape, builder);
  else
    emitReduction(op, shape, builder);
}

const EmitterOf<ir::ContractOp, emitContract> registerContract;

} // namespace
} // namespace quern::codegen
