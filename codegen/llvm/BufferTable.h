// Which buffer every value of a planned model is: in the arena, among the weights, in a state of a
// sequence, an input or an output.
#pragma once

#include "ir/StepAttributes.h"
#include "runtime/ModelImage.h"

#include "llvm/ADT/MapVector.h"

#include <map>

namespace quern::codegen {

/// The buffers of a model's functions as `passes` leaves them (launches and views): of the model,
/// and of its step programs.
class BufferTable {
public:
  /// Numbers every value of each function in turn. Weights are laid out in the order of the
  /// functions' arguments.
  explicit BufferTable(llvm::ArrayRef<mlir::func::FuncOp> functions);

  /// The descriptor's index, which is the driver's buffers[i].
  int32_t indexOf(mlir::Value value) const { return indices.lookup(value); }
  llvm::ArrayRef<runtime::BufferEntry> entries() const { return table; }

  /// The entries of function `function`, by its number: from the first of the pair to the second.
  std::pair<uint64_t, uint64_t> range(size_t function) const { return ranges[function]; }

  /// Bytes of the weights blob, and where in it the weight begins that is an argument.
  uint64_t weightsBytes() const { return weightsEnd; }
  uint64_t weightOffset(mlir::BlockArgument weight) const {
    return table[static_cast<size_t>(indexOf(weight))].byteOffset;
  }

  /// Lets weights of equal bytes be one: those of the model and of its step programs, where these
  /// lay them out alike. `blob` has them all, where the entries say; it gets shorter.
  void shareWeights(std::vector<char> &blob);

private:
  void addFunction(mlir::func::FuncOp function);
  void addArgument(mlir::BlockArgument argument, mlir::DictionaryAttr attributes);
  void addLaunch(ir::LaunchOp launch, mlir::func::FuncOp function);
  void addBound(mlir::Value value, const ir::Binding &binding);
  /// Appends `entry`, whose element type and axes are `value`'s.
  void add(mlir::Value value, runtime::BufferEntry entry);

  llvm::MapVector<mlir::Value, int32_t> indices;
  std::vector<runtime::BufferEntry> table;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  /// Of the function at hand, by prepare result.
  llvm::DenseMap<int64_t, uint64_t> weightOffsets;
  /// Where each weight begins, and its bytes.
  std::map<uint64_t, uint64_t> weightSizes;
  uint64_t weightsEnd = 0;
  uint32_t inputs = 0;
};

/// The number that stands for an element type in the image.
quern_dtype dtypeOf(mlir::Type element);

} // namespace quern::codegen
