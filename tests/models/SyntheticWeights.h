// Weights and inputs that are a function of their name: the rule of models/synthetic_weights.py,
// written a second time.
#pragma once

#include "runtime/formats/Result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::tests {

/// A parameter's key and extents.
struct ParameterShape {
  std::string name;
  std::vector<int64_t> shape;
};

/// The f32 tensor that the rule gives for a name and a shape, row-major; or only its elements from
/// `first` up to `last`.
std::vector<float> syntheticTensor(std::string_view name, std::span<const int64_t> shape);
std::vector<float> syntheticTensor(std::string_view name, std::span<const int64_t> shape,
                                   int64_t first, int64_t last);

/// The whole numbers below `levels` that the rule gives for an input's name and shape, row-major.
std::vector<int32_t> syntheticSymbols(std::string_view name, std::span<const int64_t> shape,
                                      int32_t levels);

/// The parameters that `quern inspect --json` printed. Fails on text that is not of that form.
runtime::Result<std::vector<ParameterShape>> readParameters(const std::string &json);

/// Writes a safetensors file with the rule's tensor for every parameter.
runtime::Status writeSyntheticWeights(const std::vector<ParameterShape> &parameters,
                                      const std::string &path);

} // namespace quern::tests
