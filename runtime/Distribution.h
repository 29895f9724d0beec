// Draws the next element of a sequence from what a model gave for it.
#pragma once

#include "runtime/ModelImage.h"
#include "runtime/Philox.h"

namespace quern::runtime {

/// How one of the distributions is told from the model's and made sharper.
struct SampleChoice {
  /// Divides logits, and multiplies the scales of mixtures; 0 takes the most likely.
  double temperature;
  /// Categorical: the k most likely levels only, if not 0; the fewest most likely levels that hold
  /// `topP` of the probability only, if below 1.
  uint64_t topK;
  double topP;
};

/// The input elements that one distribution gives: three for a mixture over three channels.
uint64_t elementsOf(const SequenceEntry &order);

/// Whether an output slot of so many numbers holds a distribution for each of the elements of an
/// input slot.
bool distributionFits(const SequenceEntry &order, uint64_t outputs, uint64_t elements);

/// Draws from the distribution whose parameters lie `order.parameterStride` numbers apart from
/// `parameters` on: levels, or values where order.levels is 0, one for each of elementsOf. `ranks`
/// is room for order.levels numbers.
void draw(const SequenceEntry &order, const SampleChoice &choice, const float *parameters,
          Draws random, uint32_t *ranks, double *drawn);

/// What level `level` stands for in a floating-point input.
double valueOfLevel(const SequenceEntry &order, double level);

} // namespace quern::runtime
