#include "codegen/halide/KernelGraph.h"
#include "codegen/halide/backends/Backends.h"
#include "codegen/halide/schedules/Elementwise.h"

namespace quern::codegen {
namespace {

class CpuBackend final : public Backend {
public:
  llvm::StringRef name() const override { return "cpu"; }
  bool hasDeviceMemory() const override { return false; }
  std::vector<std::string> halideFeatures() const override { return {}; }
  std::vector<std::string> libraries() const override { return {}; }
  bool packsWeights() const override { return true; }

  void schedule(KernelGraph &kernel, const Target &target) const override {
    CpuTarget cpu = cpuTargetOf(Halide::Target(target.halide));
    if (kernel.core.defined()) {
      if (!kernel.coreIsOutput)
        kernel.core.compute_root();
      kernel.anchor.schedule(kernel.core);
    }
    if (kernel.coreIsOutput)
      return;
    if (kernel.transposed.defined())
      scheduleTranspose(kernel.transposed, kernel.output, kernel.outputExtents(),
                        kernel.transposedDim, cpu);
    else
      scheduleElementwise(kernel.output, kernel.outputExtents(), cpu, kernel.flopsPerElement);
  }
};

} // namespace

const Backend &cpuBackend() {
  static const CpuBackend backend;
  return backend;
}

} // namespace quern::codegen
