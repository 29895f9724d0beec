#include "ir/HostTensor.h"

#include "ir/Layout.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>
#include <type_traits>

namespace quern::ir {
namespace {

/// Calls `f` with a value of the C++ type that stores `element`; half precisions pass as
/// llvm::APFloat's bits.
template <typename F> void withStorage(mlir::Type element, F f) {
  if (element.isF32())
    return f(float());
  if (element.isF64())
    return f(double());
  if (element.isInteger(64))
    return f(int64_t());
  if (element.isInteger(32))
    return f(int32_t());
  if (element.isInteger(16))
    return f(int16_t());
  if (element.isUnsignedInteger(8) || element.isInteger(1))
    return f(uint8_t());
  assert(element.isInteger(8) && "an element type of the dialect");
  f(int8_t());
}

const llvm::fltSemantics *halfSemantics(mlir::Type element) {
  return element.isF16()    ? &llvm::APFloat::IEEEhalf()
         : element.isBF16() ? &llvm::APFloat::BFloat()
                            : nullptr;
}

double fromHalf(const llvm::fltSemantics &semantics, const char *at) {
  uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool loses;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &loses);
  return value.convertToDouble();
}

void toHalf(const llvm::fltSemantics &semantics, double number, char *at) {
  llvm::APFloat value(number);
  bool loses;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &loses);
  auto bits = static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
  std::memcpy(at, &bits, sizeof bits);
}

/// Truncation that is defined for every double: NaN is 0, the rest saturates before it wraps.
int64_t truncate(double number) {
  constexpr double limit = 9223372036854775808.0;
  if (!(number > -limit))
    return number <= -limit ? INT64_MIN : 0;
  return number >= limit ? INT64_MAX : static_cast<int64_t>(number);
}

} // namespace

HostTensor HostTensor::allocate(mlir::RankedTensorType type) {
  assert(type == rowMajor(type));
  auto memory = std::make_shared<std::vector<char>>(tensorBytes(type));
  HostTensor tensor = borrow(type, *memory, memory);
  tensor.isOwn = true;
  return tensor;
}

HostTensor HostTensor::borrow(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                              std::shared_ptr<const void> owner) {
  assert(static_cast<int64_t>(bytes.size()) == tensorBytes(type));
  HostTensor tensor;
  tensor.tensorType = type;
  tensor.data = bytes;
  tensor.owner = std::move(owner);
  return tensor;
}

HostTensor HostTensor::fromAttribute(mlir::ElementsAttr value) {
  HostTensor tensor = allocate(llvm::cast<mlir::RankedTensorType>(value.getType()));
  auto ofFloat = [](llvm::APFloat element) {
    bool loses;
    element.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &loses);
    return element.convertToDouble();
  };
  auto ofInteger = [&](const llvm::APInt &element) {
    bool isSigned = element.getBitWidth() > 1 && !value.getElementType().isUnsignedInteger();
    return static_cast<double>(isSigned ? element.getSExtValue()
                                        : static_cast<int64_t>(element.getZExtValue()));
  };
  bool isFloat = llvm::isa<mlir::FloatType>(value.getElementType());
  llvm::SmallVector<double> row;
  if (value.isSplat())
    row.assign(static_cast<size_t>(value.getNumElements()),
               isFloat ? ofFloat(value.getSplatValue<llvm::APFloat>())
                       : ofInteger(value.getSplatValue<llvm::APInt>()));
  else if (isFloat)
    llvm::append_range(row, llvm::map_range(value.getValues<llvm::APFloat>(), ofFloat));
  else
    llvm::append_range(row, llvm::map_range(value.getValues<llvm::APInt>(), ofInteger));
  tensor.storeRow(0, row);
  return tensor;
}

llvm::MutableArrayRef<char> HostTensor::mutableBytes() {
  assert(isOwn);
  return {const_cast<char *>(data.data()), data.size()};
}

HostTensor HostTensor::reshaped(mlir::RankedTensorType type) const {
  HostTensor result = *this;
  result.tensorType = type;
  assert(static_cast<int64_t>(data.size()) == tensorBytes(type));
  return result;
}

void HostTensor::loadRow(int64_t start, int64_t stride, llvm::MutableArrayRef<double> row) const {
  mlir::Type element = tensorType.getElementType();
  if (const llvm::fltSemantics *semantics = halfSemantics(element)) {
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = fromHalf(*semantics, data.data() + 2 * (start + static_cast<int64_t>(i) * stride));
    return;
  }
  withStorage(element, [&]<typename T>(T) {
    const T *from = reinterpret_cast<const T *>(data.data()) + start;
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = static_cast<double>(from[static_cast<int64_t>(i) * stride]);
  });
}

void HostTensor::storeRow(int64_t start, llvm::ArrayRef<double> row) {
  mlir::Type element = tensorType.getElementType();
  if (const llvm::fltSemantics *semantics = halfSemantics(element)) {
    for (size_t i = 0; i < row.size(); ++i)
      toHalf(*semantics, row[i], mutableBytes().data() + 2 * (start + static_cast<int64_t>(i)));
    return;
  }
  withStorage(element, [&, isBool = element.isInteger(1)]<typename T>(T) {
    T *to = reinterpret_cast<T *>(mutableBytes().data()) + start;
    for (size_t i = 0; i < row.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>)
        to[i] = static_cast<T>(row[i]);
      else
        to[i] = static_cast<T>(isBool ? row[i] != 0 : truncate(row[i]));
    }
  });
}

llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> result(shape.size());
  int64_t step = 1;
  for (size_t axis = shape.size(); axis-- > 0; step *= shape[axis])
    result[axis] = step;
  return result;
}

void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit) {
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  for (;;) {
    visit(index);
    size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1])
      index[--axis] = 0;
    if (axis == 0)
      return;
  }
}

namespace {

/// Copies `count` elements of `bytes` each that lie `step` bytes apart.
void gather(char *to, const char *from, int64_t step, int64_t count, int64_t bytes) {
  auto copy = [&](auto size) {
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(to + i * size, from + i * step, size);
  };
  // Four bytes are most of what there is, and a move where their number is known.
  if (bytes == 4)
    copy(std::integral_constant<int64_t, 4>());
  else
    copy(bytes);
}

} // namespace

void writeInLayout(const HostTensor &tensor, mlir::RankedTensorType type,
                   llvm::MutableArrayRef<char> out) {
  assert(tensor.type() == rowMajor(type));
  assert(static_cast<int64_t>(out.size()) == tensorBytes(type));
  if (type == rowMajor(type)) {
    llvm::copy(tensor.bytes(), out.begin());
    return;
  }
  int64_t bytes = elementBytes(type.getElementType());
  llvm::SmallVector<int64_t> strides = rowMajorStrides(type.getShape());
  llvm::SmallVector<PhysicalDim> dims = physicalDims(type);
  llvm::SmallVector<int64_t> extents;
  for (const PhysicalDim &dim : llvm::ArrayRef(dims).drop_back())
    extents.push_back(dim.extent);
  const PhysicalDim &last = dims.back();
  int64_t step = strides[last.axis] * bytes, offset = 0;
  llvm::SmallVector<int64_t> logical(type.getRank());
  forEachIndex(extents, [&](llvm::ArrayRef<int64_t> index) {
    llvm::fill(logical, 0);
    for (auto [dim, i] : llvm::zip(dims, index))
      logical[dim.axis] += i * dim.count;
    bool isPadding = false;
    int64_t from = 0;
    for (size_t axis = 0; axis < logical.size(); ++axis) {
      isPadding |= logical[axis] >= type.getDimSize(axis);
      from += logical[axis] * strides[axis];
    }
    int64_t inside =
        isPadding ? 0 : std::min(last.extent, type.getDimSize(last.axis) - logical[last.axis]);
    char *to = out.data() + offset;
    const char *source = tensor.bytes().data() + from * bytes;
    gather(to, source, step, inside, bytes);
    std::memset(to + inside * bytes, 0, (last.extent - inside) * bytes);
    offset += last.extent * bytes;
  });
}

} // namespace quern::ir
