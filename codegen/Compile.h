// From kernel functions of the quern dialect to machine code.
#pragma once

#include "codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quern::codegen {

enum class KernelOutput {
  object,   ///< a relocatable object file
  assembly, ///< its assembly, as text
  llvm,     ///< its LLVM IR, as text
  loops,    ///< Halide's lowered loops, as text
};

struct CompileOptions {
  /// Folder of compiled kernels, made if absent; empty: nothing is kept. Its size is bounded.
  std::string cacheDir;
  /// Kernels compiled at once; 0: as many as there are cores.
  unsigned jobs = 0;
  KernelOutput output = KernelOutput::object;
  /// Called after each kernel, from any thread, one at a time: how many are done, of how many.
  std::function<void(size_t done, size_t all)> progress;
};

/// What became of one kernel function. Equal kernels share one symbol and one object.
struct CompiledKernel {
  /// The function in the module, and the C symbol of its code:
  /// `int symbol(void *user_context, halide_buffer_t *…inputs, halide_buffer_t *output)`.
  std::string name;
  std::string symbol;
  /// The object file or the text that was asked for.
  std::shared_ptr<const std::string> bytes;
  /// The most that one task of a parallel loop, and the code outside of them, holds of
  /// halide_malloc memory at once; each allocation counted as runtime::scratchBytesOf its size.
  uint64_t threadScratchBytes = 0;
  uint64_t serialScratchBytes = 0;
  /// Floating-point multiplications of one run, counted in its loops.
  uint64_t multiplications = 0;
  /// Time to compile it; 0 if it came from the cache or is a duplicate.
  double milliseconds = 0;
  bool fromCache = false;
};

/// Gives the weights of convolutions and products the layouts that the target's schedules want, and
/// every kernel its schedule attribute. Types of kernel arguments, model arguments and results of
/// the prepare function change together; a weight that two kernels want differently becomes two.
/// Fails only on a module that breaks the contract of outlined kernels, with an error.
mlir::LogicalResult assignWeightLayouts(mlir::ModuleOp module, const Target &target);

/// Compiles every function marked quern.kernel, in the module's order. Errors are emitted at the
/// kernels' locations; then nothing is returned.
mlir::FailureOr<std::vector<CompiledKernel>>
compileKernels(mlir::ModuleOp module, const Target &target, const CompileOptions &options = {});

/// Objects that programs with kernels for `target` link beside them: Halide's device runtime. Empty
/// for the CPU, whose kernels need nothing but quern's runtime.
mlir::FailureOr<std::string> deviceRuntimeObject(const Target &target, std::string &error);

} // namespace quern::codegen
