// What kernels are run on: floats, and the descriptors that tell a kernel where they lie.
#pragma once

#include <HalideRuntime.h>

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <vector>

namespace quern::bench {

/// Floats aligned to a cache line; many of them lie in huge pages where the system has some, as a
/// model's weights and activations do.
class Floats {
public:
  explicit Floats(size_t count = 0) : count(count) {
    constexpr size_t line = 64, hugePage = size_t{2} << 20;
    size_t bytes = count * sizeof(float) + line, unit = bytes < hugePage ? line : hugePage;
    bytes = (bytes + unit - 1) / unit * unit;
    data.reset(static_cast<float *>(std::aligned_alloc(unit, bytes)));
    if (unit == hugePage)
      madvise(data.get(), bytes, MADV_HUGEPAGE);
  }
  void fill(std::mt19937 &random, float scale) {
    std::uniform_real_distribution<float> uniform(-scale, scale);
    for (size_t i = 0; i < count; ++i)
      data.get()[i] = uniform(random);
  }
  std::span<float> span() { return {data.get(), count}; }
  float *get() { return data.get(); }

private:
  struct Free {
    void operator()(float *pointer) const { std::free(pointer); }
  };
  size_t count;
  std::unique_ptr<float, Free> data;
};

inline size_t product(const std::vector<int64_t> &extents) {
  size_t count = 1;
  for (int64_t extent : extents)
    count *= static_cast<size_t>(extent);
  return count;
}

/// A dense buffer descriptor with its dimensions.
struct Descriptor {
  std::vector<halide_dimension_t> dims;
  halide_buffer_t buffer{};

  Descriptor(float *host, const std::vector<int64_t> &extents) {
    int stride = 1;
    for (int64_t extent : extents) {
      dims.emplace_back(0, static_cast<int>(extent), stride);
      stride *= static_cast<int>(extent);
    }
    buffer.host = reinterpret_cast<uint8_t *>(host);
    buffer.type = halide_type_of<float>();
    buffer.dimensions = static_cast<int>(dims.size());
    buffer.dim = dims.data();
  }
};

} // namespace quern::bench
