#include "ir/conv/WinogradSplit.h"

#include "ir/conv/Division.h"

namespace quern::ir {

namespace {

constexpr int64_t mostTapsAtOnce = 7, pieceTaps = 3;
/// Below so many, nested algorithms have no fewer products than one of Cook and Toom.
constexpr int64_t leastNestedTaps = 6;
/// Of a piece's algorithm that is accurate enough to be offered, F(6, 3), and of one over blocks.
constexpr int64_t mostPieceOutputs = 6, mostBlockProducts = 8;

/// Products of Cook-Toom, or of a direct algorithm.
int64_t productsOf(int64_t outputs, int64_t taps) {
  return outputs == 1 || taps == 1 ? outputs * taps : outputs + taps - 1;
}

/// The length of blocks for a nested algorithm; 1 if there is none.
int64_t blockFor(int64_t outputs, int64_t taps) {
  if (taps < leastNestedTaps || outputs <= mostPieceOutputs)
    return 1;
  for (int64_t block : {3, 4})
    if (outputs % block == 0 &&
        productsOf(outputs / block, ceilDiv(taps, block)) <= mostBlockProducts)
      return block;
  return 1;
}

} // namespace

WinogradSplit splitForWinograd(int64_t outputs, int64_t taps) {
  WinogradSplit split{.taps = taps, .block = blockFor(outputs, taps)};
  if (!split.isNested() && taps > mostTapsAtOnce) {
    split.taps = pieceTaps;
    split.pieces = ceilDiv(taps, pieceTaps);
  }
  split.outerProducts = productsOf(outputs / split.block, ceilDiv(split.taps, split.block));
  split.innerProducts = productsOf(split.block, split.block);
  return split;
}

BilinearAlgorithm winogradAlgorithm(int64_t outputs, int64_t taps) {
  WinogradSplit split = splitForWinograd(outputs, taps);
  if (!split.isNested())
    return cookToom(outputs, split.taps);
  return nested(cookToom(outputs / split.block, ceilDiv(taps, split.block)),
                cookToom(split.block, split.block), taps);
}

} // namespace quern::ir
