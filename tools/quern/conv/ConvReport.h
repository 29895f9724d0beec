// What was measured, for people and for programs.
#pragma once

#include "tools/quern/conv/ConvJson.h"

#include <string>
#include <vector>

namespace quern::tools {

/// All records of one convolution.
struct ConvLayer {
  std::string label; ///< of the layer, or the shape's text
  int64_t count = 1; ///< how often a model has it
  passes::ConvShape shape;
  std::vector<ConvRecord> records{};
  /// The record that the compiler would take, and why; nothing where no record is measured.
  std::optional<size_t> chosen{};
  std::string reason{};
};

/// What the layers were measured on.
struct ConvSetting {
  std::string processor, target;
  unsigned threads = 1;
  double peakGflops = 0;
  double maxError = 0;
};

/// GFLOP/s by the textbook count of direct convolution: what makes algorithms comparable.
double effectiveGflops(const ConvLayer &layer, const ConvRecord &record);
/// GFLOP/s of the multiplications that are really made, each with an addition.
double trueGflops(const ConvRecord &record);

/// A table for each layer, and the setting above.
std::string tableText(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

/// One record for each layer and algorithm.
Json reportJson(const ConvSetting &setting, const std::vector<ConvLayer> &layers);

} // namespace quern::tools
