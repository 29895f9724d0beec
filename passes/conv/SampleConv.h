// A small piece of a convolution, on which the error of an algorithm is measured before any code is
// generated: real weights of some output channels, random inputs, a few tiles of outputs.
#pragma once

#include "passes/conv/ConvShape.h"

#include <vector>

namespace quern::passes {

/// One image, stride 1, dilation 1, no padding: a stride makes further channels of the phases of
/// input and filter, dilation only chooses which inputs are neighbours, and padding makes inputs
/// zero.
struct SampleConv {
  int64_t channels = 1;                 ///< of one group, times the phases of a stride
  int64_t outputs = 0;                  ///< output channels
  llvm::SmallVector<int64_t, 3> kernel; ///< taps along each axis, of one phase
  llvm::SmallVector<int64_t, 3> out;    ///< outputs along each axis
  std::vector<float> input;             ///< [channels][out + kernel - 1 ...]
  std::vector<float> filter;            ///< [outputs][channels][kernel...]
  double roundoff = 0;                  ///< of what the filter is stored in, in f32 here at best
  int64_t every = 1;                    ///< of how many outputs of a channel one is looked at

  /// Extents of the input.
  llvm::SmallVector<int64_t, 3> in() const;
  int64_t inputSize() const;
  int64_t outputSize() const; ///< of one channel

  /// Products by the definition, of what is looked at.
  double products() const;

  /// Of each channel what is looked at, by the definition, in double precision.
  std::vector<double> exact() const;
};

/// Weights of a convolution: [O][C / groups][kernel...].
struct FilterView {
  llvm::ArrayRef<double> values;
  int64_t outputs, channels;
};

/// The weights of a convolution of that shape.
inline FilterView filterView(const ConvShape &shape, llvm::ArrayRef<double> values) {
  return {values, shape.outChannels, shape.channelsPerGroup()};
}

struct SampleSize {
  int64_t channels;                     ///< output channels, at most
  llvm::ArrayRef<int64_t> outputsAlong; ///< each axis
};

/// A sample of the output channels that are exposed most (`exposures` has a number for each) and as
/// many others, on a piece of `observed` (ObservedInput.h), the group of the first of these
/// channels, or on inputs uniform in [-1, 1] where it is empty.
SampleConv drawSample(const ConvShape &shape, const FilterView &filter,
                      llvm::ArrayRef<double> exposures, const SampleSize &size,
                      llvm::ArrayRef<float> observed = {});

} // namespace quern::passes
