#pragma once

#include <Halide.h>

#include <cstdint>
#include <vector>

namespace quern::codegen {

/// A lowering pass that fetches weights before they are needed. Where tiles pass over one panel
/// after the other (DirectConv, Gemm, whole products of Winograd's), the last of them bring the
/// next panel to the caches: some lines in each turn of the innermost loop, so that no burst holds
/// up the arithmetic. Else that panel's first tile would wait for memory all along.
///
/// Loops over the tiles of a panel are known by their names, which end in "_tile", sums by their
/// being an update. Where a sum has loops around those over the tiles (DirectConv's blocks of the
/// depth), what tiles pass over is a block, and the next one is fetched. Panels are dense and lie
/// one behind the other. Behind the last one may lie anything or nothing: a prefetch does not mind.
class PrefetchPanels final : public Halide::Internal::IRMutator {
  using IRMutator::visit;
  Halide::Internal::Stmt visit(const Halide::Internal::For *loop) override;

  /// The innermost loop of a sum, whose turns also prefetch.
  Halide::Internal::Stmt prefetching(const Halide::Internal::For *loop) const;

  struct Loop {
    Halide::Expr turn; ///< from 0
    int64_t extent;
  };
  std::vector<Loop> tiles, sums; ///< the loops around, outermost first
};

} // namespace quern::codegen
