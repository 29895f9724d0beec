// Which points Cook-Toom interpolates at. The error of its transforms grows with the spread of the
// points' powers, and with their closeness; the classic 0, 1, -1, 2, -2, ... is far from the best.
#include "ir/conv/BilinearAlgorithm.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>

namespace quern::ir {

namespace {

/// Magnitudes that are tried, in units of 1/8: dyadic, so that their powers are exact.
constexpr std::array<int64_t, 13> magnitudes{8, 4, 16, 6, 12, 2, 5, 7, 10, 14, 20, 24, 32};

/// typicalErrorFactor of Cook-Toom at `points`, in double precision, without the matrices.
double spread(int64_t outputs, int64_t taps, const std::vector<double> &points) {
  double total = 0;
  auto powers = [](double point, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
      sum += std::pow(point, 2 * i);
    return sum;
  };
  for (size_t a = 0; a <= points.size(); ++a) {
    bool atInfinity = a == points.size();
    std::vector<double> basis{1};
    double scale = 1;
    for (size_t b = 0; b < points.size(); ++b) {
      if (a == b)
        continue;
      basis.insert(basis.begin(), 0);
      for (size_t i = 0; i + 1 < basis.size(); ++i)
        basis[i] -= points[b] * basis[i + 1];
      if (!atInfinity)
        scale *= points[a] - points[b];
    }
    double input = 0;
    for (double coefficient : basis)
      input += coefficient * coefficient;
    total += atInfinity
                 ? input
                 : input * powers(points[a], outputs) * powers(points[a], taps) / (scale * scale);
  }
  return total;
}

/// Tries all sets of magnitudes, each taken with both signs, and a positive single one if wanted.
class Search {
public:
  Search(int64_t outputs, int64_t taps) : outputs(outputs), taps(taps) {
    auto finite = static_cast<size_t>(outputs + taps - 2);
    points.push_back(0);
    single = finite % 2 == 0;
    choosePairs(0, (finite - 1) / 2);
  }

  std::vector<Rational> best() const {
    std::vector<Rational> result;
    result.reserve(bestPoints.size());
    for (double point : bestPoints)
      result.emplace_back(static_cast<int64_t>(point * 8), 8);
    return result;
  }

private:
  void consider() {
    double value = spread(outputs, taps, points);
    // By a margin, so that equal ones are not told apart by rounding.
    if (value < least * (1 - 1e-9)) {
      least = value;
      bestPoints = points;
    }
  }

  void choosePairs(size_t first, size_t pairs) {
    if (pairs == 0) {
      if (single)
        chooseSingle();
      else
        consider();
      return;
    }
    for (size_t i = first; i + pairs <= magnitudes.size(); ++i) {
      double magnitude = static_cast<double>(magnitudes[i]) / 8;
      points.push_back(magnitude);
      points.push_back(-magnitude);
      taken[i] = true;
      choosePairs(i + 1, pairs - 1);
      taken[i] = false;
      points.resize(points.size() - 2);
    }
  }

  void chooseSingle() {
    for (size_t i = 0; i < magnitudes.size(); ++i) {
      if (taken[i])
        continue;
      points.push_back(static_cast<double>(magnitudes[i]) / 8);
      consider();
      points.pop_back();
    }
  }

  int64_t outputs, taps;
  bool single = false;
  std::array<bool, magnitudes.size()> taken{};
  std::vector<double> points, bestPoints;
  double least = std::numeric_limits<double>::infinity();
};

} // namespace

std::vector<Rational> choosePoints(int64_t outputs, int64_t taps) {
  static std::mutex mutex;
  static std::map<std::pair<int64_t, int64_t>, std::vector<Rational>> known;
  std::lock_guard lock(mutex);
  auto [entry, fresh] = known.try_emplace({outputs, taps});
  if (fresh && outputs + taps > 2)
    entry->second = Search(outputs, taps).best();
  return entry->second;
}

} // namespace quern::ir
