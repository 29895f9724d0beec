// The filters of a convolution as its bilinear algorithm multiplies by them, computed ahead in
// double precision.
#pragma once

#include "ir/conv/BilinearAlgorithm.h"
#include "ir/conv/WinogradSplit.h"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::ir {

/// G along every spatial axis: from the row-major filter [outputs][inputs][kernel...] to the
/// row-major [products][outputs][inputs], where the points of the transform are numbered with the
/// last axis innermost. `axes[a]` is the algorithm along kernel axis a, its taps that axis's
/// extent.
std::vector<double> transformFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                    std::span<const BilinearAlgorithm> axes);

/// The filter of a strided convolution as one of stride 1 over the input's phases: from the
/// row-major [outputs][inputs][kernel...] to [outputs][phases * inputs][ceil(kernel / stride)...],
///
///     result[o][phase * inputs + i][k...] = filter[o][i][stride * k + phase...],
///
/// zeros behind the filter's end; phases are numbered with the last axis innermost. Throws
/// std::invalid_argument for a stride below 1.
std::vector<double> phaseFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                std::span<const int64_t> kernel, std::span<const int64_t> strides);

/// A filter of stride 1 by its pieces: from the row-major [outputs][inputs][kernel...] to
/// [outputs][pieces * inputs][taps...], where `axes[a]` splits kernel axis a,
///
///     result[o][piece * inputs + i][k...] = filter[o][i][taps * piece + k...],
///
/// zeros behind the filter's end; pieces are numbered with the last axis innermost.
std::vector<double> pieceFilter(std::span<const double> filter, int64_t outputs, int64_t inputs,
                                std::span<const int64_t> kernel,
                                std::span<const WinogradSplit> axes);

} // namespace quern::ir
