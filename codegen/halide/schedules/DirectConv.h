#pragma once

#include "codegen/halide/schedules/ConvProblem.h"
#include "codegen/halide/schedules/RegisterTile.h"

#include <Halide.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace quern::codegen {

/// Where the padded input of a convolution is computed.
enum class PaddedInput {
  Inline, ///< nowhere: the accumulation reads the input itself (no padding, NHWC)
  Strip,  ///< for each task, just before it is needed
  Root,   ///< once, before the convolution
};

/// How a direct convolution is to run: of one group, of groups whose outputs are whole vectors, or
/// of narrow groups, where each output of a vector gathers inputs of its own.
///
/// The weights must be packed as `[panels][kernelZ][kernelY][kernelX][I][panelWidth]` (row-major; I
/// are the input channels of a group), which is: the logical `[O, I, kd, kh, kw]` padded at the end
/// of O with zeros to `panels * panelWidth`, reshaped to
/// `[panels, panelWidth, I, kd, kh, kw]`, transposed by (0, 3, 4, 5, 2, 1). Where a
/// group's outputs are whole vectors, a panel is of one group.
struct DirectConvPlan {
  ConvProblem problem;
  CpuTarget cpu;
  RegisterTile tile{};
  int64_t panelWidth = 0; ///< output channels of a panel: tile.nv * lanes
  int64_t panels = 0;     ///< ceil(outChannels / panelWidth)
  PaddedInput paddedInput = PaddedInput::Inline;
  int64_t stripRows = 1;    ///< output rows of a task, a multiple of tile.my
  int64_t stripColumns = 1; ///< output columns of a task, a multiple of tile.mx
  int64_t panelsPerTask = 1;
  /// Whether a run of tasks, which one thread is likely to take, passes over all panels of few
  /// positions, and not over all positions with few panels: where images are larger than weights,
  /// so that they stay in the thread's cache from layer to layer.
  bool sharesPanels = false;
  bool parallel = false;
  int64_t unrollDepth = 1; ///< input channels per loop turn
  /// Input channels whose products a tile adds up in registers before the next tile has its turn,
  /// so that their weights stay in the first-level cache; the sums wait in memory. 0: all of them.
  int64_t depthBlock = 0;
};

/// Chooses the tile (unless one is given), the packing and the loops.
DirectConvPlan planDirectConv(const ConvProblem &problem, const CpuTarget &cpu,
                              std::optional<RegisterTile> tile = {});

/// Schedules a direct convolution written as
///
///     RDom r(0, I, 0, kernelX, 0, kernelY);                   // in this order
///     padded(c, x, y, n) = the input, zero outside; with any prologue
///     acc(c, x, y, n) = 0.0f;
///     acc(c, x, y, n) += padded(r.x, x * sx + r.y * dx - padLeft, y * sy + r.z * dy - padTop, n)
///                        * packed(c % P, r.x, r.y, r.z, c / P);       // P = plan.panelWidth
///     output(c, x, y, n) = epilogue(acc(c, x, y, n), ...);
///
/// where `packed` is an ImageParam. With groups, r.x is preceded by the first channel of c's group;
/// with a third spatial axis there is z before n, and r.w. Any other Func between them is left
/// inlined. The bounds of `output` must be pinned (see Buffers.h). `padded` may be undefined when
/// `plan.paddedInput` is Inline, and is then expected to be the input. A packed panel beyond
/// outChannels is computed and dropped; the epilogue's own operands are read with predicates there.
void scheduleDirectConv(const DirectConvPlan &plan, Halide::Func padded, Halide::Func acc,
                        Halide::Func output);

/// The same for groups whose outputs fill no vectors: `sums`, of which each group begins with a
/// vector, are what `plan` computes, and `output(c, ...)` reads them at (c / O * O' + c % O, ...),
/// where O' are the outputs of a group and those that are dropped. `extents` are those of `sums`.
void schedulePaddedGroups(const DirectConvPlan &plan, Halide::Func padded, Halide::Func acc,
                          Halide::Func sums, const std::vector<int64_t> &extents,
                          Halide::Func output);

} // namespace quern::codegen
