// Draws the next element of a sequence from what a model gave for it.
#pragma once

#include "runtime/LevelDraw.h"
#include "runtime/ModelImage.h"

namespace quern::runtime {

/// The input elements that one distribution gives: three for a mixture over three channels.
uint64_t elementsOf(const SequenceEntry &order);

/// Whether an output slot of so many numbers holds a distribution for each of the elements of an
/// input slot.
bool distributionFits(const SequenceEntry &order, uint64_t outputs, uint64_t elements);

/// The numbers that drawing takes room for.
uint64_t roomOf(const SequenceEntry &order);

/// Draws from the distribution whose parameters lie `order.parameterStride` numbers apart from
/// `parameters` on: levels, or values where order.levels is 0, one for each of elementsOf. `room`
/// is for roomOf(order) numbers.
void draw(const SequenceEntry &order, const SampleChoice &choice, const float *parameters,
          Draws random, DrawRoom room, double *drawn);

/// What level `level` stands for in a floating-point input.
double valueOfLevel(const SequenceEntry &order, double level);

} // namespace quern::runtime
