// Random numbers by counting: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
// as 1, 2, 3"). What is drawn depends on a key and a counter alone, on no order of calls.
#pragma once

#include <array>
#include <cstdint>

namespace quern::runtime {

using PhiloxBlock = std::array<uint32_t, 4>;

/// Four random words for a 128-bit counter and a 64-bit key.
constexpr PhiloxBlock philox(PhiloxBlock counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t left = uint64_t{0xd2511f53} * counter[0];
    uint64_t right = uint64_t{0xcd9e8d57} * counter[2];
    counter = {
        static_cast<uint32_t>(right >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(right),
        static_cast<uint32_t>(left >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(left)};
    key[0] += 0x9e3779b9;
    key[1] += 0xbb67ae85;
  }
  return counter;
}

/// The random numbers of one element: of distribution `row` at position `position`.
class Draws {
public:
  Draws(uint64_t seed, uint64_t position, uint32_t row)
      : key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
        counter{static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), row, 0} {}

  /// Uniform in (0, 1).
  double uniform() {
    PhiloxBlock words = philox(counter, key);
    ++counter[3];
    uint64_t bits = (uint64_t{words[1]} << 32 | words[0]) >> 12;
    return (static_cast<double>(bits) + 0.5) * 0x1p-52;
  }

private:
  std::array<uint32_t, 2> key;
  PhiloxBlock counter;
};

} // namespace quern::runtime
