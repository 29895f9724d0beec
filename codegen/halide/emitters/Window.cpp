#include "codegen/halide/Combine.h"
#include "codegen/halide/Emitter.h"
#include "codegen/halide/schedules/Pooling.h"
#include "ir/Infer.h"

#include <fmt/format.h>

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

/// How many elements of the input the window of output `i` covers along spatial axis `s`.
Expr covered(ir::WindowReduceOp op, size_t s, const Expr &i) {
  int64_t extent = ir::tensorType(op.getInput()).getDimSize(static_cast<int64_t>(2 + s));
  int64_t window = op.getWindow()[s], dilation = op.getDilations()[s];
  Expr start = i * constantIndex(op.getStrides()[s]) - constantIndex(op.getPadLow()[s]);
  // Taps t with 0 <= start + t * dilation < extent.
  Expr first = Halide::max(0, (constantIndex(dilation - 1) - start) / constantIndex(dilation));
  Expr last = Halide::min(constantIndex(window - 1),
                          (constantIndex(extent - 1) - start) / constantIndex(dilation));
  return last - first + 1;
}

/// The shape in the terms of the pooling schedule, whose first dimension is vectorised and whose
/// second and third slide; here only sizes matter.
ConvProblem problemOf(ir::WindowReduceOp op, const StoredDims &dims) {
  llvm::ArrayRef<int64_t> in = ir::tensorType(op.getInput()).getShape();
  ConvProblem p;
  p.outChannels = p.inChannels = p.groups = dims[0].extent;
  p.outWidth = dims.size() > 1 ? dims[1].extent : 1;
  p.outHeight = dims.size() > 2 ? dims[2].extent : 1;
  for (size_t i = 3; i < dims.size(); ++i)
    p.batch *= dims[i].extent;
  int64_t inputs = 1;
  for (int64_t extent : in)
    inputs *= extent;
  p.inHeight = 1;
  p.inWidth = std::max<int64_t>(1, inputs / (p.outChannels * p.batch));
  p.kernelX = op.getWindow().back();
  p.kernelY = 1;
  for (int64_t window : op.getWindow().drop_back())
    p.kernelY *= window;
  for (int64_t pad : op.getPadLow())
    p.padLeft += pad;
  for (int64_t pad : op.getPadHigh())
    p.padRight += pad;
  return p;
}

int64_t tapsOf(ir::WindowReduceOp op) {
  int64_t taps = 1;
  for (int64_t window : op.getWindow())
    taps *= window;
  return taps;
}

llvm::SmallVector<int64_t> paddedAxesOf(ir::WindowReduceOp op) {
  llvm::SmallVector<int64_t> axes;
  for (size_t s = 0; s < op.getWindow().size(); ++s)
    if (op.getPadLow()[s] > 0 || op.getPadHigh()[s] > 0)
      axes.push_back(static_cast<int64_t>(2 + s));
  return axes;
}

/// The taps of a window, innermost axis first.
RDom tapsDomain(ir::WindowReduceOp op) {
  std::vector<Halide::Range> ranges;
  for (int64_t window : llvm::reverse(op.getWindow()))
    ranges.emplace_back(0, constantIndex(window));
  return RDom(ranges, "r");
}

/// Where in the input tap `r` of the window of an output lies.
Index tapIndex(ir::WindowReduceOp op, const Index &output, const RDom &r) {
  Index source = output;
  size_t spatial = op.getWindow().size();
  for (size_t s = 0; s < spatial; ++s)
    source[2 + s] = output[2 + s] * constantIndex(op.getStrides()[s]) +
                    r[static_cast<int>(spatial - 1 - s)] * constantIndex(op.getDilations()[s]) -
                    constantIndex(op.getPadLow()[s]);
  return source;
}

/// By what the sum over the window of an output is divided for its mean.
Expr divisorOf(ir::WindowReduceOp op, const Index &output, Halide::Type type) {
  if (op.getCountPadding() || paddedAxesOf(op).empty())
    return Halide::Internal::make_const(type, tapsOf(op));
  Expr count = 1;
  for (size_t s = 0; s < op.getWindow().size(); ++s)
    count = count * covered(op, s, output[2 + s]);
  return Halide::cast(type, count);
}

void emitWindowReduce(ir::WindowReduceOp op, KernelBuilder &builder) {
  mlir::RankedTensorType out = ir::tensorType(op.getResult());
  Halide::Type type = computeType(out.getElementType());
  CpuTarget cpu = builder.cpu();

  // In the result's own order. All dimensions are kept: the schedule looks at the first three.
  StoredDims dims = storedDims(ir::isBlocked(out) ? ir::rowMajor(out) : out);
  std::vector<Var> vars;
  Index here(static_cast<size_t>(out.getRank()));
  for (const ir::PhysicalDim &dim : dims) {
    vars.emplace_back(fmt::format("d{}", dim.axis));
    here[static_cast<size_t>(dim.axis)] = vars.back();
  }
  Index source = tapIndex(op, here, tapsDomain(op));
  llvm::SmallVector<int64_t> paddedAxes = paddedAxesOf(op);
  bool computed = !llvm::isa<mlir::BlockArgument>(op.getInput());

  Combine combine = combineOf(op.getKind(), type);
  Func padded;
  Expr value;
  if (!builder.backend().hasDeviceMemory()) {
    // Vectors run over the end of the innermost axis, and so does a stored input: neither may read
    // there.
    llvm::SmallVector<int64_t> checkedAxes = paddedAxes;
    int64_t innermost = dims[0].axis;
    for (int64_t axis = 0; axis < out.getRank(); ++axis)
      if (!llvm::is_contained(paddedAxes, axis) && (computed || (axis == innermost && axis >= 2)))
        checkedAxes.push_back(axis);
    padded = Func("padded");
    padded(vars) = builder.atOr(op.getInput(), here, checkedAxes, combine.neutral);
    value = padded(storedCoordinates(dims, source));
  } else {
    value = builder.atOr(op.getInput(), source, paddedAxes, combine.neutral);
  }
  Func acc("acc");
  acc(vars) = combine.neutral;
  acc(vars) = combine.join(acc(vars), value);

  ConvProblem problem = problemOf(op, dims);
  problem.computedInput = computed;
  builder.defineAnchor(
      {.result = op.getResult(),
       .dims = dims,
       .privates = {acc},
       .schedule = [=](Func output) { schedulePooling(problem, cpu, padded, acc, output); }},
      [=](const Index &index) mutable {
        Expr total = acc(storedCoordinates(dims, index));
        return op.getKind() == ir::ReduceKind::mean ? total / divisorOf(op, index, type) : total;
      });
}

const EmitterOf<ir::WindowReduceOp, emitWindowReduce> registerWindowReduce;

} // namespace
} // namespace quern::codegen
