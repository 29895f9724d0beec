#include "tools/quern/conv/InTurns.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace quern::tools {
namespace {

constexpr size_t leastTurns = 5;
/// Medians that differ by less than this rank as equal.
constexpr double tie = 0.01;
/// So many times slower than the best is out of the race.
constexpr double hopeless = 4;

double quantile(std::vector<double> times, double share) {
  auto at = times.begin() +
            static_cast<std::ptrdiff_t>(share * static_cast<double>(times.size() - 1) + 0.5);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

double total(const Contestant &contestant) {
  return std::accumulate(contestant.times.begin(), contestant.times.end(), 0.0);
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

double Contestant::best() const { return *std::min_element(times.begin(), times.end()); }
double Contestant::median() const { return quantile(times, 0.5); }
double Contestant::spread() const { return quantile(times, 0.75) - quantile(times, 0.25); }

void timeInTurns(std::vector<Contestant> &contestants, double secondsEach) {
  double most = secondsEach * 1000 * static_cast<double>(contestants.size()), used = 0, fastest = 0;
  // So much each before the order counts: short kernels need more than a few turns.
  double least = most / 5;
  auto sitsOut = [&](const Contestant &contestant) {
    bool hadTurns =
        contestant.times.size() >= leastTurns || total(contestant) > 4 * secondsEach * 1000;
    return hadTurns && contestant.best() > hopeless * fastest;
  };
  Ranking ranking(contestants);
  size_t nextLook = leastTurns;
  for (size_t turn = 1; turn <= leastTurns || used < most; ++turn) {
    for (Contestant &contestant : contestants) {
      if (turn > 1 && sitsOut(contestant))
        continue;
      contestant.times.push_back(contestant.run());
      used += contestant.times.back();
    }
    fastest = contestants.empty() ? 0 : contestants.front().best();
    for (const Contestant &contestant : contestants)
      fastest = std::min(fastest, contestant.best());
    if (turn < nextLook)
      continue;
    nextLook = turn + (turn + 2) / 3;
    if (ranking.holds() && used >= least)
      return;
  }
}

} // namespace quern::tools
