#include "tools/quern/conv/page/Axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quern::tools {
namespace {

/// The least of 1, 2, 5, 10, 20, … that is no less than `step`.
double roundStep(double step) {
  double power = std::pow(10, std::floor(std::log10(step)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= step * (1 - 1e-9))
      return factor * power;
  return 10 * power;
}

std::string tickText(double value) {
  double size = std::fabs(value);
  return size != 0 && (size < 1e-3 || size >= 1e5) ? fmt::format("{:.0e}", value)
                                                   : fmt::format("{:.4g}", value);
}

} // namespace

double Axis::place(double value) const {
  return kind == Kind::logarithmic ? std::log10(value) : value;
}

Axis::Axis(Kind kind, const std::vector<double> &values, double from, double to)
    : kind(kind), least(0), greatest(1), from(from), to(to) {
  if (!values.empty()) {
    auto [low, high] = std::minmax_element(values.begin(), values.end());
    least = place(*low);
    greatest = place(*high);
  }
  double room = greatest > least ? 0.05 * (greatest - least) : 0.5;
  // Half a decade at least, so that there is something to name.
  if (kind == Kind::logarithmic)
    room = std::max(room, 0.5 * (0.5 - (greatest - least)));
  least -= room;
  greatest += room;
}

double Axis::at(double value) const {
  return from + (place(value) - least) / (greatest - least) * (to - from);
}

void Axis::name(std::vector<double> values) {
  constexpr double room = 36;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  bool isCrowded = std::adjacent_find(values.begin(), values.end(), [&](double a, double b) {
                     return std::fabs(at(b) - at(a)) < room;
                   }) != values.end();
  if (!isCrowded)
    named = std::move(values);
}

std::vector<double> Axis::ticks(int most) const {
  if (!named.empty())
    return named;
  std::vector<double> found;
  if (kind == Kind::linear) {
    double step = roundStep((greatest - least) / most);
    for (double value = std::ceil(least / step) * step; value <= greatest; value += step)
      found.push_back(std::fabs(value) < step / 2 ? 0 : value);
    return found;
  }
  bool isWide = greatest - least > 2.5;
  double decades = std::max(1.0, std::ceil((greatest - least) / most));
  for (double power = std::floor(least); power <= greatest; power += decades)
    for (double factor : {1.0, 2.0, 5.0}) {
      double value = factor * std::pow(10, power);
      if (place(value) >= least && place(value) <= greatest && (factor == 1 || !isWide))
        found.push_back(value);
    }
  return found;
}

void Frame::draw(Svg &svg, const Axis &x, const Axis &y, std::string_view xName,
                 std::string_view yName) const {
  for (double value : x.ticks(10)) {
    svg.line({x.at(value), top}, {x.at(value), bottom}, "grid");
    svg.text({x.at(value), bottom + 16}, tickText(value), Anchor::middle, "tick");
  }
  for (double value : y.ticks(8)) {
    svg.line({left, y.at(value)}, {right, y.at(value)}, "grid");
    svg.text({left - 8, y.at(value) + 4}, tickText(value), Anchor::end, "tick");
  }
  svg.text({(left + right) / 2, bottom + 36}, xName, Anchor::middle);
  svg.text({left - 50, top - 4}, yName);
}

void keepApart(std::vector<double> &coordinates, double gap, double least, double most) {
  std::vector<size_t> order(coordinates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return coordinates[a] < coordinates[b]; });
  auto gaps = std::max(1.0, static_cast<double>(order.size()) - 1);
  gap = std::min(gap, (most - least) / gaps);
  // Without the gaps below it none may lie below the one before: those that would share their mean.
  struct Run {
    double sum, count;
    double mean() const { return sum / count; }
  };
  std::vector<Run> runs;
  for (size_t i = 0; i < order.size(); ++i) {
    runs.push_back({coordinates[order[i]] - gap * static_cast<double>(i), 1});
    while (runs.size() > 1 && runs[runs.size() - 2].mean() > runs.back().mean()) {
      Run last = runs.back();
      runs.pop_back();
      runs.back().sum += last.sum;
      runs.back().count += last.count;
    }
  }
  size_t next = 0;
  double highest = std::max(least, most - gap * static_cast<double>(order.size() - 1));
  for (const Run &run : runs)
    for (double i = 0; i < run.count; ++i, ++next)
      coordinates[order[next]] =
          std::clamp(run.mean(), least, highest) + gap * static_cast<double>(next);
}

} // namespace quern::tools
