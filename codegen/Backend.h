// A kind of machine that kernels run on: how they are scheduled, where their buffers live and what
// a program that holds them links. The ops know nothing of it; a new backend is one class and one
// line in backendOf.
#pragma once

#include "codegen/Target.h"

#include <string>
#include <vector>

namespace quern::codegen {

struct KernelGraph;

class Backend {
public:
  virtual ~Backend() = default;

  /// "cpu", "opencl".
  virtual llvm::StringRef name() const = 0;

  /// Whether the kernels' buffers also live in a device's memory, so that the runtime's device
  /// table (quern_model::device) must be linked.
  virtual bool hasDeviceMemory() const = 0;

  /// Halide features of every kernel, in its own spelling ("opencl"), beyond those of the CPU.
  virtual std::vector<std::string> halideFeatures() const = 0;

  /// Libraries that a program with such kernels links, without "-l".
  virtual std::vector<std::string> libraries() const = 0;

  /// Whether constant operands of products and convolutions are stored in panels as the CPU
  /// schedules want them.
  virtual bool packsWeights() const = 0;

  /// Gives every Func of the kernel its loops (codegen/halide/KernelGraph.h).
  virtual void schedule(KernelGraph &kernel, const Target &target) const = 0;
};

/// The backend of `target`.
const Backend &backendOf(const Target &target);

} // namespace quern::codegen
