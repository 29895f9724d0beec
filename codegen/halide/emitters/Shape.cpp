#include "codegen/halide/Emitter.h"
#include "ir/Infer.h"

namespace quern::codegen {
namespace {

using Halide::cast;
using Halide::Expr;

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return ir::tensorType(value).getShape(); }

/// The index in `from` of the element that is at `index` in `to`, both in row-major order. Runs of
/// axes with equal products are converted apart, so that what a reshape leaves alone costs nothing.
Index reshapedIndex(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to, const Index &index) {
  Index result(from.size(), Expr(0));
  size_t f = 0, t = 0;
  while (f < from.size() || t < to.size()) {
    size_t fromBegin = f, toBegin = t;
    int64_t a = f < from.size() ? from[f++] : 1, b = t < to.size() ? to[t++] : 1;
    while (a != b)
      if (a < b)
        a *= from[f++];
      else
        b *= to[t++];
    if (f - fromBegin == 1 && t - toBegin == 1) {
      result[fromBegin] = index[toBegin];
      continue;
    }
    Expr linear = 0;
    for (size_t i = toBegin; i < t; ++i)
      linear = linear * constantIndex(to[i]) + index[i];
    // Outermost first, without a remainder: the index is in range.
    for (size_t i = f; i-- > fromBegin;) {
      result[i] = i == fromBegin ? linear : linear % constantIndex(from[i]);
      linear = linear / constantIndex(from[i]);
    }
  }
  return result;
}

void emitReshape(ir::ReshapeOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    return builder.at(op.getInput(),
                      reshapedIndex(shapeOf(op.getInput()), shapeOf(op.getResult()), index));
  });
}

void emitTranspose(ir::TransposeOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    Index source(index.size());
    for (auto [axis, from] : llvm::enumerate(op.getPermutation()))
      source[static_cast<size_t>(from)] = index[axis];
    return builder.at(op.getInput(), source);
  });
}

void emitBroadcast(ir::BroadcastOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    llvm::ArrayRef<int64_t> shape = shapeOf(op.getInput());
    Index source(index.end() - static_cast<ptrdiff_t>(shape.size()), index.end());
    for (auto [axis, extent] : llvm::enumerate(shape))
      if (extent == 1)
        source[axis] = 0;
    return builder.at(op.getInput(), source);
  });
}

void emitSlice(ir::SliceOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    Index source;
    for (auto [i, start, stride] : llvm::zip_equal(index, op.getStarts(), op.getStrides()))
      source.push_back(i * constantIndex(stride) + constantIndex(start));
    return builder.at(op.getInput(), source);
  });
}

/// A choice among the operands by the index along the axis; each is read inside its own extent.
void emitConcat(ir::ConcatOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    auto axis = static_cast<size_t>(op.getAxis());
    Expr result;
    int64_t end = shapeOf(op.getResult())[axis];
    for (mlir::Value input : llvm::reverse(op.getInputs())) {
      int64_t extent = shapeOf(input)[axis], begin = end - extent;
      Index source = index;
      source[axis] =
          Halide::clamp(index[axis] - constantIndex(begin), 0, constantIndex(extent - 1));
      Expr value = builder.at(input, source);
      result = result.defined() ? Halide::select(index[axis] < constantIndex(end), value, result)
                                : value;
      end = begin;
    }
    return result;
  });
}

void emitPad(ir::PadOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    Index source = index;
    llvm::SmallVector<int64_t> padded;
    for (auto [axis, low, high] : llvm::enumerate(op.getLow(), op.getHigh())) {
      source[axis] = index[axis] - constantIndex(low);
      if (low > 0 || high > 0)
        padded.push_back(static_cast<int64_t>(axis));
    }
    Halide::Type type = computeType(ir::tensorType(op.getInput()).getElementType());
    return builder.atOr(op.getInput(), source, padded,
                        cast(type, Expr(op.getValue().convertToDouble())));
  });
}

/// Indices outside the axis are clamped.
void emitGather(ir::GatherOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=, &builder](const Index &index) mutable {
    auto axis = static_cast<ptrdiff_t>(op.getAxis());
    ptrdiff_t count = ir::tensorType(op.getIndices()).getRank();
    Index where(index.begin() + axis, index.begin() + axis + count);
    Expr position = builder.at(op.getIndices(), where);
    Halide::Type type = position.type();
    Expr last =
        Halide::Internal::make_const(type, shapeOf(op.getInput())[static_cast<size_t>(axis)] - 1);
    Index source(index.begin(), index.begin() + axis);
    source.push_back(Halide::unsafe_promise_clamped(
        cast<int>(Halide::clamp(position, Halide::Internal::make_zero(type), last)), 0,
        cast<int>(last)));
    source.insert(source.end(), index.begin() + axis + count, index.end());
    return builder.at(op.getInput(), source);
  });
}

void emitIota(ir::IotaOp op, KernelBuilder &builder) {
  builder.define(op.getResult(), [=](const Index &index) mutable {
    return index[static_cast<size_t>(op.getAxis())];
  });
}

template <typename T>
Expr constantOf(mlir::DenseElementsAttr value, Halide::Type type, const Index &index) {
  auto scalar = [&](const auto &element) {
    if constexpr (std::is_same_v<T, llvm::APFloat>) {
      llvm::APFloat wide = element;
      bool lost = false;
      wide.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
      return wide.convertToDouble();
    } else {
      return type.is_uint() ? static_cast<int64_t>(element.getZExtValue()) : element.getSExtValue();
    }
  };
  if (value.isSplat())
    return Halide::Internal::make_const(type, scalar(value.getSplatValue<T>()));
  // A table inside the kernel.
  std::vector<int> extents;
  for (int64_t extent : llvm::reverse(value.getType().getShape()))
    extents.push_back(static_cast<int>(extent));
  using Wide = std::conditional_t<std::is_same_v<T, llvm::APFloat>, double, int64_t>;
  Halide::Buffer<Wide> table(extents);
  Wide *out = table.begin();
  for (const T &element : value.getValues<T>())
    *out++ = scalar(element);
  return cast(type, table(std::vector<Expr>(index.rbegin(), index.rend())));
}

void emitConstant(ir::ConstantOp op, KernelBuilder &builder) {
  auto value = llvm::dyn_cast<mlir::DenseElementsAttr>(op.getValue());
  if (!value)
    throw EmitError{op.getLoc(), "a constant of this form cannot be compiled into a kernel"};
  Halide::Type type = halideType(value.getElementType());
  builder.define(op.getResult(), [=](const Index &index) {
    return type.is_float() ? constantOf<llvm::APFloat>(value, type, index)
                           : constantOf<llvm::APInt>(value, type, index);
  });
}

const EmitterOf<ir::ReshapeOp, emitReshape> registerReshape;
const EmitterOf<ir::TransposeOp, emitTranspose> registerTranspose;
const EmitterOf<ir::BroadcastOp, emitBroadcast> registerBroadcast;
const EmitterOf<ir::SliceOp, emitSlice> registerSlice;
const EmitterOf<ir::ConcatOp, emitConcat> registerConcat;
const EmitterOf<ir::PadOp, emitPad> registerPad;
const EmitterOf<ir::GatherOp, emitGather> registerGather;
const EmitterOf<ir::IotaOp, emitIota> registerIota;
const EmitterOf<ir::ConstantOp, emitConstant> registerConstant;

} // namespace
} // namespace quern::codegen
