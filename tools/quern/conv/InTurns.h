// Timing of several ways to do the same, fairly.
#pragma once

#include <functional>
#include <limits>
#include <vector>

namespace quern::tools {

/// One way, and how long each of its runs took so far.
struct Contestant {
  std::function<double()> run; ///< does it once; returns milliseconds
  std::vector<double> times{};
  double best = std::numeric_limits<double>::infinity(), total = 0; ///< of the times

  void take(); ///< one turn
  double median() const;
  /// Between the quartiles.
  double spread() const;
};

/// Runs all in turns, so that what disturbs one disturbs all, until the order of their medians has
/// held for some while, or until `secondsEach` have passed for each, with all that runs take
/// besides. Who is several times slower than the best sits out after a few turns.
void timeInTurns(std::vector<Contestant> &contestants, double secondsEach);

} // namespace quern::tools
