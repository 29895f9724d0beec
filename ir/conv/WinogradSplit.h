// How Winograd takes the filter along one axis apart before bilinear algorithms compute it.
#pragma once

#include "ir/conv/BilinearAlgorithm.h"

#include <algorithm>
#include <cstdint>

namespace quern::ir {

/// Products of the largest algorithm of Cook and Toom that is served: beyond, the matrices' entries
/// outgrow f32.
inline constexpr int64_t mostWinogradProducts = 12;

/// F(outputs, taps) along an axis of stride 1. Up to seven taps one algorithm of Cook and Toom
/// does; matrices for more would lose too many digits. A longer filter is cut into pieces of three
/// taps, which become further input channels, each seeing the input further on. From six taps on,
/// large tiles are computed by nested algorithms: one over blocks of taps and one within them.
struct WinogradSplit {
  int64_t pieces = 1;        ///< of the filter: ceil(filter's taps / taps)
  int64_t taps = 1;          ///< of a piece
  int64_t block = 1;         ///< taps and outputs of the inner algorithm; 1 where none is nested
  int64_t outerProducts = 1; ///< of the algorithm over blocks
  int64_t innerProducts = 1; ///< of the one within a block

  bool isNested() const { return block > 1; }
  /// Of the largest algorithm of Cook and Toom.
  int64_t mostProducts() const { return std::max(outerProducts, innerProducts); }
  int64_t products() const { return outerProducts * innerProducts; } ///< of one piece
};

/// Nested where there are more than six outputs, in whole blocks of three or four with at most
/// eight products over the blocks; in pieces, or whole, otherwise.
WinogradSplit splitForWinograd(int64_t outputs, int64_t taps);

/// The algorithm of one piece: F(outputs, splitForWinograd(outputs, taps).taps).
BilinearAlgorithm winogradAlgorithm(int64_t outputs, int64_t taps);

} // namespace quern::ir
