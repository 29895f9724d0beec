#include "codegen/llvm/Weights.h"

#include "codegen/OutputFile.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

#include <cstring>

namespace quern::codegen {

mlir::FailureOr<std::vector<char>> buildWeights(mlir::func::FuncOp prepare,
                                                mlir::func::FuncOp model,
                                                const BufferTable &buffers,
                                                ir::LoadParameter load) {
  std::vector<char> blob(buffers.weightsBytes());
  if (!prepare)
    return blob;
  mlir::FailureOr<llvm::SmallVector<ir::HostTensor>> values = ir::evaluate(prepare, load);
  if (mlir::failed(values))
    return mlir::failure();
  for (mlir::BlockArgument argument : model.getArguments()) {
    auto weight =
        model.getArgAttrOfType<mlir::IntegerAttr>(argument.getArgNumber(), ir::names::weight);
    if (!weight)
      continue;
    mlir::RankedTensorType type = ir::tensorType(argument);
    llvm::MutableArrayRef<char> part(blob.data() + buffers.weightOffset(weight.getInt()),
                                     ir::tensorBytes(type));
    ir::writeInLayout((*values)[weight.getInt()], type, part);
  }
  return blob;
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
