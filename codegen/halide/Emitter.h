// Emitters register themselves by op name: a file in emitters/ is all that an op needs.
#pragma once

#include "codegen/halide/KernelBuilder.h"

namespace quern::codegen {

/// Emits one op: calls builder.define or builder.defineAnchor for its result.
using Emitter = void (*)(mlir::Operation *op, KernelBuilder &builder);

/// The emitter of an op ("quern.conv"), or null.
Emitter findEmitter(llvm::StringRef opName);

/// A static object of this type registers an emitter.
struct EmitterRegistration {
  EmitterRegistration(llvm::StringRef opName, Emitter emitter);
};

/// Registers `emit(Op, KernelBuilder &)` for an op class.
template <typename Op, void (*emit)(Op, KernelBuilder &)> struct EmitterOf : EmitterRegistration {
  EmitterOf()
      : EmitterRegistration(Op::getOperationName(),
                            [](mlir::Operation *op, KernelBuilder &builder) {
                              emit(llvm::cast<Op>(op), builder);
                            }) {}
};

} // namespace quern::codegen
