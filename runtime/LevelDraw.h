// Draws one of many levels, of which a model gives logits.
#pragma once

#include "runtime/Philox.h"

#include <cstdint>

namespace quern::runtime {

/// The parameters of one distribution, which lie a stride apart.
struct Parameters {
  const float *first;
  uint64_t stride;
  double operator[](uint64_t index) const { return static_cast<double>(first[index * stride]); }
};

/// How one of the distributions is told from the model's and made sharper.
struct SampleChoice {
  /// Divides logits, and multiplies the scales of mixtures; 0 takes the most likely.
  double temperature;
  /// Categorical: the k most likely levels only, if not 0; the fewest most likely levels that hold
  /// `topP` of the probability only, if below 1.
  uint64_t topK;
  double topP;
};

/// Memory to draw in: for as many as `numbers` of the levels there are, each.
struct DrawRoom {
  uint32_t *ranks;
  float *weights;

  /// Weights are computed some at a time, the last ones of less than that, too.
  static uint64_t numbers(uint64_t levels);
};

/// A level in proportion to exp(logit / temperature).
uint64_t drawLevel(const Parameters &logits, uint64_t levels, double temperature, Draws &random,
                   DrawRoom room);

/// The same among the levels that topK and topP admit.
uint64_t drawLikelyLevel(const Parameters &logits, uint64_t levels, const SampleChoice &choice,
                         Draws &random, DrawRoom room);

} // namespace quern::runtime
