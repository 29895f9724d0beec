// What Fourier transforms make of an axis with a stride: they know of none.
#pragma once

#include "ir/conv/ConvAxis.h"

#include <span>
#include <vector>

namespace quern::ir {

/// An axis of stride 1 that computes one with a stride.
struct UnitStride {
  ConvAxis axis; ///< where no output reads the end of the input, `padHigh` is below zero
  /// Of the input, which are added up: sample i of phase p is `origin` + i * phases + p * dilation.
  int64_t phases = 1;
  int64_t origin = 0;
  int64_t keptStep = 1; ///< one in so many of its outputs is kept

  int64_t kept() const { return (axis.out - 1) / keptStep + 1; }
  /// The least samples of one transform that gives all outputs: the zeros that the paddings of both
  /// ends have in common are shared, and each output has a sample of its own.
  int64_t wholeSamples() const;
  /// Samples of a transform that gives `count` outputs that are kept.
  int64_t samplesFor(int64_t count) const { return (count - 1) * keptStep + axis.span(); }
  /// Outputs that are kept of one transform of `size` samples, and the transforms for all.
  int64_t keptOf(int64_t size) const;
  int64_t tiles(int64_t size) const;
  /// Padding before the input that one transform of `size` samples of the whole axis takes from the
  /// zeros behind the input, so that the input begins with sample 0; none where an axis is cut.
  int64_t wrappedPadding(int64_t size) const;
};

/// Whether outputs of a convolution are sums of several products of spectra. If so, the phases of a
/// stride are further products of the sum; if not, all outputs of stride 1 are computed, which
/// takes no more products than samples, and no sums.
constexpr bool sumsSpectra(int64_t outputs, int64_t groupInputs, int64_t groups) {
  return groupInputs > 1 || outputs > groups;
}

UnitStride unitStride(const ConvAxis &axis, bool sumsSpectra);
std::vector<UnitStride> unitStrides(std::span<const ConvAxis> axes, bool sumsSpectra);

/// Products of spectra for each input channel of an output.
int64_t phasesOf(std::span<const UnitStride> axes);

} // namespace quern::ir
