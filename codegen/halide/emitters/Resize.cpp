#include "codegen/halide/Emitter.h"
#include "ir/Infer.h"

#include <cmath>

namespace quern::codegen {
namespace {

using Halide::Expr;

/// What each result index of one axis takes: `taps` elements of the input with weights, found at
/// compile time in double precision.
struct AxisTable {
  int64_t taps = 1;
  Halide::Buffer<int32_t> source; ///< (tap, result index)
  Halide::Buffer<float> weight;   ///< likewise
};

double coordinate(ir::ResizeCoordinates coordinates, int64_t i, int64_t in, int64_t out) {
  auto position = static_cast<double>(i), source = static_cast<double>(in),
       result = static_cast<double>(out);
  switch (coordinates) {
  case ir::ResizeCoordinates::half_pixel:
    return (position + 0.5) * source / result - 0.5;
  case ir::ResizeCoordinates::align_corners:
    return out == 1 ? 0.0 : position * (source - 1) / (result - 1);
  case ir::ResizeCoordinates::asymmetric:
    return position * source / result;
  }
  return 0.0;
}

double triangle(double x) { return std::fabs(x) < 1 ? 1 - std::fabs(x) : 0; }

/// Keys' cubic convolution.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
}

AxisTable tableOf(ir::ResizeOp op, int64_t in, int64_t out) {
  bool nearest = op.getMode() == ir::ResizeMode::nearest,
       linear = op.getMode() == ir::ResizeMode::linear;
  double scale =
      op.getAntialias() ? std::max(1.0, static_cast<double>(in) / static_cast<double>(out)) : 1.0;
  double support = (linear ? 1.0 : 2.0) * scale, a = op.getAntialias() ? -0.5 : -0.75;
  AxisTable table;
  table.taps = nearest ? 1 : static_cast<int64_t>(std::floor(2 * support)) + 1;
  if (!op.getAntialias() && !nearest)
    table.taps = linear ? 2 : 4;
  table.source = Halide::Buffer<int32_t>(static_cast<int>(table.taps), static_cast<int>(out));
  table.weight = Halide::Buffer<float>(static_cast<int>(table.taps), static_cast<int>(out));
  for (int64_t i = 0; i < out; ++i) {
    double x = coordinate(op.getCoordinates(), i, in, out);
    double first = std::floor(x) - (linear ? 0 : 1);
    if (op.getAntialias())
      first = std::ceil(x - support);
    if (nearest)
      first = op.getCoordinates() == ir::ResizeCoordinates::asymmetric ? std::floor(x)
                                                                       : std::ceil(x - 0.5);
    double sum = 0;
    std::vector<double> weights(static_cast<size_t>(table.taps), 1.0);
    for (int64_t t = 0; t < table.taps && !nearest; ++t) {
      double at = first + static_cast<double>(t), distance = (at - x) / scale;
      bool isInside = at >= 0 && at < static_cast<double>(in);
      double weight = linear ? triangle(distance) : cubic(distance, a);
      weights[static_cast<size_t>(t)] = op.getAntialias() && !isInside ? 0.0 : weight;
      sum += weights[static_cast<size_t>(t)];
    }
    for (int64_t t = 0; t < table.taps; ++t) {
      double at = std::clamp(first + static_cast<double>(t), 0.0, static_cast<double>(in - 1));
      double weight = weights[static_cast<size_t>(t)];
      table.source(static_cast<int>(t), static_cast<int>(i)) = static_cast<int32_t>(at);
      table.weight(static_cast<int>(t), static_cast<int>(i)) =
          static_cast<float>(op.getAntialias() && !nearest ? weight / sum : weight);
    }
  }
  return table;
}

/// The sum over the taps of axis `axis` and of those behind it. Few taps are written out; many
/// (antialias) become a sum too, since their number is known.
Expr interpolate(ir::ResizeOp op, KernelBuilder &builder, const std::vector<AxisTable> &tables,
                 const Index &index, Index &source, size_t axis) {
  if (axis == tables.size())
    return builder.load(op.getInput(), source);
  const AxisTable &table = tables[axis];
  Expr i = index[2 + axis];
  int64_t extent = ir::tensorType(op.getInput()).getDimSize(static_cast<int64_t>(2 + axis));
  Expr sum;
  for (int64_t t = 0; t < table.taps; ++t) {
    Expr tap = constantIndex(t);
    source[2 + axis] =
        Halide::unsafe_promise_clamped(table.source(tap, i), 0, constantIndex(extent - 1));
    Expr value = interpolate(op, builder, tables, index, source, axis + 1);
    if (table.taps > 1)
      value = value * Halide::cast(value.type(), table.weight(tap, i));
    sum = sum.defined() ? sum + value : value;
  }
  return sum;
}

void emitResize(ir::ResizeOp op, KernelBuilder &builder) {
  llvm::ArrayRef<int64_t> in = ir::tensorType(op.getInput()).getShape();
  std::vector<AxisTable> tables;
  for (auto [axis, size] : llvm::enumerate(op.getSizes()))
    tables.push_back(tableOf(op, in[2 + axis], size));
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    Index source = index;
    return interpolate(op, builder, tables, index, source, 0);
  });
}

const EmitterOf<ir::ResizeOp, emitResize> registerResize;

} // namespace
} // namespace quern::codegen
