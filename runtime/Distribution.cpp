#include "runtime/Distribution.h"

#include <algorithm>
#include <cmath>

namespace quern::runtime {

namespace {

constexpr double pi = 3.14159265358979323846;

double drawNormal(Draws &random) {
  double radius = std::sqrt(-2 * std::log(random.uniform()));
  return radius * std::cos(2 * pi * random.uniform());
}

double drawLogistic(Draws &random) {
  double u = random.uniform();
  return std::log(u) - std::log1p(-u);
}

/// The level nearest to a value of [-1, 1], where the mixtures' means live.
double levelNear(const SequenceEntry &order, double value) {
  double last = static_cast<double>(order.levels - 1);
  double level = std::nearbyint((value + 1) / 2 * last);
  return level > 0 ? std::min(level, last) : 0;
}

/// One channel of the chosen component: means, then log-scales, from `base` on.
double drawScaled(const Parameters &parameters, uint64_t base, uint64_t components,
                  uint64_t component, const SampleChoice &choice, double noise) {
  // PixelCNN++ bounds log-scales from below.
  double logScale = std::max(parameters[base + components + component], -7.0);
  return parameters[base + component] + choice.temperature * std::exp(logScale) * noise;
}

/// Three channels, of which each shifts the means of those after it (Salimans et al. 2017, eq. 3).
void drawCoupled(const SequenceEntry &order, const SampleChoice &choice,
                 const Parameters &parameters, Draws &random, DrawRoom room, double *drawn) {
  uint64_t components = order.components;
  uint64_t component = drawLevel(parameters, components, choice.temperature, random, room);
  auto coupling = [&](uint64_t channel) {
    return std::tanh(parameters[components * (1 + 3 * channel + 2) + component]);
  };
  double value[3];
  for (uint64_t channel = 0; channel < 3; ++channel) {
    value[channel] = drawScaled(parameters, components * (1 + 3 * channel), components, component,
                                choice, drawLogistic(random));
    if (channel == 1)
      value[1] += coupling(0) * value[0];
    if (channel == 2)
      value[2] += coupling(1) * value[0] + coupling(2) * value[1];
    value[channel] = std::min(std::max(value[channel], -1.0), 1.0);
    drawn[channel] = levelNear(order, value[channel]);
  }
}

} // namespace

uint64_t roomOf(const SequenceEntry &order) {
  bool hasLogits = order.distribution == DistributionKind::categorical;
  return DrawRoom::numbers(hasLogits ? order.levels : order.components);
}

uint64_t elementsOf(const SequenceEntry &order) {
  bool isCoupled = order.distribution == DistributionKind::logisticMixture &&
                   order.parameters == uint64_t{10} * order.components;
  return isCoupled ? 3 : 1;
}

bool distributionFits(const SequenceEntry &order, uint64_t outputs, uint64_t elements) {
  uint64_t expected = 0;
  switch (order.distribution) {
  case DistributionKind::none:
    return true;
  case DistributionKind::categorical:
    expected = order.levels;
    break;
  case DistributionKind::bernoulli:
    expected = 1;
    break;
  case DistributionKind::logisticMixture:
  case DistributionKind::gaussianMixture:
    expected = uint64_t{3} * order.components;
    break;
  }
  bool isKnown = order.parameters == expected || elementsOf(order) == 3;
  return isKnown && expected > 0 && order.parameterStride > 0 &&
         outputs % (order.parameters * order.parameterStride) == 0 &&
         outputs / order.parameters * elementsOf(order) == elements && order.levels <= 1u << 24 &&
         (order.levels > 1 || order.distribution == DistributionKind::gaussianMixture);
}

void draw(const SequenceEntry &order, const SampleChoice &choice, const float *first, Draws random,
          DrawRoom room, double *drawn) {
  Parameters parameters{first, order.parameterStride};
  auto component = [&] {
    return drawLevel(parameters, order.components, choice.temperature, random, room);
  };
  switch (order.distribution) {
  case DistributionKind::none:
    return;
  case DistributionKind::categorical:
    *drawn = static_cast<double>(drawLikelyLevel(parameters, order.levels, choice, random, room));
    return;
  case DistributionKind::bernoulli: {
    double probability = choice.temperature == 0
                             ? static_cast<double>(parameters[0] > 0)
                             : 1 / (1 + std::exp(-parameters[0] / choice.temperature));
    *drawn = random.uniform() < probability ? static_cast<double>(order.levels - 1) : 0;
    return;
  }
  case DistributionKind::logisticMixture:
    if (elementsOf(order) == 3)
      return drawCoupled(order, choice, parameters, random, room, drawn);
    *drawn = levelNear(order, drawScaled(parameters, order.components, order.components,
                                         component(), choice, drawLogistic(random)));
    return;
  case DistributionKind::gaussianMixture: {
    double value = drawScaled(parameters, order.components, order.components, component(), choice,
                              drawNormal(random));
    *drawn = order.levels == 0 ? value : levelNear(order, value);
    return;
  }
  }
}

double valueOfLevel(const SequenceEntry &order, double level) {
  if (order.levels == 0)
    return level;
  return order.low + level * (order.high - order.low) / static_cast<double>(order.levels - 1);
}

} // namespace quern::runtime
