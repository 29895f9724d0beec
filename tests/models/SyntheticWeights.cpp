#include "tests/models/SyntheticWeights.h"

#include "frontend/weights/Safetensors.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>

namespace quern::tests {
namespace {

/// https://datatracker.ietf.org/doc/html/draft-eastlake-fnv, 64 bits, FNV-1a.
uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : text)
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
/// 2014).
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

int64_t product(std::span<const int64_t> extents) {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  return count;
}

/// A value is offset + scale * v.
struct Distribution {
  double offset, scale;
};

Distribution distributionOf(std::string_view name, std::span<const int64_t> shape) {
  std::string_view kind = name.substr(name.find_last_of('.') + 1);
  if (kind.starts_with("weight") && shape.size() >= 2)
    return {0, std::sqrt(6.0 / static_cast<double>(product(shape.subspan(1))))};
  if (kind.starts_with("weight"))
    return {0.75, 0.25};
  if (kind == "running_var")
    return {1.0, 0.5};
  if (kind == "running_mean" || kind.starts_with("bias"))
    return {0, 0.1};
  return {0, 2};
}

/// u of element `i`, in [0, 1).
double unit(uint64_t seed, uint64_t i) {
  uint64_t bits = mix(seed + (i + 1) * 0x9e3779b97f4a7c15) >> 40;
  return std::ldexp(static_cast<double>(bits), -24);
}

} // namespace

std::vector<float> syntheticTensor(std::string_view name, std::span<const int64_t> shape,
                                   int64_t first, int64_t last) {
  Distribution distribution = distributionOf(name, shape);
  uint64_t seed = fnv1a(name);
  std::vector<float> values(static_cast<size_t>(last - first));
  for (size_t i = 0; i < values.size(); ++i) {
    double v = 2 * unit(seed, static_cast<uint64_t>(first) + i) - 1;
    values[i] = static_cast<float>(distribution.offset + distribution.scale * v);
  }
  return values;
}

std::vector<int32_t> syntheticSymbols(std::string_view name, std::span<const int64_t> shape,
                                      int32_t levels) {
  uint64_t seed = fnv1a(name);
  std::vector<int32_t> values(static_cast<size_t>(product(shape)));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<int32_t>(unit(seed, i) * levels);
  return values;
}

std::vector<float> syntheticTensor(std::string_view name, std::span<const int64_t> shape) {
  return syntheticTensor(name, shape, 0, product(shape));
}

runtime::Result<std::vector<ParameterShape>> readParameters(const std::string &json) {
  auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("parameters"))
    return runtime::Failure{"no JSON object with the key 'parameters'"};
  std::vector<ParameterShape> parameters;
  for (const auto &entry : document["parameters"]) {
    if (!entry.contains("name") || !entry.contains("shape"))
      return runtime::Failure{fmt::format("a parameter without name or shape: {}", entry.dump())};
    parameters.push_back(
        {entry["name"].get<std::string>(), entry["shape"].get<std::vector<int64_t>>()});
  }
  return parameters;
}

runtime::Status writeSyntheticWeights(const std::vector<ParameterShape> &parameters,
                                      const std::string &path) {
  std::vector<frontend::weights::Weight> weights;
  for (const auto &[name, shape] : parameters) {
    std::vector<float> values = syntheticTensor(name, shape);
    auto [writable, blob] = frontend::weights::allocateBlob(values.size() * sizeof(float));
    std::memcpy(writable.data(), values.data(), writable.size());
    weights.push_back({name, QUERN_F32, shape, blob});
  }
  return frontend::weights::writeSafetensors(weights, {}, path);
}

} // namespace quern::tests
