#pragma once

#include "bench/kernels/LayerPipeline.h"

#include <HalideRuntime.h>

#include <span>
#include <string>

namespace quern::bench {

/// A pipeline compiled ahead of time as a model's kernels are, and loaded into this program.
class CompiledKernel {
public:
  /// Compiles for `target`; throws std::runtime_error when that or the system's linker fails.
  /// A non-empty `assemblyPath` receives the assembly.
  CompiledKernel(LayerPipeline &pipeline, const std::string &target,
                 const std::string &assemblyPath);
  CompiledKernel(const CompiledKernel &) = delete;
  CompiledKernel &operator=(const CompiledKernel &) = delete;
  ~CompiledKernel();

  /// Runs it on the arguments in order, the output last; returns the kernel's code.
  int run(std::span<halide_buffer_t *> buffers) const;
  double compileSeconds() const { return seconds; }

private:
  void *library = nullptr;
  int (*entry)(void **) = nullptr;
  double seconds = 0;
};

} // namespace quern::bench
