// How convolutions and products are cut into tasks: no two tasks may compute one output, since the
// last tile of a row overlaps the one before it, and results would depend on who writes last.
#include "codegen/halide/schedules/Blocking.h"

#include "codegen/halide/schedules/DirectConv.h"
#include "codegen/halide/schedules/Gemm.h"
#include "codegen/halide/schedules/RegisterTile.h"

#include <gtest/gtest.h>

namespace quern::codegen {
namespace {

/// Whether the last of `units` is alone in its block and computes again what another task does.
bool sharesOutputs(int64_t extent, int64_t unit, int64_t blockExtent) {
  int64_t units = (extent + unit - 1) / unit, perBlock = blockExtent / unit;
  return extent % unit != 0 && units > 1 && perBlock < units && (units - 1) % perBlock == 0;
}

const CpuTarget targets[] = {
    {.lanes = 8, .registers = 16, .l2Bytes = 512 * 1024, .threads = 2, .flopsPerNanosecond = 90},
    {.lanes = 16,
     .registers = 32,
     .l2Bytes = 1024 * 1024,
     .threads = 8,
     .flopsPerNanosecond = 180}};

TEST(Blocking, KeepsTheLastTilesOfAnImageInOneTask) {
  for (const CpuTarget &cpu : targets)
    for (int64_t channels : {64, 320, 1152})
      for (int64_t width : {1, 7, 49, 50, 51, 97, 196, 784})
        for (int64_t height : {1, 7, 14, 15}) {
          ConvProblem p;
          p.inChannels = p.outChannels = channels;
          p.inWidth = p.outWidth = width;
          p.inHeight = p.outHeight = height;
          DirectConvPlan plan = planDirectConv(p, cpu);
          EXPECT_FALSE(sharesOutputs(width, plan.tile.mx, plan.stripColumns))
              << channels << " channels, " << width << "x" << height;
          EXPECT_FALSE(sharesOutputs(height, plan.tile.my, plan.stripRows))
              << channels << " channels, " << width << "x" << height;
        }
}

/// Eight pixels that lie a multiple of 4 KB apart would fill a set of the first-level cache.
TEST(RegisterTile, HoldsFewPixelsThatMeetInOneSet) {
  auto positionsAt = [](int64_t channels) {
    RegisterTile tile =
        chooseTile({.channels = 512, .width = 49, .depth = channels, .positionBytes = 4 * channels},
                   targets[1]);
    return tile.mx;
  };
  EXPECT_LE(positionsAt(1024), 7);
  EXPECT_LE(positionsAt(2048), 7);
  EXPECT_GT(positionsAt(1040), 7);
  EXPECT_GT(positionsAt(2064), 7);
}

/// Sums that wait in memory while blocks of channels pass over them: of whole rows of tiles, and no
/// more than the stack is to hold.
TEST(DirectConvPlan, CutsDeepSumsAtFewPlacesIntoBlocks) {
  const CpuTarget &cpu = targets[1];
  auto planOf = [&](int64_t channels, int64_t size) {
    ConvProblem p;
    p.inChannels = p.outChannels = channels;
    p.inWidth = p.inHeight = p.outWidth = p.outHeight = size;
    p.kernelX = p.kernelY = 3;
    p.padLeft = p.padRight = p.padTop = p.padBottom = 1;
    return planDirectConv(p, cpu);
  };
  for (int64_t size : {7, 14}) {
    DirectConvPlan plan = planOf(512, size);
    EXPECT_EQ(plan.depthBlock, 64);
    EXPECT_EQ(size % plan.tile.mx, 0);
    EXPECT_EQ(size % plan.stripRows, 0);
    EXPECT_LE(4 * plan.panelWidth * size * plan.stripRows, blockedSumBytes(cpu));
  }
  EXPECT_EQ(planOf(512, 56).depthBlock, 0);
  EXPECT_EQ(planOf(32, 7).depthBlock, 0);
}

TEST(Blocking, KeepsTheLastRowsOfAProductInOneTask) {
  for (const CpuTarget &cpu : targets)
    for (int64_t columns : {64, 1000})
      for (int64_t rows = 1; rows < 200; ++rows) {
        GemmPlan plan = planGemm({.rows = rows, .columns = columns, .depth = 512}, cpu);
        EXPECT_FALSE(sharesOutputs(rows, plan.tile.mx, plan.rowsPerTask))
            << rows << " rows, " << columns << " columns";
      }
}

TEST(Blocking, LengthensBlocksThatLeaveOneTileOver) {
  EXPECT_EQ(keepLastTogether(2, 1), 2);
  EXPECT_EQ(keepLastTogether(7, 3), 4);
  EXPECT_EQ(keepLastTogether(8, 3), 3);
  EXPECT_EQ(keepLastTogether(5, 5), 5);
}

} // namespace
} // namespace quern::codegen
