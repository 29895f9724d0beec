// Random causal models in the language, all of which have step programs.
#pragma once

#include <cstdint>
#include <string>

namespace quern::tests {

/// The text of a model called "random": over T where `seed` is even, over (H, W) where it is odd.
std::string randomCausalModel(uint32_t seed);

} // namespace quern::tests
