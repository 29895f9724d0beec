#include "codegen/llvm/BufferTable.h"

#include "ir/Layout.h"
#include "ir/SliceView.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace quern::codegen {
namespace {

/// The model output that `value` is, seen through free reshapes of it.
uint32_t outputOf(mlir::Value value) {
  for (mlir::OpOperand &use : value.getUses()) {
    if (llvm::isa<mlir::func::ReturnOp>(use.getOwner()))
      return use.getOperandNumber();
    if (auto reshape = llvm::dyn_cast<ir::ReshapeOp>(use.getOwner())) {
      uint32_t output = outputOf(reshape.getResult());
      if (output != UINT32_MAX)
        return output;
    }
  }
  return UINT32_MAX;
}

} // namespace

quern_dtype dtypeOf(mlir::Type element) {
  if (element.isF32())
    return QUERN_F32;
  if (element.isF64())
    return QUERN_F64;
  if (element.isF16())
    return QUERN_F16;
  if (element.isBF16())
    return QUERN_BF16;
  if (element.isInteger(1))
    return QUERN_BOOL;
  if (element.isUnsignedInteger(8))
    return QUERN_U8;
  if (element.isInteger(8))
    return QUERN_I8;
  if (element.isInteger(16))
    return QUERN_I16;
  if (element.isInteger(32))
    return QUERN_I32;
  assert(element.isInteger(64) && "an element type of the dialect");
  return QUERN_I64;
}

BufferTable::BufferTable(mlir::func::FuncOp model) {
  for (mlir::BlockArgument argument : model.getArguments()) {
    auto weight =
        model.getArgAttrOfType<mlir::IntegerAttr>(argument.getArgNumber(), ir::names::weight);
    addArgument(argument, static_cast<bool>(weight), weight ? weight.getInt() : 0);
  }
  for (mlir::Operation &op : model.front()) {
    if (auto launch = llvm::dyn_cast<ir::LaunchOp>(op)) {
      addLaunch(launch);
    } else if (auto reshape = llvm::dyn_cast<ir::ReshapeOp>(op)) {
      const runtime::BufferEntry &viewed = table[indexOf(reshape.getInput())];
      add(reshape.getResult(), viewed.space, viewed.io, viewed.byteOffset);
    } else if (auto slice = llvm::dyn_cast<ir::SliceOp>(op)) {
      const runtime::BufferEntry &viewed = table[indexOf(slice.getInput())];
      std::optional<int64_t> offset = ir::sliceOffset(slice);
      assert(offset && "other slices are in kernels");
      add(slice.getResult(), viewed.space, viewed.io, viewed.byteOffset + *offset);
    }
  }
}

void BufferTable::addArgument(mlir::BlockArgument argument, bool isWeight, int64_t weight) {
  if (!isWeight)
    return add(argument, runtime::Space::input, inputs++, 0);
  auto type = llvm::cast<mlir::RankedTensorType>(argument.getType());
  auto [offset, isNew] = weightOffsets.try_emplace(weight, weightsEnd);
  if (isNew)
    weightsEnd = llvm::alignTo(weightsEnd + ir::tensorBytes(type), runtime::bufferAlignment);
  add(argument, runtime::Space::weights, 0, offset->second);
}

void BufferTable::addLaunch(ir::LaunchOp launch) {
  assert(launch.getOffsets() && "plan-memory has run");
  for (auto [value, offset] : llvm::zip_equal(launch.getOutputs(), *launch.getOffsets())) {
    if (offset >= 0)
      add(value, runtime::Space::arena, 0, offset);
    else
      add(value, runtime::Space::output, outputOf(value), 0);
  }
}

void BufferTable::add(mlir::Value value, runtime::Space space, uint32_t io, uint64_t byteOffset) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  runtime::BufferEntry entry{};
  entry.space = space;
  entry.dtype = static_cast<uint8_t>(dtypeOf(type.getElementType()));
  entry.io = io;
  entry.byteOffset = byteOffset;
  int32_t stride = 1;
  llvm::SmallVector<ir::PhysicalDim> dims = ir::physicalDims(type);
  for (const ir::PhysicalDim &dim : llvm::reverse(dims)) {
    assert(entry.rank < QUERN_MAX_RANK && "the frontend bounds the rank");
    entry.axes[entry.rank++] = {static_cast<int32_t>(dim.extent), stride};
    stride *= static_cast<int32_t>(dim.extent);
  }
  indices.insert({value, static_cast<int32_t>(table.size())});
  table.push_back(entry);
}

} // namespace quern::codegen
