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

/// B in panels of columns, packed at the start of the kernel.
class PackedPanels {
public:
  PackedPanels(const ContractShape &shape, const GemmPlan &plan, const KernelBuilder &builder)
      : width(constantIndex(plan.panelWidth)) {
    // Labels of B beside the columns and those summed over.
    for (const Label &label : llvm::drop_begin(shape.result))
      if (shape.inB(label.name))
        others.push_back(label);
    Var i("i"), k("k"), p("p");
    std::vector<Var> args{i, k, p};
    std::vector<int64_t> extents{plan.panelWidth, shape.depth(), plan.panels};
    Labelled from;
    for (const Label &label : others) {
      args.emplace_back(fmt::format("q{}", label.name));
      extents.push_back(label.extent);
      from[label.name] = args.back();
    }
    unravel(shape.summed, k, from);
    int64_t columns = shape.result[0].extent;
    Expr column = p * width + i;
    bool ragged = columns % plan.panelWidth != 0;
    from[shape.result[0].name] = ragged ? Halide::min(column, constantIndex(columns - 1)) : column;
    Expr value = builder.load(shape.b, indexOf(shape.bAxes, from));
    func(args) = ragged ? Halide::select(column < constantIndex(columns), value,
                                         Halide::Internal::make_zero(value.type()))
                        : value;
    for (auto [var, extent] : llvm::zip_equal(args, extents))
      func.bound(var, 0, constantIndex(extent));
  }

  /// B's element in a column, at a place in the depth and at the other labels' indices.
  Expr at(const Expr &column, const Expr &depth, const Labelled &labels) const {
    std::vector<Expr> where{column % width, depth, column / width};
    for (const Label &label : others)
      where.push_back(labels.at(label.name));
    return func(where);
  }

  Func func{"packed"};

private:
  Expr width;
  std::vector<Label> others;
};

/// C = A B with B in panels, constant or packed at the start of the kernel.
void emitProduct(ir::ContractOp op, const ContractShape &shape, KernelBuilder &builder) {
  CpuTarget cpu = builder.cpu();
  GemmPlan plan = gemmPlanOf(op, shape, cpu);
  StoredDims dims = productDims(op, shape);
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

  bool onDevice = builder.backend().hasDeviceMemory();
  std::optional<mlir::RankedTensorType> wanted = packedOperandType(op, shape, builder.target());
  bool packs = !onDevice && !plan.readsInPlace &&
               !(builder.parameter(shape.b) && wanted && ir::tensorType(shape.b) == *wanted);
  Func packed;
  Expr b;
  if (packs) {
    PackedPanels panels(shape, plan, builder);
    packed = panels.func;
    b = panels.at(vars[0], r, at);
  } else {
    b = builder.load(shape.b, indexOf(shape.bAxes, product));
  }

  Func acc("acc");
  acc(vars) =
      Halide::Internal::make_zero(computeType(ir::tensorType(op.getResult()).getElementType()));
  acc(vars) += builder.load(shape.a, indexOf(shape.aAxes, product)) * b;
  builder.defineAnchor({.result = op.getResult(),
                        .dims = dims,
                        .privates = {acc},
                        .schedule = [=](Func output) { scheduleGemm(plan, packed, acc, output); }},
                       [=](const Index &index) { return acc(storedCoordinates(dims, index)); });
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
      [=](const Index &index) { return acc(storedCoordinates(dims, index)); });
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
