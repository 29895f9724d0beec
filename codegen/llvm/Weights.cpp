#include "codegen/llvm/Weights.h"

#include "codegen/OutputFile.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

#include <cstring>

namespace quern::codegen {

mlir::LogicalResult writeWeights(mlir::func::FuncOp prepare, mlir::func::FuncOp function,
                                 const BufferTable &buffers, ir::LoadParameter load,
                                 llvm::MutableArrayRef<char> blob) {
  if (!prepare)
    return mlir::success();
  mlir::FailureOr<llvm::SmallVector<ir::HostTensor>> values = ir::evaluate(prepare, load);
  if (mlir::failed(values))
    return mlir::failure();
  for (mlir::BlockArgument argument : function.getArguments()) {
    auto weight =
        function.getArgAttrOfType<mlir::IntegerAttr>(argument.getArgNumber(), ir::names::weight);
    if (!weight)
      continue;
    mlir::RankedTensorType type = ir::tensorType(argument);
    ir::writeInLayout((*values)[static_cast<size_t>(weight.getInt())], type,
                      blob.slice(buffers.weightOffset(argument), ir::tensorBytes(type)));
  }
  return mlir::success();
}

llvm::Error writeWeightsFile(llvm::StringRef path, llvm::ArrayRef<char> weights,
                             uint64_t identity) {
  runtime::WeightsFileHeader header{};
  std::memcpy(header.magic, runtime::weightsMagic, sizeof header.magic);
  header.version = runtime::weightsVersion;
  header.dataOffset = runtime::weightsDataAlignment;
  header.identity = identity;
  header.dataBytes = weights.size();
  std::vector<char> head(header.dataOffset);
  std::memcpy(head.data(), &header, sizeof header);
  std::vector<char> tail(runtime::tailPadding);
  return writeOutput(path, {head, weights, tail});
}

} // namespace quern::codegen
