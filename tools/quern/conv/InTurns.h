// Timing of several ways to do the same, fairly.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <vector>

namespace quern::tools {

/// One way, and how long each of its runs took so far.
struct Contestant {
  std::function<double()> run;      ///< does it once; returns milliseconds
  bool isRival = true;              ///< of the others: being far slower than it is hopeless
  std::optional<double> trial = {}; ///< of a run before any is timed
  std::vector<double> times{};
  double best = std::numeric_limits<double>::infinity(), total = 0; ///< of the times

  void take();                    ///< one turn
  void note(double milliseconds); ///< of one turn
  double median() const;
  /// Between the quartiles.
  double spread() const;
};

/// Runs all in turns, so that what disturbs one disturbs all, until the order of their medians has
/// held for some while, or until `secondsEach` have passed for each, with all that runs take
/// besides. Who is several times slower than the best rival in the first few turns, in which all
/// run, sits out after them: later ones find more of what they read in the caches. A trial that
/// took as long as several of them is its only turn if it took over a second, or several times as
/// long as another.
void timeInTurns(std::vector<Contestant> &contestants, double secondsEach);

} // namespace quern::tools
