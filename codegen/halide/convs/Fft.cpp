// Fourier transforms: tiles of the input and the filters become spectra, whose products are summed
// over channels frequency by frequency.
#include "codegen/halide/schedules/Fft.h"

#include "codegen/halide/convs/PlannedConvEmitter.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {
namespace {

using Halide::Func;

class FftEmitter final : public PlannedConvEmitter<FftPlan> {
public:
  FftEmitter() : PlannedConvEmitter(ir::ScheduleKind::fft, /*wantsRows=*/false) {}

private:
  FftPlan plan(ir::ConvOp op, const CpuTarget &cpu, Knobs & /*none*/) const override {
    llvm::ArrayRef<int64_t> tile = op.getAlgorithm()->getTile();
    return planFft(spatialConvOf(op), {tile.rbegin(), tile.rend()}, cpu);
  }

  mlir::RankedTensorType weightType(ir::ConvOp op, const FftPlan &plan) const override {
    mlir::RankedTensorType type = ir::rowMajor(ir::tensorType(op.getWeight()));
    if (plan.problem.isDepthwise())
      return ir::withLayout(type, {1, 0, 2, 3, 1}, {plan.panelWidth});
    return ir::withLayout(type, {0, 1, 2, 3, 1}, {plan.panelWidth});
  }

  ConvLoops write(const FftPlan &plan, const ConvFrame &frame, const KernelBuilder &builder,
                  const PackedWeights &weights) const override {
    if (weights.isCopied())
      throw EmitError{frame.op.getLoc(), "the spectrum of the filter must be a weight of its own"};
    Func padded = tiledInput(frame, builder);
    FftStages stages = emitFft(plan, padded, *builder.parameter(frame.op.getWeight()));
    return {stages.inverse,
            [=](Func output) mutable { scheduleFft(plan, stages, padded, output); }};
  }
};

const FftEmitter emitter;
const ConvEmitterFor registration(ir::ConvAlgorithm::fft, emitter);

} // namespace
} // namespace quern::codegen
