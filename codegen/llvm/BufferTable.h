// Which buffer every value of a planned model is: in the arena, among the weights, an input or an
// output.
#pragma once

#include "ir/Quern.h"
#include "runtime/ModelImage.h"

#include "llvm/ADT/MapVector.h"

namespace quern::codegen {

/// The buffers of a model function as `passes` leaves it (launches and views).
class BufferTable {
public:
  /// Numbers every value of `model`. Weights are laid out in the order of the model's arguments.
  explicit BufferTable(mlir::func::FuncOp model);

  /// The descriptor's index, which is the driver's buffers[i].
  int32_t indexOf(mlir::Value value) const { return indices.lookup(value); }
  llvm::ArrayRef<runtime::BufferEntry> entries() const { return table; }

  /// Bytes of the weights blob, and where in it the weight of each prepare result begins.
  uint64_t weightsBytes() const { return weightsEnd; }
  uint64_t weightOffset(int64_t prepareResult) const { return weightOffsets.lookup(prepareResult); }

private:
  void addArgument(mlir::BlockArgument argument, bool isWeight, int64_t weight);
  void addLaunch(ir::LaunchOp launch);
  void add(mlir::Value value, runtime::Space space, uint32_t io, uint64_t byteOffset);

  llvm::MapVector<mlir::Value, int32_t> indices;
  std::vector<runtime::BufferEntry> table;
  llvm::DenseMap<int64_t, uint64_t> weightOffsets;
  uint64_t weightsEnd = 0;
  uint32_t inputs = 0;
};

/// The number that stands for an element type in the image.
quern_dtype dtypeOf(mlir::Type element);

} // namespace quern::codegen
