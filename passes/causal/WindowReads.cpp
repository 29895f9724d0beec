// Convolution, pooling and interpolation: sliding windows along spatial axes.
#include "passes/causal/ReadRules.h"

#include <cmath>

namespace quern::passes {
namespace {

/// The mask that a weight [O, C / groups, kernel...] with these nonzeros puts on the read of a
/// convolution's input, whose maps are its axes.
ReadMask weightMask(const RankTensor &nonzero) {
  ReadMask mask;
  for (auto [axis, extent] : llvm::enumerate(nonzero.extents())) {
    if (extent == 1)
      continue;
    if (axis == 0)
      mask.resultAxes.push_back(1);
    else
      mask.maps.push_back(static_cast<int64_t>(axis));
  }
  mask.kept.assign(nonzero.data().begin(), nonzero.data().end());
  return mask;
}

/// The source coordinates of a resized axis, as exact fractions.
class ResizedAxis {
public:
  ResizedAxis(ir::ResizeOp op, int64_t in, int64_t out)
      : coordinates(op.getCoordinates()), mode(op.getMode()), in(in), out(out),
        widening(op.getAntialias() ? std::max<double>(1, double(in) / double(out)) : 1) {}

  /// How far from a coordinate elements are read, in elements, exclusive.
  double radius() const { return widening * (mode == ir::ResizeMode::cubic ? 2 : 1); }

  int64_t taps() const {
    return mode == ir::ResizeMode::nearest ? 1 : int64_t(std::ceil(2 * radius())) + 1;
  }

  /// Where tap `tap` of result element `element` reads; -1 for a tap without weight.
  int64_t source(int64_t element, int64_t tap) const {
    auto [numerator, denominator] = coordinate(element);
    double place = double(numerator) / double(denominator);
    int64_t at;
    if (mode == ir::ResizeMode::nearest)
      at = coordinates == ir::ResizeCoordinates::asymmetric ? int64_t(std::floor(place))
                                                            : int64_t(std::ceil(place - 0.5));
    else
      at = int64_t(std::floor(place - radius())) + 1 + tap;
    bool isOnElement = numerator % denominator == 0 && widening == 1;
    if (mode != ir::ResizeMode::nearest &&
        (isOnElement ? double(at) != place : std::abs(double(at) - place) >= radius()))
      return -1;
    return std::clamp<int64_t>(at, 0, in - 1);
  }

private:
  /// The source coordinate of a result element: numerator over denominator.
  std::pair<int64_t, int64_t> coordinate(int64_t element) const {
    switch (coordinates) {
    case ir::ResizeCoordinates::half_pixel:
      return {(2 * element + 1) * in - out, 2 * out};
    case ir::ResizeCoordinates::align_corners:
      return out == 1 ? std::pair<int64_t, int64_t>(0, 1)
                      : std::pair<int64_t, int64_t>(element * (in - 1), out - 1);
    case ir::ResizeCoordinates::asymmetric:
      return {element * in, out};
    }
    llvm_unreachable("all coordinates are named");
  }

  ir::ResizeCoordinates coordinates;
  ir::ResizeMode mode;
  int64_t in, out;
  double widening;
};

} // namespace

Reads convReads(ir::ConvOp op, KnownRanges &ranges) {
  llvm::ArrayRef<int64_t> in = op.getInput().getType().getShape();
  llvm::ArrayRef<int64_t> out = op.getResult().getType().getShape();
  llvm::ArrayRef<int64_t> filter = op.getFilterShape();
  int64_t groups = static_cast<int64_t>(op.getGroups());
  int64_t perGroup = filter[1], outsPerGroup = out[1] / groups;
  Read input{.operand = 0, .maps = {alongAxis(0, 0)}};
  input.maps.push_back(groups == 1 ? wholeAxis(1, in[1])
                                   : mappedAxis({1, 1}, {1, 1}, in[1], out[1], perGroup,
                                                [&](int64_t channel, int64_t tap) {
                                                  return channel / outsPerGroup * perGroup + tap;
                                                }));
  input.maps.back().tapName = TapName::none;
  for (int64_t axis = 0; axis < op.getSpatialRank(); ++axis)
    input.maps.push_back(windowAxis(axis + 2, in[axis + 2], filter[axis + 2], op.getStrides()[axis],
                                    op.getDilations()[axis], op.getPadLow()[axis]));
  if (auto nonzero = ranges.possiblyNonzero(op.getWeight()))
    input.mask = weightMask(*nonzero);
  Read weight{.operand = 1, .maps = {alongAxis(0, 1)}};
  for (int64_t axis = 1; axis < op.getWeight().getType().getRank(); ++axis)
    weight.maps.push_back(wholeAxis(axis, op.getWeight().getType().getDimSize(axis)));
  return {std::move(input), std::move(weight)};
}

Reads windowReads(ir::WindowReduceOp op) {
  llvm::ArrayRef<int64_t> in = op.getInput().getType().getShape();
  Read read{.operand = 0, .maps = {alongAxis(0, 0), alongAxis(1, 1)}};
  for (size_t axis = 0; axis < op.getWindow().size(); ++axis)
    read.maps.push_back(windowAxis(static_cast<int64_t>(axis) + 2, in[axis + 2],
                                   op.getWindow()[axis], op.getStrides()[axis],
                                   op.getDilations()[axis], op.getPadLow()[axis]));
  return {std::move(read)};
}

Reads resizeReads(ir::ResizeOp op) {
  llvm::ArrayRef<int64_t> in = op.getInput().getType().getShape();
  llvm::ArrayRef<int64_t> out = op.getResult().getType().getShape();
  Read read{.operand = 0, .maps = {alongAxis(0, 0), alongAxis(1, 1)}};
  for (int64_t axis = 2; axis < static_cast<int64_t>(in.size()); ++axis) {
    ResizedAxis resized(op, in[axis], out[axis]);
    read.maps.push_back(
        mappedAxis({axis, 1}, {axis, 1}, in[axis], out[axis], resized.taps(),
                   [&](int64_t element, int64_t tap) { return resized.source(element, tap); }));
    read.maps.back().tapName = TapName::coordinate;
  }
  return {std::move(read)};
}

} // namespace quern::passes
