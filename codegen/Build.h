// From a planned module (see passes/README.md for its form) to the file that the user asked for.
#pragma once

#include "codegen/EmitKind.h"
#include "codegen/Target.h"
#include "ir/Evaluate.h"

#include <functional>

namespace quern::codegen {

/// Memory that kernels hold while they run.
struct Scratch {
  uint64_t threadBytes = 0; ///< that each thread holds
  uint64_t serialBytes = 0; ///< that is held once

  int64_t bytesOn(unsigned threads) const {
    return static_cast<int64_t>(serialBytes + threads * threadBytes);
  }
};

/// What was built of one kernel function.
struct KernelFacts {
  std::string name;
  Scratch scratch{};
  uint64_t multiplications = 0; ///< floating-point ones of a call, counted in its loops
  double milliseconds = 0;      ///< to compile; 0 from the cache
};

struct BuildOptions {
  EmitKind emit = EmitKind::executable;
  /// The file to write; libraries and objects get headersOf() beside it.
  std::string output;
  /// Folder of compiled kernels by content; empty for none.
  std::string cacheFolder;
  /// Kernels that are compiled at once; 0 for one each processor.
  int jobs = 0;
  /// Weights go to OUTPUT.weights instead of into the output.
  bool hasWeightsFile = false;
  /// Folder of the runtime's libraries, and of quern.h.
  std::string libraryFolder;
  std::string includeFolder;
  /// Brings the parameters' tensors.
  std::function<mlir::FailureOr<ir::HostTensor>(ir::ParameterOp)> load;
  /// Told of each step as it begins ("compiling kernels"), and of parts done within it.
  std::function<void(llvm::StringRef step, int done, int total)> progress;
  /// Asked once the kernels are compiled, before anything is written; who says no knows why.
  std::function<bool(llvm::ArrayRef<KernelFacts> facts)> accepts;
};

/// What was built, for people and for the demo's report.
struct BuildReport {
  int launches = 0;
  int kernels = 0;
  int kernelsFromCache = 0;
  double kernelSeconds = 0;
  int64_t arenaBytes = 0;
  int64_t weightsBytes = 0;
  Scratch scratch{};
  int64_t outputBytes = 0;
  std::vector<KernelFacts> facts{}; ///< of every kernel function, in the module's order
};

/// Assigns weight layouts, compiles the kernels, builds driver, image and weights, and links. On
/// failure the reason is a diagnostic of `module`'s context, unless it is that the kernels were not
/// accepted, and no output is left behind.
mlir::FailureOr<BuildReport> build(mlir::ModuleOp module, const Target &target,
                                   const BuildOptions &options);

} // namespace quern::codegen
