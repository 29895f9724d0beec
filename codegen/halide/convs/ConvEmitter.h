// How the code generator carries out one algorithm of convolution. Each is one file in this folder,
// which ends in a ConvEmitterFor object.
#pragma once

#include "codegen/halide/KernelBuilder.h"

namespace quern::codegen {

class ConvEmitter {
public:
  virtual ~ConvEmitter() = default;

  /// How the weight operand should lie in memory, if a kernel may choose.
  virtual mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const = 0;

  /// The family and the numbers of the loops, for the kernel's attribute: those set by hand obeyed,
  /// the others chosen.
  virtual ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &cpu) const = 0;

  /// Defines the op's result as the kernel's anchor. Throws EmitError on what it does not support.
  virtual void emit(ir::ConvOp op, KernelBuilder &builder) const = 0;
};

/// The emitter of the algorithm that `op` names; of direct convolution where it names none.
const ConvEmitter &convEmitterOf(ir::ConvOp op);

/// A static object of this type registers the emitter of an algorithm.
struct ConvEmitterFor {
  ConvEmitterFor(ir::ConvAlgorithm algorithm, const ConvEmitter &emitter);
};

} // namespace quern::codegen
