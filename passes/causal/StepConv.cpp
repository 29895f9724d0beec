// Convolutions in step programs. Where the kernel's window lies in states and single boxes, it is a
// row of segments; else, over rows or in groups, a convolution of what is gathered.
#include "ir/SegmentDot.h"
#include "passes/causal/OrderedView.h"
#include "passes/causal/ShapeOps.h"
#include "passes/causal/StepOps.h"

namespace quern::passes {

using mlir::Value;

bool StepOps::isStepped(const StepProgram &program, Value input, size_t spatial) const {
  auto ordered = axes.orderedAxis(input, static_cast<int64_t>(spatial) + 2);
  return ordered && static_cast<int64_t>(*ordered) < program.when().level;
}

void StepOps::writeConv(StepProgram &program, ir::ConvOp conv) {
  llvm::ArrayRef<Tap> taps = reads.taps(conv);
  bool isWindow = conv.getGroups() == 1 && !taps.empty();
  for (size_t spatial = 0; spatial < conv.getKernel().size(); ++spatial)
    isWindow = isWindow && isStepped(program, conv.getInput(), spatial);
  program.local.map(conv.getResult(),
                    isWindow ? segmentDot(program, conv, taps) : boxConv(program, conv));
}

Value StepOps::segmentDot(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<Tap> taps) {
  mlir::OpBuilder &builder = program.builder;
  auto rootOf = [&](const Tap &tap) { return viewOf(reads.parts(conv)[tap.part], axes).root; };
  auto distanceOf = [&](const Tap &tap) {
    Distance distance = viewOf(reads.parts(conv)[tap.part], axes).distance;
    for (size_t j = 0; j < distance.size(); ++j)
      distance[j] += tap.distance[j];
    return distance;
  };
  llvm::SmallVector<Value> segments;
  for (size_t i = 0; i < taps.size();) {
    size_t part = taps[i].part;
    Value root = rootOf(taps[i]);
    mlir::RankedTensorType type = ir::tensorType(reads.parts(conv)[part]);
    int64_t batch = type.getDimSize(0), channels = type.getDimSize(1);
    Distance first = distanceOf(taps[i]);
    if (boxes.isOwn(program, root, first)) {
      segments.push_back(reshaped(builder, program.local.lookup(root), {1, batch, channels}));
      ++i;
      continue;
    }
    // Neighbours along the last ordered axis lie side by side.
    size_t last = axes.count() - 1;
    while (axes.of(root)[last] == -1)
      --last;
    StepPlace place = boxes.placeOf(program, root, first);
    place.isBox = false;
    Distance next = first;
    for (++i, ++next[last]; i < taps.size() && taps[i].part == part &&
                            distanceOf(taps[i]) == next && !boxes.isOwn(program, root, next);
         ++i, ++next[last])
      ++place.count;
    boxes.programs().touch(place, program.when());
    segments.push_back(program.argument(place, shaped(type, {place.count, batch, channels})));
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
  int64_t places = type.getNumElements() / (filter[0] * filter[1]);
  weight = reshaped(builder, weight, {places, filter[1], filter[0]});
  auto number = [&](const Tap &tap) {
    int64_t flat = 0;
    for (auto [place, extent] : llvm::zip_equal(tap.place, kernel))
      flat = flat * extent + place;
    return flat;
  };
  llvm::SmallVector<int64_t> firstChannel{0}, ones{1, 1, 1};
  for (Value part : reads.parts(conv))
    firstChannel.push_back(firstChannel.back() + ir::tensorType(part).getDimSize(1));
  llvm::SmallVector<Value> rows;
  for (size_t i = 0; i < taps.size();) {
    size_t first = i;
    for (++i; i < taps.size() && taps[i].part == taps[first].part &&
              number(taps[i]) == number(taps[i - 1]) + 1;
         ++i)
      ;
    int64_t channel = firstChannel[taps[first].part];
    llvm::SmallVector<int64_t> starts{number(taps[first]), channel, 0},
        sizes{static_cast<int64_t>(i - first), firstChannel[taps[first].part + 1] - channel,
              filter[0]};
    Value part = weight;
    if (sizes != llvm::ArrayRef(ir::tensorType(weight).getShape()))
      part = ir::SliceOp::create(builder, conv.getLoc(), weight, starts, sizes, ones);
    rows.push_back(reshaped(builder, part, {sizes[0] * sizes[1], filter[0]}));
  }
  return rows.size() == 1 ? rows.front()
                          : ir::ConcatOp::create(builder, conv.getLoc(), rows, 0).getResult();
}

/// A box of `value` of zeros.
Value StepOps::zeroBox(StepProgram &program, Value value) {
  mlir::RankedTensorType type = ir::tensorType(value);
  type = shaped(type, boxShape(type.getShape(), axes.of(value), program.when().level));
  return ir::ConstantOp::create(
      program.builder, value.getLoc(), type,
      mlir::DenseElementsAttr::get(type, program.builder.getZeroAttr(type.getElementType())));
}

/// What lies under one place of the kernel along the stepped axes; zeros where no tap is kept.
Value StepOps::boxUnder(StepProgram &program, ir::ConvOp conv, llvm::ArrayRef<int64_t> place) {
  mlir::OpBuilder &builder = program.builder;
  Distance distance = boxes.here();
  for (size_t i = 0; i < place.size(); ++i)
    if (isStepped(program, conv.getInput(), i))
      distance[*axes.orderedAxis(conv.getInput(), static_cast<int64_t>(i) + 2)] =
          slidingAxis(conv, i).distance(place[i]);
  llvm::SmallVector<Value> values;
  for (auto [number, part] : llvm::enumerate(reads.parts(conv))) {
    bool isKept = llvm::any_of(reads.taps(conv), [&](const Tap &tap) {
      for (size_t i = 0; i < place.size(); ++i)
        if (isStepped(program, conv.getInput(), i) && tap.place[i] != place[i])
          return false;
      return tap.part == number;
    });
    if (isKept) {
      values.push_back(boxes.box(program, part, distance));
      continue;
    }
    values.push_back(zeroBox(program, part));
  }
  return values.size() == 1 ? values.front()
                            : ir::ConcatOp::create(builder, conv.getLoc(), values, 1).getResult();
}

/// The boxes under the places of a window along the stepped axes, joined along those.
Value StepOps::joinedUnder(StepProgram &program, Value input, llvm::ArrayRef<int64_t> window,
                           llvm::function_ref<Value(llvm::ArrayRef<int64_t>)> under) {
  llvm::SmallVector<int64_t> place(window.size(), 0);
  std::function<Value(size_t)> gather = [&](size_t spatial) -> Value {
    if (spatial == window.size())
      return under(place);
    if (!isStepped(program, input, spatial))
      return gather(spatial + 1);
    llvm::SmallVector<Value> parts;
    for (place[spatial] = 0; place[spatial] < window[spatial]; ++place[spatial])
      parts.push_back(gather(spatial + 1));
    return parts.size() == 1 ? parts.front()
                             : ir::ConcatOp::create(program.builder, input.getLoc(), parts,
                                                    static_cast<int64_t>(spatial) + 2)
                                   .getResult();
  };
  return gather(0);
}

/// A convolution over what is joined.
Value StepOps::boxConv(StepProgram &program, ir::ConvOp conv) {
  llvm::SmallVector<int64_t> strides(conv.getStrides()), dilations(conv.getDilations()),
      low(conv.getPadLow()), high(conv.getPadHigh());
  for (size_t i = 0; i < conv.getKernel().size(); ++i)
    if (isStepped(program, conv.getInput(), i)) {
      strides[i] = dilations[i] = 1;
      low[i] = high[i] = 0;
    }
  Value window =
      joinedUnder(program, conv.getInput(), conv.getKernel(),
                  [&](llvm::ArrayRef<int64_t> place) { return boxUnder(program, conv, place); });
  return ir::ConvOp::create(program.builder, conv.getLoc(), window,
                            boxes.whole(program, conv.getWeight()), strides, dilations, low, high,
                            conv.getGroups(), ir::ConvAttr(), mlir::DenseI64ArrayAttr(),
                            mlir::IntegerAttr());
}

} // namespace quern::passes
