// Convolution by bilinear algorithms (Winograd, Cook-Toom): the input and the sums are transformed
// tile by tile, and between them stands a matrix product for each point of the transform.
#pragma once

#include "codegen/halide/schedules/CpuTarget.h"
#include "codegen/halide/schedules/RegisterTile.h"
#include "codegen/halide/schedules/SpatialConv.h"
#include "ir/conv/BilinearAlgorithm.h"

#include <Halide.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quern::codegen {

/// What may be set by hand; zeros are chosen.
struct WinogradKnobs {
  std::optional<RegisterTile> tile{};   ///< nv vectors of channels by mx tiles
  std::vector<int64_t> tilesPerBlock{}; ///< along each axis, innermost first
  std::optional<bool> wholeProducts{};
};

/// How a convolution is to run, one block of tiles after the other:
///
/// - with `wholeProducts` false the block's input is transformed, and then for each panel of output
///   channels all products are made and transformed back, so that they stay in a core's cache:
///   right while the transformed input does not go far beyond that;
/// - with `wholeProducts` true all products of the block are made before, one point of the
///   transform after the other, each with its part of the transformed input in the cache.
///
/// Either several blocks are worked on at once, or several slabs, panels and points of one block.
struct WinogradPlan {
  SpatialConv problem;
  CpuTarget cpu;
  std::vector<ir::BilinearAlgorithm> algorithms{}; ///< one for each axis, innermost first
  RegisterTile tile{};
  int64_t panelWidth = 0; ///< output channels of a panel
  int64_t panels = 0;
  int64_t products = 0;          ///< points of the transform: the product over all axes
  int64_t phases = 1;            ///< strided: the input's phases, further input channels
  std::vector<int64_t> pieces{}; ///< of a long filter along each axis, further input channels too
  int64_t depth = 0;             ///< of each matrix product: inChannels / groups * phases * pieces
  int64_t channelBlock = 0;      ///< input channels that lie side by side in the transformed input
  std::vector<int64_t> tiles{};  ///< along each axis
  std::vector<int64_t> tilesPerBlock{};
  std::vector<int64_t> blocks{}; ///< ceil(tiles / tilesPerBlock)
  bool wholeProducts = false;
  bool parallel = false;
  bool parallelBlocks = false; ///< blocks are tasks; else the loops within them are parallel
  int64_t unrollDepth = 1;

  bool mixesChannels() const; ///< false where groups have one input channel each
  int64_t blockSize() const;  ///< tiles of a block
  /// Bytes of transformed input and of products that `threads` threads hold at a time, without the
  /// padded copies of the input's slabs.
  int64_t workspaceBytes(int threads) const;
};

/// Why F(outputs) along each axis (innermost first) cannot serve a problem; empty if it can.
std::string whyNotWinograd(const SpatialConv &problem, const std::vector<int64_t> &outputs);

/// Plans F(outputs, taps) along each axis, innermost first: what ir::splitForWinograd says of the
/// ceil(kernel / s) taps of an axis of stride s. Requires whyNotWinograd to be empty.
WinogradPlan planWinograd(const SpatialConv &problem, const std::vector<int64_t> &outputs,
                          const CpuTarget &cpu, const WinogradKnobs &knobs = {});

/// The Funcs of a convolution, in the order of the computation.
struct WinogradStages {
  Halide::Func cutInput; ///< the input by blocks of channels; `padded` is inlined into it
  std::vector<Halide::Func> inputTransforms; ///< one for each axis; the last is what products read
  Halide::Func acc;                          ///< sums in registers
  Halide::Func products;
  std::vector<Halide::Func> outputTransforms; ///< one for each axis but the last
  Halide::Func inverse; ///< (c, x, y.., n): the result, to be read at the output's own coordinates
};

/// An element of the transformed weights, by (channel in the panel, input channel, panel, point).
/// They are stored as `[products][panels][depth][panelWidth]` (row-major): the logical
/// `[products][O][depth]` of ir::transformFilter, O padded with zeros to whole panels.
using WinogradWeights =
    std::function<Halide::Expr(Halide::Expr, Halide::Expr, Halide::Expr, Halide::Expr)>;

/// Writes the algorithm. `padded` is the input over (c, x, y.., n), with zeros outside of it.
WinogradStages emitWinograd(const WinogradPlan &plan, Halide::Func padded,
                            const WinogradWeights &weights);

/// Schedules it. `output` is over the variables of `stages.inverse` in its order, reads it at its
/// own coordinates, any other operand as it likes, and has pinned bounds (see Buffers.h).
void scheduleWinograd(const WinogradPlan &plan, const WinogradStages &stages, Halide::Func output);

} // namespace quern::codegen
