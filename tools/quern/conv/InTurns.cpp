#include "tools/quern/conv/InTurns.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace quern::tools {
namespace {

constexpr size_t leastTurns = 5;
/// Medians that differ by less than this rank as equal.
constexpr double tie = 0.01;
/// So many times slower than the best rival is out of the race.
constexpr double hopeless = 4;
/// Milliseconds of a run that need not be repeated to be known.
constexpr double longRun = 1000;

double quantile(std::vector<double> times, double share) {
  auto at = times.begin() + std::lround(share * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

/// The race between contestants, looked at ever more rarely.
class Ranking {
public:
  explicit Ranking(const std::vector<Contestant> &contestants) : contestants(contestants) {}

  /// Whether the order is what it was at each of the last looks.
  bool holds() {
    std::vector<double> medians;
    for (const Contestant &contestant : contestants)
      medians.push_back(contestant.median());
    bool agrees = !order.empty();
    for (size_t i = 1; agrees && i < order.size(); ++i)
      agrees = medians[order[i - 1]] <= medians[order[i]] * (1 + tie);
    agreements = agrees ? agreements + 1 : 0;
    order.resize(medians.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return medians[a] < medians[b]; });
    constexpr int enough = 3;
    return agreements >= enough;
  }

private:
  const std::vector<Contestant> &contestants;
  std::vector<size_t> order;
  int agreements = 0;
};

} // namespace

double Contestant::median() const { return quantile(times, 0.5); }
double Contestant::spread() const { return quantile(times, 0.75) - quantile(times, 0.25); }

void Contestant::take() { note(run()); }

void Contestant::note(double milliseconds) {
  times.push_back(milliseconds);
  best = std::min(best, times.back());
  total += times.back();
}

void timeInTurns(std::vector<Contestant> &contestants, double secondsEach) {
  // By the clock: what a run takes besides its kernel, counts too.
  auto start = std::chrono::steady_clock::now();
  auto used = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double most = secondsEach * static_cast<double>(contestants.size()),
         fastest = std::numeric_limits<double>::infinity();
  // So much each before the order counts: short kernels need more than a few turns.
  double least = most / 5;
  double slow = 4 * secondsEach * 1000;
  for (const Contestant &contestant : contestants)
    if (contestant.isRival)
      fastest = std::min(fastest, contestant.trial.value_or(fastest));
  auto isLong = [&](double milliseconds) { return milliseconds > std::max(slow, longRun); };
  for (Contestant &contestant : contestants)
    if (contestant.trial > slow &&
        (isLong(*contestant.trial) || contestant.trial > hopeless * fastest))
      contestant.note(*contestant.trial);
  auto sitsOut = [&](const Contestant &contestant) {
    bool hadTurns = contestant.times.size() >= leastTurns || contestant.total > slow;
    return hadTurns && (isLong(contestant.best) || contestant.best > hopeless * fastest);
  };
  Ranking ranking(contestants);
  size_t nextLook = leastTurns;
  for (size_t turn = 1; turn <= leastTurns || used() < most; ++turn) {
    bool anyRuns = false;
    for (Contestant &contestant : contestants) {
      if (sitsOut(contestant))
        continue;
      contestant.take();
      anyRuns = true;
    }
    if (!anyRuns)
      return;
    for (const Contestant &contestant : contestants)
      if (contestant.isRival && turn <= leastTurns)
        fastest = std::min(fastest, contestant.best);
    if (turn < nextLook)
      continue;
    nextLook = turn + (turn + 2) / 3;
    if (ranking.holds() && used() >= least)
      return;
  }
}

} // namespace quern::tools
