#include "tests/ops/TensorBytes.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

namespace quern::tests {
namespace {

/// Position, in elements, of a logical index.
int64_t offsetOf(llvm::ArrayRef<ir::PhysicalDim> dims, const reference::Index &index) {
  int64_t offset = 0;
  for (const ir::PhysicalDim &dim : dims) {
    int64_t i = index[static_cast<size_t>(dim.axis)] / dim.count;
    if (dim.within > 0)
      i %= dim.within;
    offset = offset * dim.extent + i;
  }
  return offset;
}

template <typename T> void put(uint8_t *at, T value) { std::memcpy(at, &value, sizeof(T)); }
template <typename T> T get(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

void store(uint8_t *at, mlir::Type type, double value) {
  if (auto real = llvm::dyn_cast<mlir::FloatType>(type)) {
    llvm::APFloat number(value);
    bool lost = false;
    number.convert(real.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lost);
    uint64_t bits = number.bitcastToAPInt().getZExtValue();
    std::memcpy(at, &bits, real.getWidth() / 8);
    return;
  }
  auto bits = static_cast<uint64_t>(static_cast<int64_t>(value));
  std::memcpy(at, &bits, static_cast<size_t>(ir::elementBytes(type)));
}

double load(const uint8_t *at, mlir::Type type) {
  if (auto real = llvm::dyn_cast<mlir::FloatType>(type)) {
    uint64_t bits = 0;
    std::memcpy(&bits, at, real.getWidth() / 8);
    llvm::APFloat number(real.getFloatSemantics(), llvm::APInt(real.getWidth(), bits));
    bool lost = false;
    number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
    return number.convertToDouble();
  }
  auto integer = llvm::cast<mlir::IntegerType>(type);
  switch (integer.getWidth()) {
  case 1:
    return get<uint8_t>(at);
  case 8:
    return integer.isUnsigned() ? get<uint8_t>(at) : get<int8_t>(at);
  case 16:
    return get<int16_t>(at);
  case 32:
    return get<int32_t>(at);
  default:
    return static_cast<double>(get<int64_t>(at));
  }
}

} // namespace

std::string elementName(mlir::Type element) {
  if (element.isUnsignedInteger(8))
    return "u8";
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}

std::vector<uint8_t> toBytes(const reference::Tensor &tensor, mlir::RankedTensorType type) {
  std::vector<uint8_t> bytes(static_cast<size_t>(ir::tensorBytes(type)));
  llvm::SmallVector<ir::PhysicalDim> dims = ir::physicalDims(type);
  int64_t size = ir::elementBytes(type.getElementType());
  reference::forEachIndex(tensor.shape, [&](const reference::Index &index) {
    store(bytes.data() + offsetOf(dims, index) * size, type.getElementType(), tensor.at(index));
  });
  return bytes;
}

reference::Tensor fromBytes(const uint8_t *bytes, mlir::RankedTensorType type) {
  reference::Tensor tensor(reference::Shape(type.getShape().begin(), type.getShape().end()));
  llvm::SmallVector<ir::PhysicalDim> dims = ir::physicalDims(type);
  int64_t size = ir::elementBytes(type.getElementType());
  reference::forEachIndex(tensor.shape, [&](const reference::Index &index) {
    tensor.at(index) = load(bytes + offsetOf(dims, index) * size, type.getElementType());
  });
  return tensor;
}

} // namespace quern::tests
