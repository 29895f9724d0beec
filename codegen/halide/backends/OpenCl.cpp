#include "codegen/halide/KernelGraph.h"
#include "codegen/halide/backends/Backends.h"
#include "codegen/halide/schedules/Gpu.h"

#include <stdexcept>

namespace quern::codegen {
namespace {

/// Refuses what devices compute only by extensions that few have.
void checkTypes(const KernelGraph &kernel) {
  for (const auto &[type, extents] : kernel.buffers)
    if (type.is_float() && type.bits() == 16)
      throw std::runtime_error(type.is_bfloat()
                                   ? "OpenCL devices have no bf16; compute in f32"
                                   : "OpenCL devices need not have f16; compute in f32");
}

class OpenClBackend final : public Backend {
public:
  llvm::StringRef name() const override { return "opencl"; }
  bool hasDeviceMemory() const override { return true; }
  std::vector<std::string> halideFeatures() const override { return {"opencl", "cl_doubles"}; }
  std::vector<std::string> libraries() const override { return {"OpenCL"}; }
  bool packsWeights() const override { return false; }

  void schedule(KernelGraph &kernel, const Target &) const override {
    checkTypes(kernel);
    std::vector<Halide::Func> stages = kernel.anchor.stages, privates = kernel.anchor.privates;
    if (kernel.core.defined()) {
      // The anchor is stored on its own: its accumulators are a stage as well.
      stages.insert(stages.end(), privates.begin(), privates.end());
      stages.push_back(kernel.core);
      privates.clear();
    }
    scheduleGpu(stages, privates, kernel.output, kernel.outputExtents());
  }
};

} // namespace

const Backend &openClBackend() {
  static const OpenClBackend backend;
  return backend;
}

} // namespace quern::codegen
