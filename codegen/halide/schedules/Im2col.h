#pragma once

#include "codegen/halide/schedules/DirectConv.h"

namespace quern::codegen {

/// How much of the matrix of patches is stored at a time.
enum class PatchMatrix {
  Whole,   ///< all of it, before the product
  PerTask, ///< the rows of one task, which stay in its cache
};

/// How a convolution is to run as a product of patches and filters, or as one for each group
/// (narrow groups share vectors, whose lanes gather inputs of their own). The weights are packed as
/// DirectConvPlan says: the depth of the product is (kernelZ, kernelY, kernelX, channels of a
/// group).
struct Im2colPlan {
  PatchMatrix matrix = PatchMatrix::Whole;
  int64_t channels = 1; ///< of the input
  DirectConvPlan gemm;  ///< of the pointwise convolution over patches
};

/// Chooses the tile (unless one is given), the packing and the loops.
Im2colPlan planIm2col(const ConvProblem &problem, PatchMatrix matrix, const CpuTarget &cpu,
                      std::optional<RegisterTile> tile = {});

/// Schedules a convolution written as
///
///     RDom r(0, inChannels, 0, kernelX, 0, kernelY);
///     patches(ci, kx, ky, x, y, n) = the input under tap (kx, ky) of output (x, y), zero outside;
///     acc(c, x, y, n) = 0.0f;
///     acc(c, x, y, n) += patches(r.x, r.y, r.z, x, y, n) * packed(c % P, r.x, r.y, r.z, c / P);
///
/// or with a third axis and groups as scheduleDirectConv has them,
///
///     output(c, x, y, n) = epilogue(acc(c, x, y, n), ...);
void scheduleIm2col(const Im2colPlan &plan, Halide::Func patches, Halide::Func acc,
                    Halide::Func output);

} // namespace quern::codegen
