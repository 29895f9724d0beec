// What moves elements, and what makes tensors of nothing.
#include "frontend/Primitives.h"

namespace quern::frontend {

static Value param(const PrimitiveCall &call) {
  StringRef name = call.value(0).asString();
  if (name.empty())
    return call.fail<diag::EmptyName>(0);
  return call.elaborator.parameter(
      name, mlir::RankedTensorType::get(call.integers(1), call.value(2).asElementType()),
      call.range);
}

/// One element of a dense constant, or null (reported).
static mlir::Attribute element(const PrimitiveCall &call, const Value &value, mlir::Type type) {
  mlir::Builder &builder = call.elaborator.builder;
  if (llvm::isa<mlir::FloatType>(type) && value.isNumber())
    return builder.getFloatAttr(type, value.asNumber());
  if (type.isInteger(1) && value.isBool())
    return builder.getBoolAttr(value.asBool());
  if (llvm::isa<mlir::IntegerType>(type) && !type.isInteger(1) && value.isNumber() &&
      value.asNumber() == static_cast<double>(static_cast<int64_t>(value.asNumber())))
    return mlir::IntegerAttr::get(
        type, llvm::APInt(type.getIntOrFloatBitWidth(),
                          static_cast<uint64_t>(static_cast<int64_t>(value.asNumber())),
                          /*isSigned=*/true, /*implicitTrunc=*/true));
  call.fail<diag::ScalarMismatch>(0, value.describe(), elementTypeText(type));
  return nullptr;
}

static Value full(const PrimitiveCall &call) {
  mlir::Type elementType = call.value(2).asElementType();
  std::vector<int64_t> shape = call.integers(0);
  if (!call.elaborator.checkSize(shape, call.rangeOf(0)) || !call.elaborator.mayEmit(call.range))
    return Value();
  mlir::Attribute value = element(call, call.value(1), elementType);
  if (!value)
    return Value();
  auto type = mlir::RankedTensorType::get(shape, elementType);
  auto op = ir::ConstantOp::create(call.elaborator.builder, call.elaborator.location(call.range),
                                   type, mlir::DenseElementsAttr::get(type, value));
  return Value::tensor(op.getResult(), call.range);
}

/// Gathers nested lists row by row; every list at one depth must have one length.
static bool flatten(const PrimitiveCall &call, const Value &value, mlir::Type type, size_t depth,
                    llvm::SmallVectorImpl<int64_t> &shape,
                    llvm::SmallVectorImpl<mlir::Attribute> &elements) {
  if (!value.isSequence()) {
    if (depth != shape.size()) {
      call.fail<diag::RaggedConstant>(0);
      return false;
    }
    mlir::Attribute attribute = element(call, value, type);
    if (attribute)
      elements.push_back(attribute);
    return attribute != nullptr;
  }
  auto length = static_cast<int64_t>(value.elements().size());
  if (depth == shape.size() && elements.empty())
    shape.push_back(length);
  if (depth >= shape.size() || shape[depth] != length || length == 0) {
    call.fail<diag::RaggedConstant>(0);
    return false;
  }
  return llvm::all_of(value.elements(), [&](const Value &part) {
    return flatten(call, part, type, depth + 1, shape, elements);
  });
}

static Value constant(const PrimitiveCall &call) {
  mlir::Type elementType = call.value(1).asElementType();
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<mlir::Attribute> elements;
  if (!flatten(call, call.value(0), elementType, 0, shape, elements) ||
      !call.elaborator.mayEmit(call.range))
    return Value();
  auto type = mlir::RankedTensorType::get(shape, elementType);
  auto op = ir::ConstantOp::create(call.elaborator.builder, call.elaborator.location(call.range),
                                   type, mlir::DenseElementsAttr::get(type, elements));
  return Value::tensor(op.getResult(), call.range);
}

static Value iota(const PrimitiveCall &call) {
  if (!call.elaborator.checkSize(call.integers(0), call.rangeOf(0)))
    return Value();
  return call.emit<ir::IotaOp>(call.integers(0), call.integer(1), call.value(2).asElementType());
}

static Value reshape(const PrimitiveCall &call) {
  std::vector<int64_t> shape = call.integers(1);
  int64_t total = call.type(0).getNumElements();
  int64_t known = 1;
  int64_t *open = nullptr;
  for (int64_t &extent : shape) {
    if (extent == -1 && !open)
      open = &extent;
    else if (extent < 1 || llvm::MulOverflow(known, extent, known))
      return call.fail<diag::ReshapeSize>(1, extent);
  }
  if (open ? total % known != 0 : total != known)
    return call.fail<diag::ReshapeCount>(1, call.value(0).text(), total, call.value(1).text());
  if (open)
    *open = total / known;
  if (llvm::ArrayRef<int64_t>(shape) == call.type(0).getShape())
    return call.value(0);
  return call.emit<ir::ReshapeOp>(call.tensor(0), shape);
}

static Value transpose(const PrimitiveCall &call) {
  std::vector<int64_t> order = call.integers(1);
  std::vector<int64_t> sorted = order;
  llvm::sort(sorted);
  bool isPermutation = static_cast<int64_t>(order.size()) == call.type(0).getRank() &&
                       std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  if (!isPermutation)
    return call.fail<diag::NotAPermutation>(1, call.value(0).text());
  return call.emit<ir::TransposeOp>(call.tensor(0), order);
}

static Value concat(const PrimitiveCall &call) {
  const std::vector<Value> &parts = call.value(0).elements();
  // The axis was found in the first part: there is one.
  int64_t axis = call.integer(1);
  mlir::RankedTensorType first = parts.front().tensorType();
  llvm::SmallVector<mlir::Value> operands;
  for (auto [index, part] : llvm::enumerate(parts)) {
    mlir::RankedTensorType type = part.tensorType();
    bool fits =
        type.getRank() == first.getRank() && type.getElementType() == first.getElementType();
    for (int64_t i = 0; fits && i < first.getRank(); ++i)
      fits = i == axis || type.getDimSize(i) == first.getDimSize(i);
    if (!fits) {
      call.elaborator
          .error<diag::ConcatMismatch>(call.rangeOf(0), axis, index, typeText(type),
                                       typeText(first))
          .note<diag::OperandHere>(parts.front().asTensor().definition, typeText(first))
          .note<diag::OperandHere>(part.asTensor().definition, typeText(type));
      return Value();
    }
    operands.push_back(part.asTensor().value);
  }
  if (operands.size() == 1)
    return parts.front();
  return call.emit<ir::ConcatOp>(operands, axis);
}

static Value split(const PrimitiveCall &call) {
  int64_t axis = call.integer(2);
  int64_t extent = call.type(0).getDimSize(axis);
  std::vector<int64_t> sizes = call.integers(1);
  if (call.value(1).isInteger()) {
    int64_t count = call.integer(1);
    if (count < 1 || extent % count != 0)
      return call.fail<diag::SplitCount>(1, axis, call.value(0).text(), count);
    sizes.assign(count, extent / count);
  }
  int64_t sum = 0;
  for (int64_t size : sizes)
    if (size < 1 || llvm::AddOverflow(sum, size, sum))
      return call.fail<diag::SplitSizes>(1, axis, call.value(0).text());
  if (sum != extent)
    return call.fail<diag::SplitSizes>(1, axis, call.value(0).text());
  std::vector<Value> parts;
  llvm::SmallVector<int64_t> starts(call.type(0).getRank(), 0), steps(call.type(0).getRank(), 1);
  llvm::SmallVector<int64_t> extents(call.type(0).getShape());
  for (int64_t size : sizes) {
    extents[axis] = size;
    parts.push_back(call.emit<ir::SliceOp>(call.tensor(0), starts, extents, steps));
    starts[axis] += size;
  }
  return Value::list(std::move(parts));
}

static Value resize(const PrimitiveCall &call) {
  std::optional<ir::ResizeMode> mode = ir::symbolizeResizeMode(call.value(2).asString());
  if (!mode)
    return call.fail<diag::UnknownOption>(2, "mode", call.value(2).asString(),
                                          "nearest, linear, cubic");
  auto coordinates = ir::symbolizeResizeCoordinates(call.value(3).asString());
  if (!coordinates)
    return call.fail<diag::UnknownOption>(3, "coordinates", call.value(3).asString(),
                                          "half_pixel, align_corners, asymmetric");
  return call.emit<ir::ResizeOp>(call.tensor(0), call.integers(1), *mode, *coordinates,
                                 call.value(4).asBool());
}

static Value broadcast(const PrimitiveCall &call) {
  if (!call.elaborator.checkSize(call.integers(1), call.rangeOf(1)))
    return Value();
  return call.emit<ir::BroadcastOp>(call.tensor(0), call.integers(1));
}

static Value slice(const PrimitiveCall &call) {
  return call.emit<ir::SliceOp>(call.tensor(0), call.integers(1), call.integers(2),
                                call.integers(3));
}

static Value pad(const PrimitiveCall &call) {
  return call.emit<ir::PadOp>(call.tensor(0), call.integers(1), call.integers(2),
                              llvm::APFloat(call.value(3).asNumber()));
}

static Value gather(const PrimitiveCall &call) {
  return call.emit<ir::GatherOp>(call.tensor(0), call.tensor(1), call.integer(2));
}

static constexpr Primitive rows[] = {
    {"broadcast", broadcast}, {"concat", concat}, {"constant", constant}, {"full", full},
    {"gather", gather},       {"iota", iota},     {"pad", pad},           {"param", param},
    {"reshape", reshape},     {"resize", resize}, {"slice", slice},       {"split", split},
    {"transpose", transpose},
};

llvm::ArrayRef<Primitive> shapePrimitives() { return rows; }

} // namespace quern::frontend
