#pragma once

#include "codegen/halide/schedules/CpuTarget.h"
#include "codegen/halide/schedules/RegisterTile.h"
#include "codegen/halide/schedules/SpatialConv.h"
#include "ir/conv/FftPasses.h"
#include "ir/conv/UnitStride.h"

#include <complex>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace quern::codegen {

using ir::FftPass;

/// How one axis is cut and transformed.
struct FftAxis {
  ir::UnitStride unit; ///< what is transformed
  int64_t size = 1;    ///< samples of a transform
  int64_t outputs = 1; ///< results of a transform that are kept
  int64_t tiles = 1;   ///< transforms along the axis

  /// Whether one transform holds all of the axis, which then begins with its input.
  bool isWhole() const { return size >= unit.wholeSamples(); }
};

/// Passes whose intermediate results live in registers and the first-level cache; between groups
/// the data of a whole tile are stored. The passes of one axis form a group, or two if it is long.
struct FftGroup {
  size_t first = 0, last = 0; ///< passes, the last one included
};

/// A convolution as products in the frequency domain: tiles of the input (overlap-save) or the
/// whole are transformed, contracted over channels frequency by frequency, and transformed back.
/// The phases of a stride are further images, one after the other along the tiles.
struct FftPlan {
  SpatialConv problem;
  CpuTarget cpu;
  std::vector<FftAxis> axes{};
  std::vector<FftPass> passes{};
  std::vector<FftGroup> groups{};
  int64_t frequencies = 1; ///< stored of a tile, a few of them twice
  int64_t tiles = 1;       ///< of an image
  int64_t phases = 1;      ///< of an image
  RegisterTile tile{};     ///< of the contraction: `mx` tiles by `nv` vectors of complex numbers
  int64_t panelWidth = 0;  ///< output channels of a panel
  int64_t panels = 0;
  bool parallel = false;
  double workspaceBytes = 0; ///< estimate, for all threads
  double flops = 0;          ///< estimate: additions and multiplications, transforms and products

  /// Values of index `pass` that samples of the input have: behind them are zeros.
  int64_t samplesGiven(size_t pass) const;
  int64_t positions() const { return tiles * problem.batch; }
  /// One product per frequency and nothing to sum.
  bool isElementwise() const;
  /// Whether vectors run along the samples of a long axis, in place of channels that are not there:
  /// along the last index while the first group transforms, along the first index for the second.
  bool hasSampleVectors() const;
  /// For the message that goes with a choice, such as "28x28 tiles 4x4".
  std::string text() const;
};

/// Chooses the passes, the packing and the loops for transforms of `sizes` (one per axis, x first;
/// each at least that of the filter and without a prime factor above 13).
FftPlan planFft(const SpatialConv &problem, const std::vector<int64_t> &sizes,
                const CpuTarget &cpu);

/// The sizes that cost least by estimate: tiles of one size per axis, or the whole.
std::vector<int64_t> chooseFftSizes(const SpatialConv &problem, const CpuTarget &cpu);

/// Extents of the packed weights, innermost first. Dense: {panelWidth, 2, phases * channels of
/// a group, panels, frequencies}; depthwise: {panelWidth, 2, 1, frequencies, panels}.
std::vector<int64_t> fftWeightExtents(const FftPlan &plan);

/// Packs the spectra `[O][phases * I / groups][kz][ky][kx]` that ir/conv/Dft.h computes for the
/// plan's sizes: real and imaginary parts, channels beyond the last zero, frequencies in the order
/// of the passes.
std::vector<float> packFftWeights(const FftPlan &plan,
                                  std::span<const std::complex<double>> spectra);

} // namespace quern::codegen
