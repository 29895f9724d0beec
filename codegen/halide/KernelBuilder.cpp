#include "codegen/halide/KernelBuilder.h"

#include "codegen/halide/Emitter.h"
#include "codegen/halide/MergeDimensions.h"
#include "codegen/halide/schedules/Buffers.h"
#include "ir/Infer.h"

#include "llvm/ADT/SetVector.h"

#include <fmt/format.h>

namespace quern::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;

Expr constantIndex(int64_t value) { return Expr(static_cast<int>(value)); }

Halide::Type halideType(mlir::Type element) {
  if (element.isF32())
    return Halide::Float(32);
  if (element.isF64())
    return Halide::Float(64);
  if (element.isF16())
    return Halide::Float(16);
  if (element.isBF16())
    return Halide::BFloat(16);
  auto integer = llvm::cast<mlir::IntegerType>(element);
  int bits = static_cast<int>(integer.getWidth());
  if (bits == 1)
    return Halide::Bool();
  return integer.isUnsigned() ? Halide::UInt(bits) : Halide::Int(bits);
}

Halide::Type computeType(mlir::Type element) {
  return element.isF16() || element.isBF16() ? Halide::Float(32) : halideType(element);
}

CpuTarget computing(const CpuTarget &cpu, mlir::Value value) {
  return cpu.computingIn(computeType(ir::tensorType(value).getElementType()).bytes());
}

StoredDims storedDims(mlir::RankedTensorType type) {
  llvm::SmallVector<ir::PhysicalDim> outermostFirst = ir::physicalDims(type);
  return StoredDims(outermostFirst.rbegin(), outermostFirst.rend());
}

std::vector<int64_t> extentsOf(const StoredDims &dims) {
  std::vector<int64_t> extents;
  for (const ir::PhysicalDim &dim : dims)
    extents.push_back(dim.extent);
  return extents;
}

bool sameMemory(const StoredDims &a, const StoredDims &b) {
  auto key = [](const StoredDims &dims) {
    std::vector<std::array<int64_t, 4>> kept;
    for (const ir::PhysicalDim &dim : dims)
      if (dim.extent != 1)
        kept.push_back({dim.axis, dim.extent, dim.count, dim.within});
    return kept;
  };
  return key(a) == key(b);
}

std::vector<Expr> storedCoordinates(const StoredDims &dims, const Index &index) {
  std::vector<Expr> result;
  for (const ir::PhysicalDim &dim : dims) {
    if (dim.axis == noAxis) {
      result.emplace_back(0);
      continue;
    }
    Expr i = index[static_cast<size_t>(dim.axis)];
    if (dim.count > 1)
      i = i / constantIndex(dim.count);
    if (dim.within > 0)
      i = i % constantIndex(dim.within);
    result.push_back(i);
  }
  return result;
}

namespace {

mlir::Value returnedValue(mlir::func::FuncOp kernel) {
  return kernel.getBody().front().getTerminator()->getOperand(0);
}

/// Rough cost of an elementwise op against an addition.
double costOf(mlir::Operation *op) {
  if (llvm::isa<ir::ExpOp, ir::LogOp, ir::PowOp, ir::TanhOp, ir::SigmoidOp, ir::ErfOp, ir::SinOp,
                ir::CosOp>(op))
    return 20;
  return llvm::isa<ir::DivOp, ir::SqrtOp, ir::RsqrtOp, ir::ResizeOp>(op) ? 4 : 1;
}

/// Whether everything computed from `value` is a map over its own shape.
bool onlyMapsFollow(mlir::Value value) {
  llvm::SetVector<mlir::Value> reached;
  reached.insert(value);
  for (size_t i = 0; i < reached.size(); ++i)
    for (mlir::Operation *user : reached[i].getUsers()) {
      if (user->hasTrait<mlir::OpTrait::IsTerminator>())
        continue;
      if (!user->hasTrait<ir::Elementwise>() ||
          ir::tensorType(user->getResult(0)).getShape() != ir::tensorType(value).getShape())
        return false;
      reached.insert(user->getResult(0));
    }
  return true;
}

} // namespace

KernelBuilder::KernelBuilder(mlir::func::FuncOp kernel, const Target &target)
    : kernel(kernel), theTarget(target), theBackend(backendOf(target)),
      theCpu(cpuTargetOf(Halide::Target(target.halide))) {}

Expr KernelBuilder::at(mlir::Value value, const Index &index) const {
  const Source &source = sources.find(value)->second;
  std::vector<Expr> where = storedCoordinates(source.dims, index);
  return source.parameter ? (*source.parameter)(where) : source.func(where);
}

Expr KernelBuilder::load(mlir::Value value, const Index &index) const {
  return Halide::cast(computeType(ir::tensorType(value).getElementType()), at(value, index));
}

Expr KernelBuilder::atOr(mlir::Value value, const Index &index, llvm::ArrayRef<int64_t> axes,
                         const Expr &outside) const {
  Index inside = index;
  Expr isInside = Halide::Internal::const_true();
  // `likely` marks the case for which loops are worth a version of their own.
  for (int64_t axis : axes) {
    auto i = static_cast<size_t>(axis);
    Expr last = constantIndex(ir::tensorType(value).getDimSize(axis) - 1);
    isInside = isInside && index[i] >= 0 && index[i] <= last;
    inside[i] = Halide::clamp(Halide::likely(index[i]), 0, last);
  }
  if (axes.empty())
    return load(value, index);
  return Halide::select(!isInside, outside, Halide::likely(load(value, inside)));
}

Func KernelBuilder::over(const StoredDims &dims, int64_t rank, const std::string &name,
                         const Element &element) const {
  std::vector<Var> vars;
  Index index(static_cast<size_t>(rank), Expr(0));
  for (size_t i = 0; i < dims.size(); ++i) {
    vars.emplace_back(fmt::format("d{}", i));
    const ir::PhysicalDim &dim = dims[i];
    if (dim.axis == noAxis)
      continue;
    Expr &coordinate = index[static_cast<size_t>(dim.axis)];
    coordinate =
        Halide::Internal::simplify(coordinate + Expr(vars.back()) * constantIndex(dim.count));
  }
  // Halide's inliner would take its own function `abs` or `round` for a Func of that name.
  Func func(name + "_values");
  func(vars) = element(index);
  return func;
}

std::optional<Halide::ImageParam> KernelBuilder::parameter(mlir::Value value) const {
  return sources.find(value)->second.parameter;
}

bool KernelBuilder::isContiguousArgument(mlir::Value value, int64_t axis) const {
  const Source &source = sources.find(value)->second;
  if (!source.parameter)
    return false;
  for (const ir::PhysicalDim &dim : source.dims)
    if (dim.extent != 1)
      return dim.axis == axis && dim.within == 0;
  return true;
}

void KernelBuilder::define(mlir::Value result, const Element &element) {
  mlir::RankedTensorType type = ir::tensorType(result);
  StoredDims dims = storedDims(ir::rowMajor(type));
  Halide::Type stored = halideType(type.getElementType());
  Func func = over(dims, type.getRank(), result.getDefiningOp()->getName().stripDialect().str(),
                   [&](const Index &index) { return Halide::cast(stored, element(index)); });
  sources[result] = {func, dims};
  graph.flopsPerElement += costOf(result.getDefiningOp());
}

void KernelBuilder::defineAnchor(Anchor anchor, const Element &element) {
  mlir::Operation *op = anchor.result.getDefiningOp();
  if (graph.anchor.result)
    throw EmitError{op->getLoc(),
                    fmt::format("kernel '{}' has two ops that decide its loops: {} and {}",
                                kernel.getSymName().str(),
                                graph.anchor.result.getDefiningOp()->getName().getStringRef().str(),
                                op->getName().getStringRef().str())};
  define(anchor.result, element);
  graph.anchor = std::move(anchor);
  if (!onlyMapsFollow(graph.anchor.result))
    materialiseAnchor();
}

/// Pins the region of a stored Func, as the output's buffer is pinned.
Func KernelBuilder::withinExtents(Func func, const std::vector<int64_t> &extents) const {
  for (size_t i = 0; i < extents.size(); ++i)
    func.bound(func.args()[i], 0, constantIndex(extents[i]));
  return func;
}

/// More than a map follows: the anchor's result is stored, and what follows reads that.
void KernelBuilder::materialiseAnchor() {
  mlir::Value value = graph.anchor.result;
  graph.coreExtents = extentsOf(graph.anchor.dims);
  graph.core = withinExtents(over(graph.anchor.dims, ir::tensorType(value).getRank(), "core",
                                  [&](const Index &index) { return at(value, index); }),
                             graph.coreExtents);
  sources[value] = {graph.core, graph.anchor.dims};
}

void KernelBuilder::bindArguments() {
  for (mlir::BlockArgument argument : kernel.getArguments()) {
    mlir::RankedTensorType type = ir::tensorType(argument);
    StoredDims dims = storedDims(type);
    Halide::ImageParam parameter(halideType(type.getElementType()), static_cast<int>(dims.size()),
                                 fmt::format("in{}", argument.getArgNumber()));
    pinDense(parameter, extentsOf(dims));
    graph.inputs.push_back(parameter);
    graph.buffers.push_back({parameter.type(), extentsOf(dims)});
    sources[argument] = {Func(), dims, parameter};
  }
}

/// A map whose input is contiguous along another axis than its result.
void KernelBuilder::detectTranspose(mlir::Value result, const StoredDims &dims) {
  auto isCopy = [](mlir::Operation &op) {
    return llvm::isa<ir::ReshapeOp>(op) && ir::tensorType(op.getOperand(0)).getShape() ==
                                               ir::tensorType(op.getResult(0)).getShape();
  };
  for (mlir::Operation &op : kernel.getBody().front().without_terminator())
    if (!op.hasTrait<ir::Elementwise>() && !isCopy(op))
      return;
  auto inner = [](const StoredDims &of) {
    auto found = llvm::find_if(of, [](const ir::PhysicalDim &dim) { return dim.extent != 1; });
    return found == of.end() ? noAxis : found->axis;
  };
  for (mlir::BlockArgument argument : kernel.getArguments()) {
    mlir::RankedTensorType type = ir::tensorType(argument);
    if (type.getShape() != ir::tensorType(result).getShape() || ir::isBlocked(type))
      continue;
    int64_t axis = inner(storedDims(type));
    if (axis == noAxis || axis == inner(dims))
      continue;
    auto found = llvm::find_if(dims, [&](const ir::PhysicalDim &dim) { return dim.axis == axis; });
    graph.transposedDim = static_cast<int>(found - dims.begin());
    graph.transposed = over(dims, type.getRank(), "transposed",
                            [&](const Index &index) { return at(result, index); });
    std::vector<Var> vars = graph.transposed.args();
    graph.output = Func("result");
    graph.output(vars) = graph.transposed(vars);
    return;
  }
}

void KernelBuilder::finish(mlir::Value result) {
  mlir::RankedTensorType type = ir::tensorType(result);
  StoredDims dims = storedDims(type);
  bool blocked = ir::isBlocked(type);
  auto element = [&](const Index &index) {
    if (!blocked)
      return at(result, index);
    // Blocks may reach past the axis: zeros there.
    Index inside = index;
    Expr isInside = Halide::Internal::const_true();
    for (size_t axis = 0; axis < index.size(); ++axis) {
      Expr last = constantIndex(type.getDimSize(static_cast<int64_t>(axis)) - 1);
      isInside = isInside && index[axis] <= last;
      inside[axis] = Halide::min(index[axis], last);
    }
    return Halide::select(isInside, at(result, inside),
                          Halide::Internal::make_zero(halideType(type.getElementType())));
  };

  if (graph.anchor.result && !graph.core.defined() && !theBackend.hasDeviceMemory()) {
    Func core = over(graph.anchor.dims, type.getRank(), "result",
                     [&](const Index &index) { return at(result, index); });
    graph.core = core;
    graph.coreExtents = extentsOf(graph.anchor.dims);
    if (sameMemory(graph.anchor.dims, dims)) {
      graph.coreIsOutput = true;
      graph.output = core;
      dims = graph.anchor.dims;
    } else {
      withinExtents(core, graph.coreExtents);
      sources[result] = {core, graph.anchor.dims};
    }
  }
  if (!graph.output.defined() && !blocked && !graph.anchor.result)
    detectTranspose(result, dims);
  if (!graph.output.defined())
    graph.output = over(dims, type.getRank(), "result", element);
  graph.buffers.push_back({halideType(type.getElementType()), extentsOf(dims)});
  pinDense(graph.output.output_buffer(), extentsOf(dims));
}

KernelGraph KernelBuilder::build() {
  // The merged function computes the same bytes over fewer dimensions. It lives while we emit.
  mlir::OwningOpRef<mlir::func::FuncOp> merged = mergeDimensions(kernel);
  if (merged)
    kernel = *merged;
  bindArguments();
  graph.flopsPerElement = 0;
  for (mlir::Operation &op : kernel.getBody().front().without_terminator()) {
    Emitter emitter = findEmitter(op.getName().getStringRef());
    if (!emitter)
      throw EmitError{op.getLoc(),
                      fmt::format("no emitter for '{}'", op.getName().getStringRef().str())};
    emitter(&op, *this);
  }
  finish(returnedValue(kernel));
  graph.flopsPerElement = std::max(graph.flopsPerElement, 1.0);
  return std::move(graph);
}

} // namespace quern::codegen
