#pragma once

#include "codegen/halide/schedules/RegisterTile.h"

#include <Halide.h>

#include <cstdint>
#include <optional>

namespace quern::codegen {

/// C[b][m][n] = sum over k of A[b][m][k] * B[b][k][n].
struct GemmProblem {
  int64_t batch = 1;
  int64_t rows = 1;    ///< M
  int64_t columns = 1; ///< N
  int64_t depth = 1;   ///< K
  bool constantB = true;
  /// B is read once, where it lies: its columns are neighbours in memory, and nobody packs it.
  bool inPlaceB = false;
};

/// How a matrix product is to run. A constant B must be packed as `[panels][K][panelWidth]`
/// (row-major): the logical
/// `[K, N]` padded at the end of N with zeros to `panels * panelWidth`, reshaped to `[K, panels,
/// panelWidth]`, transposed by (1, 0, 2). From a `[N, K]` matrix (a linear layer's): pad, reshape
/// to `[panels, panelWidth, K]`, transpose by (0, 2, 1).
struct GemmPlan {
  GemmProblem problem;
  CpuTarget cpu;
  RegisterTile tile{};
  int64_t panelWidth = 0;
  int64_t panels = 0;
  int64_t rowsPerTask = 0;
  int64_t panelsPerTask = 0; ///< in tiles, which a matrix-vector product has of several panels each

  /// The columns that a tile computes: a panel, or several.
  int64_t tileWidth() const { return int64_t{tile.nv} * cpu.lanes; }
  bool parallel = false;
  int64_t unrollDepth = 1;
  bool readsInPlace = false; ///< the product reads B itself: no panels
};

/// Chooses the tile (unless one is given), packing and loops; M = 1 (a matrix-vector product)
/// included.
GemmPlan planGemm(const GemmProblem &problem, const CpuTarget &cpu,
                  std::optional<RegisterTile> tile = {});

/// Schedules a matrix product written as
///
///     RDom r(0, K);
///     acc(n, m, ...) = 0.0f;
///     acc(n, m, ...) += A(r, m, ...) * packed(n % P, r, n / P, ...);        // P = plan.panelWidth
///     output(n, m, ...) = epilogue(acc(n, m, ...), ...);
///
/// with any number of batch dimensions behind m. The sum may be in several updates, each over a
/// domain of its own, whose innermost extent plan.unrollDepth divides. For a constant B `packed` is
/// an ImageParam, pass an undefined Func. Otherwise it is a Func `packed(i, k, p, ...) = select(p *
/// P + i < N, B(min(p
/// * P + i, N - 1), k, ...), 0)` (the guard only where P does not divide N), which is computed
/// here, once.
void scheduleGemm(const GemmPlan &plan, Halide::Func packed, Halide::Func acc, Halide::Func output);

} // namespace quern::codegen
