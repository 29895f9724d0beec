// The places of a masked kernel that hold nothing but zeros lie at its end, or its beginning: rows
// below the pixel, columns after it. Without them every algorithm has less to do. What a mask
// removes of the last row that remains is written on the convolution: `taps` of it are left. So do
// the places that lie in the padding for every output, where a kernel is larger than the image.
#include "ir/HostTensor.h"
#include "passes/Model.h"
#include "passes/Passes.h"
#include "passes/WeightExpression.h"
#include "passes/causal/KnownRanges.h"
#include "passes/causal/SlidingAxis.h"

namespace quern::passes {
#define GEN_PASS_DEF_CROPFILTERS
#include "passes/Passes.h.inc"

namespace {

/// Places along an axis of a kernel, from `first` to before `end`.
struct Places {
  int64_t first, end;
};

/// `places` without those that are left out at its ends; one stays.
Places trimmed(Places places, llvm::function_ref<bool(int64_t)> isLeftOut) {
  while (places.end > places.first + 1 && isLeftOut(places.end - 1))
    --places.end;
  while (places.first + 1 < places.end && isLeftOut(places.first))
    ++places.first;
  return places;
}

/// The places along `axis` between the first and the last that may hold something.
Places occupied(const RankTensor &nonzero, size_t axis) {
  RankTensor along = nonzero;
  for (size_t other = 0; other < along.shape().size(); ++other)
    if (other != axis)
      along.raiseAlong(static_cast<int64_t>(other));
  return trimmed({0, along.shape()[axis]}, [&](int64_t place) {
    llvm::SmallVector<int64_t> index(along.shape().size(), 0);
    index[axis] = place;
    return along.at(index) == 0;
  });
}

/// Those of `places` along a spatial axis that ever lie on the image.
Places everRead(ir::ConvOp conv, size_t spatial, Places places) {
  SlidingAxis axis = slidingAxis(conv, spatial);
  return trimmed(places, [&](int64_t place) { return !axis.isEverInside(place); });
}

/// The taps up to the last that may hold something, in row-major order, of the part of the kernel
/// that begins at `starts` and has extents `sizes`.
int64_t tapsUpToLast(RankTensor nonzero, llvm::ArrayRef<int64_t> starts,
                     llvm::ArrayRef<int64_t> sizes) {
  nonzero.raiseAlong(0);
  nonzero.raiseAlong(1);
  int64_t tap = 0, end = 1;
  llvm::SmallVector<int64_t> index(starts);
  ir::forEachIndex(sizes.drop_front(2), [&](llvm::ArrayRef<int64_t> place) {
    for (auto [axis, coordinate] : llvm::enumerate(place))
      index[axis + 2] = starts[axis + 2] + coordinate;
    ++tap;
    if (nonzero.at(index) != 0)
      end = tap;
  });
  return end;
}

struct CropFilters : impl::CropFiltersBase<CropFilters> {
  void runOnOperation() override {
    getOperation().walk([](ir::ConvOp conv) {
      if (!conv.getAlgorithm())
        crop(conv, isWeightExpression(conv.getWeight()) ? possiblyNonzero(conv.getWeight())
                                                        : std::nullopt);
    });
  }

private:
  static void crop(ir::ConvOp conv, const std::optional<RankTensor> &nonzero) {
    llvm::ArrayRef<int64_t> shape = ir::tensorType(conv.getWeight()).getShape();
    llvm::SmallVector<int64_t> starts(shape.size(), 0), sizes(shape), low(conv.getPadLow()),
        high(conv.getPadHigh()), ones(sizes.size(), 1);
    for (auto [spatial, dilation] : llvm::enumerate(conv.getDilations())) {
      size_t axis = spatial + 2;
      auto [first, end] =
          everRead(conv, spatial, nonzero ? occupied(*nonzero, axis) : Places{0, sizes[axis]});
      // Padding alone can be taken away: the images stay as they are.
      first = std::min(first, low[spatial] / dilation);
      end = std::max(end, sizes[axis] - high[spatial] / dilation);
      low[spatial] -= first * dilation;
      high[spatial] -= (sizes[axis] - end) * dilation;
      starts[axis] = first;
      sizes[axis] = end - first;
    }
    mlir::OpBuilder builder(conv);
    if (nonzero)
      if (int64_t taps = tapsUpToLast(*nonzero, starts, sizes);
          taps < product(llvm::ArrayRef(sizes).drop_front(2)))
        conv.setTaps(taps);
    if (llvm::ArrayRef(sizes) == shape)
      return;
    conv.getWeightMutable().assign(
        ir::SliceOp::create(builder, conv.getLoc(), conv.getWeight(), starts, sizes, ones));
    conv.setPadLow(low);
    conv.setPadHigh(high);
  }
};

} // namespace
} // namespace quern::passes
