// Scores of all pairs of positions, masked at random, and what they weigh.
#pragma once

#include "tests/causal/RandomOps.h"

namespace quern::passes {

class RandomScores : public RandomOps {
public:
  using RandomOps::RandomOps;

  /// Each of `count` positions of x [N, C, spatial...] sums some of all, each times its product
  /// with that, over the batch: scores that a mask makes zero hide what they weigh.
  Value weighByScores(Value x, int64_t count);

private:
  /// Zero where a mask says so, or of what is far below all other numbers there.
  Value masked(Value scores);
  Value lowered(Value scores);
  /// What is zero where x is, though it depends on other elements.
  Value scaled(Value scores, Value sequence);
  /// Other numbers, zero where `scores` are; bounds are beyond all.
  Value disguised(Value scores);
  /// Keys of scores, along `axis`, and what they weigh, [C, T], in another order or behind one
  /// more.
  void moveKeys(Value &scores, int64_t axis, Value &sequence);
};

} // namespace quern::passes
