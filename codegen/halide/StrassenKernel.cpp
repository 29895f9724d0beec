#include "codegen/halide/StrassenKernel.h"

#include "codegen/halide/ConvPlan.h"
#include "ir/Infer.h"
#include "ir/Layout.h"

namespace quern::codegen {

using Halide::Expr;

StrassenPlan tunedStrassen(const ConvProblem &problem, ir::ConvAttr algorithm, const CpuTarget &cpu,
                           Knobs &knobs) {
  auto form = algorithm.getAlgorithm() == ir::ConvAlgorithm::strassen ? ir::BlockProduct::strassen
                                                                      : ir::BlockProduct::winograd;
  int64_t levels = algorithm.getTile()[0];
  RegisterTile tile = planStrassen(problem, form, levels, cpu).product.tile;
  tuneTile(tile, knobs);
  StrassenPlan plan = planStrassen(problem, form, levels, cpu, tile);
  tuneBlocks(plan.product, knobs);
  return plan;
}

mlir::RankedTensorType strassenWeightType(mlir::Value weight, const StrassenPlan &plan) {
  return ir::withLayout(ir::rowMajor(ir::tensorType(weight)), {0, 1, 3, 2, 1},
                        {plan.product.panelWidth});
}

StrassenStages strassenStages(const StrassenPlan &plan, const Halide::Func &padded,
                              const PackedWeights &weights) {
  Expr kernelX = constantIndex(plan.problem.kernelX);
  return emitStrassen(
      plan, padded,
      [&](const Expr &output, const Expr &input, const Expr &kx, const Expr &ky,
          const Expr &product) { return weights.at({product, output, input, ky * kernelX + kx}); });
}

} // namespace quern::codegen
