#include "codegen/halide/convs/ConvFrame.h"

#include "codegen/halide/ConvPlan.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {

using Halide::Expr;
using Halide::Func;

ConvFrame::ConvFrame(ir::ConvOp op, bool wantsRows)
    : op(op), spatial(static_cast<size_t>(op.getSpatialRank())),
      addsRow(wantsRows && spatial == 1) {
  llvm::ArrayRef<int64_t> out = ir::tensorType(op.getResult()).getShape();
  dims.push_back({1, out[1]});
  for (size_t i = spatial; i-- > 0;)
    dims.push_back({static_cast<int64_t>(2 + i), out[2 + i]});
  if (addsRow)
    dims.push_back({noAxis, 1});
  dims.push_back({0, out[0]});
  for (const char *name : {"c", "x", "y", "z"})
    if (vars.size() + 1 < dims.size())
      vars.emplace_back(name);
  vars.emplace_back("n");
}

std::vector<Expr> ConvFrame::place(const Index &index) const {
  std::vector<Expr> where{index[1]};
  for (size_t i = spatial; i-- > 0;)
    where.push_back(index[2 + i]);
  if (addsRow)
    where.emplace_back(0);
  where.push_back(index[0]);
  return where;
}

Index ConvFrame::index(const std::vector<Expr> &where) const {
  Index result(2 + spatial);
  result[0] = where.back();
  result[1] = where[0];
  for (size_t i = 0; i < spatial; ++i)
    result[2 + i] = where[spatial - i];
  return result;
}

llvm::SmallVector<int64_t> ConvFrame::paddedAxes() const {
  llvm::SmallVector<int64_t> axes;
  for (size_t i = 0; i < spatial; ++i)
    if (op.getPadLow()[i] > 0 || op.getPadHigh()[i] > 0)
      axes.push_back(static_cast<int64_t>(2 + i));
  return axes;
}

llvm::SmallVector<int64_t> ConvFrame::spatialAxes() const {
  return llvm::to_vector(llvm::seq<int64_t>(2, 2 + static_cast<int64_t>(spatial)));
}

std::vector<Expr> ConvFrame::source(const std::vector<Expr> &where, const Expr &channel,
                                    const std::vector<Expr> &taps) const {
  std::vector<Expr> from = where;
  from[0] = channel;
  for (size_t i = 0; i < spatial; ++i) {
    size_t axis = spatial - 1 - i;
    from[1 + i] = where[1 + i] * constantIndex(op.getStrides()[axis]) +
                  taps[i] * constantIndex(op.getDilations()[axis]) -
                  constantIndex(op.getPadLow()[axis]);
  }
  return from;
}

Index ConvFrame::weight(const Expr &output, const Expr &input,
                        const std::vector<Expr> &taps) const {
  Index result{output, input};
  for (size_t i = spatial; i-- > 0;)
    result.push_back(taps[i]);
  return result;
}

Expr ConvFrame::groupInput(const Expr &inner, int64_t panelWidth) const {
  auto groups = static_cast<int64_t>(op.getGroups());
  if (groups == 1)
    return inner;
  llvm::ArrayRef<int64_t> filter = op.getFilterShape();
  int64_t outputs = filter[0] / groups;
  Expr group;
  if (outputs % panelWidth == 0)
    group = Expr(vars[0]) / constantIndex(panelWidth) / constantIndex(outputs / panelWidth);
  else
    group = Expr(vars[0]) / constantIndex(outputs);
  if (filter[0] % panelWidth != 0) // the last panel reaches beyond the last group
    group = Halide::min(group, constantIndex(groups - 1));
  return group * constantIndex(filter[1]) + inner;
}

void ConvFrame::appendKernel(std::vector<Halide::Range> &ranges) const {
  for (size_t i = spatial; i-- > 0;)
    ranges.emplace_back(0, constantIndex(op.getKernel()[i]));
  if (addsRow)
    ranges.emplace_back(0, 1);
}

std::vector<Expr> ConvFrame::tapAt(Expr tap) const {
  std::vector<Expr> taps;
  for (size_t i = spatial; i-- > 0; tap = tap / constantIndex(op.getKernel()[i]))
    taps.push_back(i == 0 ? tap : tap % constantIndex(op.getKernel()[i]));
  if (addsRow)
    taps.emplace_back(0);
  return taps;
}

Halide::Type ConvFrame::type() const {
  return computeType(ir::tensorType(op.getInput()).getElementType());
}

bool convertsInput(ir::ConvOp op) {
  mlir::Type element = ir::tensorType(op.getInput()).getElementType();
  return computeType(element) != halideType(element);
}

SpatialConv spatialConvOf(ir::ConvOp op) {
  mlir::RankedTensorType in = ir::tensorType(op.getInput()), out = ir::tensorType(op.getResult());
  SpatialConv problem;
  problem.batch = in.getDimSize(0);
  problem.inChannels = in.getDimSize(1);
  problem.outChannels = out.getDimSize(1);
  problem.groups = static_cast<int64_t>(op.getGroups());
  for (size_t i = static_cast<size_t>(op.getSpatialRank()); i-- > 0;)
    problem.axes.push_back({.in = in.getDimSize(2 + i),
                            .out = out.getDimSize(2 + i),
                            .kernel = op.getKernel()[i],
                            .stride = op.getStrides()[i],
                            .dilation = op.getDilations()[i],
                            .padLow = op.getPadLow()[i],
                            .padHigh = op.getPadHigh()[i]});
  problem.computedInput = !llvm::isa<mlir::BlockArgument>(op.getInput());
  problem.planarInput = !problem.computedInput && !readsChannelsLast(op);
  return problem;
}

void requireHost(ir::ConvOp op, const KernelBuilder &builder) {
  std::string name = op.getAlgorithm()->text();
  if (op.getAlgorithm()->transformsFilter() && !op.getFilter())
    throw EmitError{op.getLoc(), name + " needs its filter transformed ahead"};
  if (builder.backend().hasDeviceMemory())
    throw EmitError{op.getLoc(), name + " has no kernel for a device"};
}

Func paddedInput(const ConvFrame &frame, const KernelBuilder &builder) {
  Func padded("padded");
  padded(frame.vars) = inputOrZero(frame, builder, frame.here());
  return padded;
}

Func tiledInput(const ConvFrame &frame, const KernelBuilder &builder) {
  Func padded("padded");
  padded(frame.vars) = builder.atOr(frame.op.getInput(), frame.index(frame.here()),
                                    frame.spatialAxes(), Halide::Internal::make_zero(frame.type()));
  return padded;
}

Expr inputOrZero(const ConvFrame &frame, const KernelBuilder &builder,
                 const std::vector<Expr> &where) {
  return builder.atOr(frame.op.getInput(), frame.index(where), frame.paddedAxes(),
                      Halide::Internal::make_zero(frame.type()));
}

} // namespace quern::codegen
