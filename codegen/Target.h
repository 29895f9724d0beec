// The machine that a model is compiled for, in plain data: what the driver, the linker and the
// model image need to know of it. Nothing here is read off the machine that compiles, except under
// the name "host".
#pragma once

#include "runtime/ModelImage.h"

#include "mlir/Support/LLVM.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::codegen {

struct Target {
  /// As the user named it: "host", "x86-64-v3", "host-opencl".
  std::string name;
  /// The same in Halide's words, without the features that only concern how kernels are called.
  std::string halide;
  /// For LLVM, to compile the driver: triple and "+avx2,+fma,…".
  std::string triple;
  std::string features;

  runtime::Arch arch = runtime::Arch::x86_64;
  runtime::DeviceKind device = runtime::DeviceKind::none;
  /// Bits of runtime::X86Feature that the kernels need.
  uint64_t cpuFeatures = 0;

  /// f32 lanes of a vector register, vector registers, and caches of one core in bytes.
  int lanes = 4;
  int registers = 16;
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 512 * 1024;

  bool onDevice() const { return device != runtime::DeviceKind::none; }
};

/// The target of that name, or failure with `error` set to one line that lists the known names.
mlir::FailureOr<Target> parseTarget(llvm::StringRef name, std::string &error);

/// All names that parseTarget knows, the CPU ones first.
std::vector<std::string> knownTargets();

} // namespace quern::codegen
