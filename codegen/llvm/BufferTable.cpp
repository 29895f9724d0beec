#include "codegen/llvm/BufferTable.h"

#include "ir/Layout.h"
#include "ir/SizeLimit.h"
#include "ir/SliceView.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

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
  for (mlir::Operation &op : function.getOps()) {
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
  auto weight = attributes ? attributes.getAs<mlir::IntegerAttr>(ir::names::weight) : nullptr;
  if (std::optional<ir::Binding> binding = ir::Binding::of(attributes); binding && !weight)
    return addBound(argument, *binding);
  if (!weight)
    return add(argument, entryIn(runtime::Space::input, 0, inputs++));
  auto type = llvm::cast<mlir::RankedTensorType>(argument.getType());
  auto [offset, isNew] = weightOffsets.try_emplace(weight.getInt(), weightsEnd);
  if (isNew) {
    auto bytes = static_cast<uint64_t>(ir::tensorBytes(type));
    weightSizes[weightsEnd] = bytes;
    weightsEnd = llvm::alignTo(weightsEnd + bytes, runtime::bufferAlignment);
  }
  add(argument, entryIn(runtime::Space::weights, offset->second));
}

void BufferTable::shareWeights(std::vector<char> &blob) {
  // By content, for as long as the blob is in the making: old place, new place.
  std::map<uint64_t, uint64_t> moved;
  std::multimap<uint64_t, uint64_t> byHash;
  std::map<uint64_t, uint64_t> kept;
  uint64_t end = 0;
  for (auto [from, bytes] : weightSizes) {
    uint64_t hash = runtime::hashBytes(blob.data() + from, bytes);
    auto [first, last] = byHash.equal_range(hash);
    auto equal = std::find_if(first, last, [&](const auto &known) {
      return kept.at(known.second) == bytes &&
             std::memcmp(blob.data() + known.second, blob.data() + from, bytes) == 0;
    });
    if (equal != last) {
      moved[from] = equal->second;
      continue;
    }
    std::memmove(blob.data() + end, blob.data() + from, bytes);
    moved[from] = end;
    byHash.emplace(hash, end);
    kept[end] = bytes;
    uint64_t next = llvm::alignTo(end + bytes, runtime::bufferAlignment);
    std::memset(blob.data() + end + bytes, 0, next - end - bytes);
    end = next;
  }
  for (runtime::BufferEntry &entry : table)
    if (entry.space == runtime::Space::weights) {
      // A part of a weight begins within it.
      auto weight = std::prev(moved.upper_bound(entry.byteOffset));
      entry.byteOffset += weight->second - weight->first;
    }
  weightSizes = std::move(kept);
  weightsEnd = end;
  blob.resize(end);
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
