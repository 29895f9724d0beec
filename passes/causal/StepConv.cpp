// Convolutions in step programs. Where the kernel's window lies in states and single boxes, it is a
// row of segments; else, over rows or in groups, a convolution of what is gathered.
#include "ir/SegmentDot.h"
#include "passes/causal/StepOps.h"

namespace quern::passes {

using mlir::Value;

bool StepOps::isStepped(const StepProgram &program, ir::ConvOp conv, size_t spatial) const {
  auto ordered = axes.orderedAxis(conv.getInput(), static_cast<int64_t>(spatial) + 2);
  return ordered && static_cast<int64_t>(*ordered) < program.when().level;
}

void StepOps::writeConv(StepProgram &program, ir::ConvOp conv) {
  llvm::ArrayRef<Tap> taps = reads.taps(conv);
  bool isWindow = conv.getGroups() == 1 && !taps.empty();
  for (size_t spatial = 0; spatial < conv.getKernel().size(); ++spatial)
    isWindow = isWindow && isStepped(program, conv, spatial);
  program.local.map(conv.getResult(),
                    isWindow ? segmentDot(program, conv, taps) : boxConv(program, conv, taps));
}

Value StepOps::segmentDot(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<Tap> taps) {
  mlir::OpBuilder &builder = program.builder;
  OrderedView view = viewOf(conv.getInput(), axes);
  auto distanceOf = [&](const Tap &tap) {
    Distance distance = tap.distance;
    for (size_t j = 0; j < distance.size(); ++j)
      distance[j] += view.distance[j];
    return distance;
  };
  mlir::RankedTensorType type = ir::tensorType(conv.getInput());
  int64_t batch = type.getDimSize(0), channels = type.getDimSize(1);
  llvm::SmallVector<Value> segments;
  for (size_t i = 0; i < taps.size();) {
    Distance first = distanceOf(taps[i]);
    if (boxes.isOwn(program, view.root, first)) {
      segments.push_back(reshaped(builder, program.local.lookup(view.root), {1, batch, channels}));
      ++i;
      continue;
    }
    // Neighbours along the last ordered axis lie side by side.
    int64_t count = 1;
    Distance next = first;
    for (++i, ++next.back();
         i < taps.size() && distanceOf(taps[i]) == next && !boxes.isOwn(program, view.root, next);
         ++i, ++next.back())
      ++count;
    StepPlace place{boxes.programs().state(view.root, axes.of(view.root)), first, count,
                    /*isBox=*/false};
    boxes.programs().touch(place, program.when());
    segments.push_back(program.argument(place, shaped(type, {count, batch, channels})));
  }
  return ir::SegmentDotOp::create(builder, conv.getLoc(), segments,
                                  segmentWeight(program, conv, taps),
                                  ir::tensorType(conv.getResult()).getRank());
}

/// The weights of the kept taps as [taps * channels, outputs].
Value StepOps::segmentWeight(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<Tap> taps) {
  mlir::OpBuilder &builder = program.builder;
  llvm::ArrayRef<int64_t> filter = conv.getFilterShape(), kernel = conv.getKernel();
  llvm::SmallVector<int64_t> permutation, shape(kernel);
  for (size_t spatial = 0; spatial < kernel.size(); ++spatial)
    permutation.push_back(static_cast<int64_t>(spatial) + 2);
  permutation.append({1, 0});
  shape.append({filter[1], filter[0]});
  mlir::RankedTensorType type = ir::tensorType(conv.getWeight());
  Value weight = ir::TransposeOp::create(builder, conv.getLoc(), shaped(type, shape),
                                         boxes.whole(program, conv.getWeight()), permutation);
  int64_t all = type.getNumElements() / filter[0];
  weight = reshaped(builder, weight, {all, filter[0]});
  auto number = [&](const Tap &tap) {
    int64_t flat = 0;
    for (auto [place, extent] : llvm::zip_equal(tap.place, kernel))
      flat = flat * extent + place;
    return flat;
  };
  llvm::SmallVector<Value> parts;
  for (size_t i = 0; i < taps.size();) {
    size_t first = i;
    for (++i; i < taps.size() && number(taps[i]) == number(taps[i - 1]) + 1; ++i)
      ;
    llvm::SmallVector<int64_t> starts{number(taps[first]) * filter[1], 0},
        sizes{static_cast<int64_t>(i - first) * filter[1], filter[0]}, ones{1, 1};
    parts.push_back(sizes[0] == all
                        ? weight
                        : ir::SliceOp::create(builder, conv.getLoc(), weight, starts, sizes, ones));
  }
  return parts.size() == 1 ? parts.front()
                           : ir::ConcatOp::create(builder, conv.getLoc(), parts, 0).getResult();
}

Value StepOps::boxConv(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<Tap> taps) {
  mlir::OpBuilder &builder = program.builder;
  llvm::ArrayRef<int64_t> kernel = conv.getKernel();
  mlir::RankedTensorType type = ir::tensorType(conv.getInput());
  llvm::SmallVector<int64_t> place(kernel.size(), 0);
  // The boxes under the kernel's places along the stepped axes, joined along those.
  std::function<Value(size_t)> gather = [&](size_t spatial) -> Value {
    if (spatial == kernel.size()) {
      Distance distance = boxes.here();
      bool isKept = llvm::any_of(taps, [&](const Tap &tap) {
        for (size_t i = 0; i < kernel.size(); ++i)
          if (isStepped(program, conv, i) && tap.place[i] != place[i])
            return false;
        return true;
      });
      for (size_t i = 0; i < kernel.size(); ++i)
        if (isStepped(program, conv, i))
          distance[*axes.orderedAxis(conv.getInput(), static_cast<int64_t>(i) + 2)] =
              place[i] * conv.getDilations()[i] - conv.getPadLow()[i];
      if (isKept)
        return boxes.box(program, conv.getInput(), distance);
      mlir::RankedTensorType box =
          shaped(type, boxShape(type.getShape(), axes.of(conv.getInput()), program.when().level));
      return ir::ConstantOp::create(
          builder, conv.getLoc(), box,
          mlir::DenseElementsAttr::get(box, builder.getZeroAttr(box.getElementType())));
    }
    if (!isStepped(program, conv, spatial))
      return gather(spatial + 1);
    llvm::SmallVector<Value> parts;
    for (place[spatial] = 0; place[spatial] < kernel[spatial]; ++place[spatial])
      parts.push_back(gather(spatial + 1));
    return parts.size() == 1 ? parts.front()
                             : ir::ConcatOp::create(builder, conv.getLoc(), parts,
                                                    static_cast<int64_t>(spatial) + 2)
                                   .getResult();
  };
  llvm::SmallVector<int64_t> dilations(conv.getDilations()), low(conv.getPadLow()),
      high(conv.getPadHigh());
  for (size_t i = 0; i < kernel.size(); ++i)
    if (isStepped(program, conv, i)) {
      dilations[i] = 1;
      low[i] = high[i] = 0;
    }
  Value window = gather(0);
  return ir::ConvOp::create(builder, conv.getLoc(), window, boxes.whole(program, conv.getWeight()),
                            conv.getStrides(), dilations, low, high, conv.getGroups(),
                            ir::ConvAttr(), mlir::DenseI64ArrayAttr());
}

} // namespace quern::passes
