// What the algorithms of convolution share when they are written in Halide: coordinates, taps, the
// padded input.
#pragma once

#include "codegen/halide/KernelBuilder.h"
#include "codegen/halide/schedules/SpatialConv.h"

namespace quern::codegen {

/// The coordinates that all algorithms of convolution write in: (c, x, y, …, n).
struct ConvFrame {
  mutable ir::ConvOp op; ///< MLIR's accessors are not const
  size_t spatial;        ///< spatial axes of the op
  bool addsRow;          ///< one spatial axis, given a second of extent 1 for the schedules
  StoredDims dims;       ///< (c, x, y, …, n) of the result
  std::vector<Halide::Var> vars;

  /// `wantsRows`: at least two spatial axes.
  ConvFrame(ir::ConvOp op, bool wantsRows);

  /// (c, x, y, …, n) of a logical index; the added row is 0.
  std::vector<Halide::Expr> place(const Index &index) const;
  /// The logical index of (c, x, y, …, n).
  Index index(const std::vector<Halide::Expr> &where) const;
  std::vector<Halide::Expr> here() const { return {vars.begin(), vars.end()}; }

  /// Where in the input the tap (kx, ky, …) = `taps` of the output at `where` reads channel
  /// `channel`.
  std::vector<Halide::Expr> source(const std::vector<Halide::Expr> &where,
                                   const Halide::Expr &channel,
                                   const std::vector<Halide::Expr> &taps) const;
  /// The logical index into the weights.
  Index weight(const Halide::Expr &output, const Halide::Expr &input,
               const std::vector<Halide::Expr> &taps) const;
  /// The input channel that is number `inner` of those of the group that output channel vars[0] is
  /// in: by its panel of `panelWidth` outputs where those are all of one group.
  Halide::Expr groupInput(const Halide::Expr &inner, int64_t panelWidth) const;
  /// {begin, extent} of each kernel axis, innermost first; an added row has one tap.
  void appendKernel(std::vector<Halide::Range> &ranges) const;
  /// (kx, ky, …) of tap number `tap` of the kernel, in row-major order; an added row's is 0.
  std::vector<Halide::Expr> tapAt(Halide::Expr tap) const;

  /// The logical spatial axes that are padded.
  llvm::SmallVector<int64_t> paddedAxes() const;
  /// All of them.
  llvm::SmallVector<int64_t> spatialAxes() const;
  Halide::Type type() const;
};

/// Whether the input is to be converted before it is computed with: stored in 16 bits.
bool convertsInput(ir::ConvOp op);

/// The convolution in plain numbers, for the schedules of any rank.
SpatialConv spatialConvOf(ir::ConvOp op);

/// Throws EmitError where the kernel is for a device, or the filter was not transformed that the
/// algorithm wants transformed.
void requireHost(ir::ConvOp op, const KernelBuilder &builder);

/// The input with zeros around it, over (c, x, y, …, n).
Halide::Func paddedInput(const ConvFrame &frame, const KernelBuilder &builder);

/// The same for algorithms that work on tiles: zeros also beyond the ends of axes that are not
/// padded, where a tile sticks out of the image. Whatever lies there would not cancel out if it
/// were no number.
Halide::Func tiledInput(const ConvFrame &frame, const KernelBuilder &builder);

/// One element of it, computed where it is used.
Halide::Expr inputOrZero(const ConvFrame &frame, const KernelBuilder &builder,
                         const std::vector<Halide::Expr> &where);

} // namespace quern::codegen
