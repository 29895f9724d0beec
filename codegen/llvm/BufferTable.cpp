#include "codegen/llvm/BufferTable.h"

#include "ir/Layout.h"
#include "ir/SizeLimit.h"
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

/// An entry that lacks the type.
runtime::BufferEntry entryIn(runtime::Space space, uint64_t byteOffset, uint32_t io = 0) {
  runtime::BufferEntry entry{};
  entry.space = space;
  entry.io = io;
  entry.byteOffset = byteOffset;
  return entry;
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

BufferTable::BufferTable(llvm::ArrayRef<mlir::func::FuncOp> functions) {
  for (mlir::func::FuncOp function : functions) {
    uint64_t first = table.size();
    weightOffsets.clear();
    addFunction(function);
    ranges.emplace_back(first, table.size());
  }
}

void BufferTable::addFunction(mlir::func::FuncOp function) {
  for (mlir::BlockArgument argument : function.getArguments())
    addArgument(argument, function.getArgAttrDict(argument.getArgNumber()));
  for (mlir::Operation &op : function.front()) {
    if (auto launch = llvm::dyn_cast<ir::LaunchOp>(op)) {
      addLaunch(launch, function);
    } else if (auto reshape = llvm::dyn_cast<ir::ReshapeOp>(op)) {
      // By value: adding may move the table.
      runtime::BufferEntry viewed = table[static_cast<size_t>(indexOf(reshape.getInput()))];
      add(reshape.getResult(), viewed);
    } else if (auto slice = llvm::dyn_cast<ir::SliceOp>(op)) {
      runtime::BufferEntry viewed = table[static_cast<size_t>(indexOf(slice.getInput()))];
      std::optional<int64_t> offset = ir::sliceOffset(slice);
      assert(offset && "other slices are in kernels");
      viewed.byteOffset += static_cast<uint64_t>(*offset);
      add(slice.getResult(), viewed);
    }
  }
}

void BufferTable::addArgument(mlir::BlockArgument argument, mlir::DictionaryAttr attributes) {
  if (std::optional<ir::Binding> binding = ir::Binding::of(attributes))
    return addBound(argument, *binding);
  auto weight = attributes ? attributes.getAs<mlir::IntegerAttr>(ir::names::weight) : nullptr;
  if (!weight)
    return add(argument, entryIn(runtime::Space::input, 0, inputs++));
  auto type = llvm::cast<mlir::RankedTensorType>(argument.getType());
  auto [offset, isNew] = weightOffsets.try_emplace(weight.getInt(), weightsEnd);
  if (isNew)
    weightsEnd = llvm::alignTo(weightsEnd + ir::tensorBytes(type), runtime::bufferAlignment);
  add(argument, entryIn(runtime::Space::weights, offset->second));
}

void BufferTable::addBound(mlir::Value value, const ir::Binding &binding) {
  runtime::BufferEntry entry = entryIn(runtime::Space::state, static_cast<uint64_t>(binding.offset),
                                       static_cast<uint32_t>(binding.state));
  entry.isFixed = binding.isFixed;
  add(value, entry);
}

void BufferTable::addLaunch(ir::LaunchOp launch, mlir::func::FuncOp function) {
  assert(launch.getOffsets() && "plan-memory has run");
  for (auto [value, offset] : llvm::zip_equal(launch.getOutputs(), *launch.getOffsets())) {
    if (offset >= 0) {
      add(value, entryIn(runtime::Space::arena, static_cast<uint64_t>(offset)));
      continue;
    }
    uint32_t output = outputOf(value);
    if (std::optional<ir::Binding> binding = ir::Binding::of(function.getResultAttrDict(output)))
      addBound(value, *binding);
    else
      add(value, entryIn(runtime::Space::output, 0, output));
  }
}

static_assert(ir::maxDimensions == QUERN_MAX_RANK);

void BufferTable::add(mlir::Value value, runtime::BufferEntry entry) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  entry.dtype = static_cast<uint8_t>(dtypeOf(type.getElementType()));
  entry.rank = 0;
  int32_t stride = 1;
  llvm::SmallVector<ir::PhysicalDim> dims = ir::physicalDims(type);
  for (const ir::PhysicalDim &dim : llvm::reverse(dims)) {
    assert(entry.rank < QUERN_MAX_RANK && "check-sizes bounds the dimensions");
    entry.axes[entry.rank++] = {static_cast<int32_t>(dim.extent), stride};
    stride *= static_cast<int32_t>(dim.extent);
  }
  indices.insert({value, static_cast<int32_t>(table.size())});
  table.push_back(entry);
}

} // namespace quern::codegen
