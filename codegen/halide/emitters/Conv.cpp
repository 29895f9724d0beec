// Convolution: its algorithms are in convs/.
#include "codegen/halide/Emitter.h"
#include "codegen/halide/convs/ConvEmitter.h"

namespace quern::codegen {
namespace {

void emitConv(ir::ConvOp op, KernelBuilder &builder) { convEmitterOf(op).emit(op, builder); }

const EmitterOf<ir::ConvOp, emitConv> registerConv;

} // namespace
} // namespace quern::codegen
