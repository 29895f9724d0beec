// Fourier transforms: tiles of the input and the filters become spectra, whose products are summed
// over channels frequency by frequency.
#include "codegen/halide/schedules/Fft.h"

#include "codegen/halide/Knobs.h"
#include "codegen/halide/convs/ConvEmitter.h"
#include "codegen/halide/convs/ConvFrame.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Func;

FftPlan planOf(ir::ConvOp op, const CpuTarget &cpu) {
  SpatialConv problem = spatialConvOf(op);
  std::string why;
  if (!fftSupports(problem, &why))
    throw EmitError{op.getLoc(), op.getAlgorithm()->text() + ": " + why};
  llvm::ArrayRef<int64_t> tile = op.getAlgorithm()->getTile();
  return planFft(problem, {tile.rbegin(), tile.rend()}, cpu);
}

class FftEmitter final : public ConvEmitter {
public:
  mlir::RankedTensorType weightType(ir::ConvOp op, const Target &target) const override {
    FftPlan plan = planOf(op, cpuTargetOf(Halide::Target(target.halide)));
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    if (plan.problem.isDepthwise())
      return ir::withLayout(type, {1, 0, 2, 3, 1}, {plan.panelWidth});
    return ir::withLayout(type, {0, 1, 2, 3, 1}, {plan.panelWidth});
  }

  ir::ScheduleAttr schedule(ir::ConvOp op, const CpuTarget &) const override {
    return Knobs(op->getParentOfType<mlir::func::FuncOp>(), ir::ScheduleKind::fft).attribute();
  }

  void emit(ir::ConvOp op, KernelBuilder &builder) const override {
    requireTransformed(op, builder);
    ConvFrame frame(op, /*wantsRows=*/false);
    FftPlan plan = planOf(op, builder.cpu());
    if (ir::tensorType(op.getWeight()) != weightType(op, builder.target()))
      throw EmitError{op.getLoc(), "the spectrum of the filter must be a weight of its own"};
    Func padded = tiledInput(frame, builder);
    FftStages stages = emitFft(plan, padded, *builder.parameter(op.getWeight()));
    builder.defineAnchor(
        {.result = op.getResult(),
         .dims = frame.dims,
         .schedule = [=](Func output) mutable { scheduleFft(plan, stages, padded, output); }},
        [=](const Index &index) { return stages.inverse(frame.place(index)); });
  }
};

const FftEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::fft, emitter);

} // namespace
} // namespace quern::codegen
