// Convolution as a product of blocks by Strassen: blocks of the image's positions and channels are
// added and subtracted, seven products for each level stand where eight would be, and sums of these
// are the blocks of the result.
#pragma once

#include "codegen/halide/schedules/DirectConv.h"
#include "ir/conv/Strassen.h"

#include <functional>

namespace quern::codegen {

/// How a convolution (groups = 1) is to run by blocks. All factors are stored, then all products.
struct StrassenPlan {
  ConvProblem problem;
  ir::StrassenFilter blocks;
  bool cutsRows = true;     ///< blocks are cut along y; else along x
  int64_t blockLength = 1;  ///< outputs of a block along that axis
  DirectConvPlan product{}; ///< of all products, as the images of a batch
};

StrassenPlan planStrassen(const ConvProblem &problem, ir::BlockProduct form, int64_t levels,
                          const CpuTarget &cpu, std::optional<RegisterTile> tile = {});

/// The Funcs of a convolution, in the order of the computation.
struct StrassenStages {
  Halide::Func factors;  ///< (c, x, y, n, product) of the image
  Halide::Func acc;      ///< sums in registers
  Halide::Func products; ///< (c, x, y, n + batch * product)
  Halide::Func joined;   ///< (c, x, y, n): the result, to be read at the output's own coordinates
};

/// An element of the transformed weights, by (output of the block, input of the block, kx, ky,
/// product). They are stored as `[product][panels][tap][blockInputs][panelWidth]` (row-major).
using StrassenWeights = std::function<Halide::Expr(Halide::Expr, Halide::Expr, Halide::Expr,
                                                   Halide::Expr, Halide::Expr)>;

/// Writes the algorithm. `padded` is the input over (c, x, y, n), with zeros outside of it along
/// all axes but c and n.
StrassenStages emitStrassen(const StrassenPlan &plan, const Halide::Func &padded,
                            const StrassenWeights &weights);

/// Schedules it. `output` is over the variables of `stages.joined` in its order, or has its images
/// along a third axis and n, reads it at its own coordinates, any other operand as it likes, and
/// has pinned bounds (see Buffers.h).
void scheduleStrassen(const StrassenPlan &plan, const StrassenStages &stages, Halide::Func output);

} // namespace quern::codegen
