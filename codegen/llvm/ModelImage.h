// Writes the read-only description of a model that the runtime reads (runtime/ModelImage.h).
#pragma once

#include "codegen/llvm/BufferTable.h"
#include "codegen/llvm/CompiledFunction.h"

#include <string>
#include <vector>

namespace quern::codegen {

/// What the image tells beyond the module itself.
struct ImageFacts {
  std::string targetName;
  runtime::Arch arch = runtime::Arch::any;
  runtime::DeviceKind device = runtime::DeviceKind::none;
  /// Bits of runtime::X86Feature.
  uint64_t cpuFeatures = 0;
  /// Scratch that the kernels need, see runtime::ImageHeader.
  uint64_t threadScratchBytes = 0;
  uint64_t serialScratchBytes = 0;
  /// Default name of the side file; empty when the weights are embedded.
  std::string weightsFile;
  /// A hash of the weights blob.
  uint64_t weightsHash = 0;
};

/// One step as people read it: "conv 3x3 + relu 64x56x56", the flops and the bytes it moves.
struct StepFacts {
  std::string name;
  std::string label;    ///< "layer1.0.conv1", or ""
  std::string location; ///< "net.qn:12:5", or ""
  uint64_t flops = 0;
  uint64_t bytes = 0;
};

/// Describes the kernel that `launch` runs.
StepFacts describeStep(ir::LaunchOp launch);

/// What a sequence of the model keeps, by the step programs in its module; nothing without. Where
/// weights lie is not told.
std::vector<runtime::StateEntry> describeStates(mlir::func::FuncOp model);

/// The image's bytes for the model, the first of `functions`, with its step programs.
std::vector<char> buildImage(llvm::ArrayRef<CompiledFunction> functions, const BufferTable &buffers,
                             const ImageFacts &facts);

/// The identity that buildImage gave; a side file of weights carries the same.
uint64_t imageIdentity(llvm::ArrayRef<char> image);

} // namespace quern::codegen
