#include "codegen/halide/ConvPlan.h"
#include "codegen/halide/Emitter.h"
#include "codegen/halide/schedules/GroupedConv.h"
#include "ir/Infer.h"

namespace quern::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

/// The names that all families of convolution share.
struct ConvFrame {
  mutable ir::ConvOp op; ///< MLIR's accessors are not const
  size_t spatial;        ///< spatial axes of the op
  bool addsRow;          ///< one spatial axis, given a second of extent 1 for the schedules
  StoredDims dims;       ///< (c, x, y, …, n) of the result
  std::vector<Var> vars;

  ConvFrame(ir::ConvOp op, bool wantsRows)
      : op(op), spatial(static_cast<size_t>(op.getSpatialRank())),
        addsRow(wantsRows && spatial == 1) {
    llvm::ArrayRef<int64_t> out = ir::tensorType(op.getResult()).getShape();
    dims.push_back({1, out[1]});
    for (size_t i = spatial; i-- > 0;)
      dims.push_back({static_cast<int64_t>(2 + i), out[2 + i]});
    if (addsRow)
      dims.push_back({noAxis, 1});
    dims.push_back({0, out[0]});
    for (const char *name : {"c", "x", "y", "z", "n"})
      if (vars.size() + 1 < dims.size())
        vars.emplace_back(name);
    vars.emplace_back("n");
  }

  /// (c, x, y, …, n) of a logical index; the added row is 0.
  std::vector<Expr> place(const Index &index) const {
    std::vector<Expr> where{index[1]};
    for (size_t i = spatial; i-- > 0;)
      where.push_back(index[2 + i]);
    if (addsRow)
      where.emplace_back(0);
    where.push_back(index[0]);
    return where;
  }
  /// The logical index of (c, x, y, …, n).
  Index index(const std::vector<Expr> &where) const {
    Index result(2 + spatial);
    result[0] = where.back();
    result[1] = where[0];
    for (size_t i = 0; i < spatial; ++i)
      result[2 + i] = where[spatial - i];
    return result;
  }
  std::vector<Expr> here() const { return {vars.begin(), vars.end()}; }

  /// Spatial axes that are padded.
  llvm::SmallVector<int64_t> paddedAxes() const {
    llvm::SmallVector<int64_t> axes;
    for (size_t i = 0; i < spatial; ++i)
      if (op.getPadLow()[i] > 0 || op.getPadHigh()[i] > 0)
        axes.push_back(static_cast<int64_t>(2 + i));
    return axes;
  }
  /// Where in the input the tap (kx, ky, …) = `taps` of the output at `where` reads channel
  /// `channel`.
  std::vector<Expr> source(const std::vector<Expr> &where, const Expr &channel,
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
  /// The logical index into the weights.
  Index weight(const Expr &output, const Expr &input, const std::vector<Expr> &taps) const {
    Index result{output, input};
    for (size_t i = spatial; i-- > 0;)
      result.push_back(taps[i]);
    return result;
  }
  /// {begin, extent} of each kernel axis, innermost first; an added row has one tap.
  void appendKernel(std::vector<Halide::Range> &ranges) const {
    for (size_t i = spatial; i-- > 0;)
      ranges.emplace_back(
          0, constantIndex(ir::tensorType(op.getWeight()).getDimSize(static_cast<int64_t>(2 + i))));
    if (addsRow)
      ranges.emplace_back(0, 1);
  }
  Halide::Type type() const { return computeType(ir::tensorType(op.getInput()).getElementType()); }
};

/// The input with zeros around it, over (c, x, y, …, n).
Func paddedInput(const ConvFrame &frame, const KernelBuilder &builder) {
  Func padded("padded");
  padded(frame.vars) = builder.atOr(frame.op.getInput(), frame.index(frame.here()),
                                    frame.paddedAxes(), Halide::Internal::make_zero(frame.type()));
  return padded;
}

/// The element of the input at (c, x, y, …, n): of `padded` if that is defined, else of the input
/// itself.
Expr inputAt(const ConvFrame &frame, const KernelBuilder &builder, const Func &padded,
             const std::vector<Expr> &where) {
  if (padded.defined())
    return padded(where);
  return builder.atOr(frame.op.getInput(), frame.index(where), frame.paddedAxes(),
                      Halide::Internal::make_zero(frame.type()));
}

/// Weights that were not laid out as the schedule wants them are, here, at the start of the kernel.
/// Null if they were.
Func repackedWeights(const ConvFrame &frame, const KernelBuilder &builder,
                     mlir::RankedTensorType wanted) {
  mlir::Value weight = frame.op.getWeight();
  if (builder.parameter(weight) && ir::tensorType(weight) == wanted)
    return {};
  StoredDims dims = storedDims(wanted);
  int64_t outputs = wanted.getDimSize(0);
  Func packed = builder.over(dims, wanted.getRank(), "packed", [&](const Index &index) {
    Index inside = index;
    inside[0] = Halide::min(index[0], constantIndex(outputs - 1));
    Expr value = builder.load(weight, inside);
    return ir::isBlocked(wanted) ? Halide::select(index[0] < constantIndex(outputs), value,
                                                  Halide::Internal::make_zero(frame.type()))
                                 : value;
  });
  for (auto [var, dim] : llvm::zip_equal(packed.args(), dims))
    packed.bound(var, 0, constantIndex(dim.extent));
  return packed;
}

/// The weight at a logical index, from the repacked ones if there are such.
Expr weightAt(const ConvFrame &frame, const KernelBuilder &builder, const Func &packed,
              mlir::RankedTensorType wanted, const Index &index) {
  if (!packed.defined())
    return builder.load(frame.op.getWeight(), index);
  std::vector<Expr> where;
  for (const ir::PhysicalDim &dim : storedDims(wanted)) {
    Expr i = index[static_cast<size_t>(dim.axis)];
    if (dim.count > 1)
      i = i / constantIndex(dim.count);
    if (dim.within > 0)
      i = i % constantIndex(dim.within);
    where.push_back(i);
  }
  return packed(where);
}

void schedulePacked(Func packed, const CpuTarget &cpu) {
  if (packed.defined())
    packed.compute_root().vectorize(packed.args()[0], cpu.lanes, Halide::TailStrategy::GuardWithIf);
}

void emitConv(ir::ConvOp op, KernelBuilder &builder) {
  ConvFamily family = familyOf(op);
  bool onDevice = builder.backend().hasDeviceMemory();
  ConvFrame frame(op, family != ConvFamily::Grouped);
  CpuTarget cpu = builder.cpu();
  ConvProblem problem = problemOf(op);
  DirectConvPlan plan;
  if (family == ConvFamily::Direct && !onDevice)
    plan = directPlanOf(op, cpu);
  // On a device each thread looks after its own edges.
  Func padded = onDevice ? Func() : paddedInput(frame, builder);

  mlir::RankedTensorType wanted;
  Func packed;
  if (!onDevice) {
    wanted = packedWeightType(op, builder.target());
    packed = repackedWeights(frame, builder, wanted);
  }

  // One input channel for each output in a depthwise convolution; else those of its group.
  int64_t perGroup = ir::tensorType(op.getWeight()).getDimSize(1);
  bool depthwise = family == ConvFamily::Depthwise;
  std::vector<Halide::Range> ranges;
  if (!depthwise)
    ranges.emplace_back(0, constantIndex(perGroup));
  frame.appendKernel(ranges);
  RDom r(ranges, "r");
  size_t firstTap = depthwise ? 0 : 1;
  std::vector<Expr> taps;
  for (size_t i = firstTap; i < ranges.size(); ++i)
    taps.emplace_back(r[static_cast<int>(i)]);

  std::vector<Expr> here = frame.here();
  Expr c = here[0], inner = depthwise ? Expr(0) : Expr(r[0]), channel = depthwise ? c : inner;
  if (!depthwise && problem.groups > 1) {
    int64_t outputsPerGroup = problem.outChannels / problem.groups;
    channel = c / constantIndex(outputsPerGroup) * constantIndex(perGroup) + inner;
  }
  Func acc("acc");
  acc(frame.vars) = Halide::Internal::make_zero(frame.type());
  acc(frame.vars) += inputAt(frame, builder, padded, frame.source(here, channel, taps)) *
                     weightAt(frame, builder, packed, wanted, frame.weight(c, inner, taps));

  builder.defineAnchor({.result = op.getResult(),
                        .dims = frame.dims,
                        .privates = {acc},
                        .schedule =
                            [=](Func output) {
                              schedulePacked(packed, cpu);
                              if (family == ConvFamily::Direct)
                                scheduleDirectConv(plan, padded, acc, output);
                              else if (depthwise)
                                scheduleDepthwiseConv(problem, cpu, padded, acc, output);
                              else
                                scheduleGroupedConv(problem, cpu, padded, acc, output);
                            }},
                       [=](const Index &index) { return acc(frame.place(index)); });
}

const EmitterOf<ir::ConvOp, emitConv> registerConv;

} // namespace
} // namespace quern::codegen
