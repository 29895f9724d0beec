#include "tools/quern/conv/page/Plots.h"

#include "tools/quern/Compilation.h"
#include "tools/quern/conv/page/AlgorithmStyle.h"
#include "tools/quern/conv/page/Axis.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace quern::tools {
namespace {

constexpr double width = 900;
/// Errors below this are drawn as this: single precision knows no better.
constexpr double leastError = 1e-8;

std::string variantName(const ConvRecord &record) {
  return passes::variantText(record.algorithm, record.tile);
}

std::string tipOf(const ConvLayer &layer, const ConvRecord &record) {
  std::string spread =
      record.hasSpread() ? fmt::format("spread {:.2g}", record.msSpread) : std::string(oneRunText);
  return fmt::format("{}\n{}\n{:.4g} ms ({})\n{:.1f} GFLOP/s, {:.1f} true, {:.0f} % of "
                     "peak\nworkspace {}, weights {}\nerror {:.1e} at most, {:.1e} on average",
                     layer.name(), variantName(record), record.msMedian, spread,
                     effectiveGflops(layer, record), trueGflops(record), 100 * peakShare(record),
                     byteText(record.workspaceBytes), byteText(record.weightBytes), record.maxError,
                     record.meanError);
}

/// Names of variants beside their marks, on the side that has room, with a line where a name had
/// to make way for another.
void nameMarks(Svg &svg, const std::vector<std::pair<Point, const ConvRecord *>> &marks,
               const Frame &frame) {
  double middle = (frame.left + frame.right) / 2;
  std::vector<double> heights;
  for (const auto &[point, record] : marks)
    heights.push_back(point.y + 4);
  keepApart(heights, 14, frame.top + 8, frame.bottom - 2);
  for (auto [marked, height] : llvm::zip_equal(marks, heights)) {
    const auto &[point, record] = marked;
    std::string part = partOf(record->algorithm);
    double side = point.x < middle ? 1 : -1;
    svg.line(point, {point.x + 18 * side, height - 4}, "grid " + part);
    svg.text({point.x + 20 * side, height}, variantName(*record),
             side > 0 ? Anchor::start : Anchor::end, "small " + part);
  }
}

void markAlgorithm(Svg &svg, Point at, ir::ConvAlgorithm kind, std::string_view tip) {
  svg.mark(at, markOf(kind), colourOf(kind), tip);
}

/// An extent of a convolution that a range can vary.
struct Extent {
  const char *name;
  int64_t (*of)(const passes::ConvShape &);
};

constexpr Extent extents[] = {
    {"filter size", [](const passes::ConvShape &shape) { return shape.axes.back().kernel; }},
    {"image size", [](const passes::ConvShape &shape) { return shape.axes.back().in; }},
    {"input channels", [](const passes::ConvShape &shape) { return shape.inChannels; }},
    {"output channels", [](const passes::ConvShape &shape) { return shape.outChannels; }},
    {"batch", [](const passes::ConvShape &shape) { return shape.batch; }},
    {"filter height", [](const passes::ConvShape &shape) { return shape.axes.front().kernel; }},
    {"image height", [](const passes::ConvShape &shape) { return shape.axes.front().in; }},
};

/// The extent with the most values; null where all layers have one shape.
const Extent *sweptExtent(const std::vector<ConvLayer> &layers) {
  const Extent *swept = nullptr;
  size_t most = 1;
  for (const Extent &extent : extents) {
    std::set<int64_t> values;
    for (const ConvLayer &layer : layers)
      values.insert(extent.of(layer.shape));
    if (values.size() > most) {
      most = values.size();
      swept = &extent;
    }
  }
  return swept;
}

/// Whether an extent differs between layers that have the swept one in common.
bool isFree(const Extent &extent, const Extent &swept, const std::vector<ConvLayer> &layers) {
  return llvm::any_of(layers, [&](const ConvLayer &a) {
    return llvm::any_of(layers, [&](const ConvLayer &b) {
      return swept.of(a.shape) == swept.of(b.shape) && extent.of(a.shape) != extent.of(b.shape);
    });
  });
}

bool areEqual(const Extent &a, const Extent &b, const std::vector<ConvLayer> &layers) {
  return llvm::all_of(
      layers, [&](const ConvLayer &layer) { return a.of(layer.shape) == b.of(layer.shape); });
}

/// The extents that tell layers from each other besides the swept one; one of those that are equal.
std::vector<const Extent *> otherExtents(const std::vector<ConvLayer> &layers,
                                         const Extent &swept) {
  std::vector<const Extent *> others;
  for (const Extent &extent : extents)
    if (&extent != &swept && isFree(extent, swept, layers) &&
        llvm::none_of(others, [&](const Extent *o) { return areEqual(*o, extent, layers); }))
      others.push_back(&extent);
  return others;
}

/// "input channels 64, batch 2".
std::string textOf(const std::vector<const Extent *> &extents, const std::vector<int64_t> &values) {
  std::string text;
  for (auto [extent, value] : llvm::zip_equal(extents, values))
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", extent->name, value);
  return text;
}

std::string crossoverPlot(const ConvSetting &setting, const std::vector<const ConvLayer *> &layers,
                          const Extent &swept, const std::string &title) {
  struct Curve {
    ir::ConvAlgorithm kind;
    std::vector<std::pair<double, const ConvRecord *>> points;
  };
  std::vector<Curve> curves;
  std::vector<double> sizes, times;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms()) {
    Curve curve{algorithm->kind(), {}};
    for (const ConvLayer *layer : layers)
      if (const ConvRecord *record = fastest(layer->records, setting.budgets, curve.kind)) {
        curve.points.emplace_back(static_cast<double>(swept.of(layer->shape)), record);
        sizes.push_back(curve.points.back().first);
        times.push_back(record->msMedian);
      }
    if (!curve.points.empty())
      curves.push_back(std::move(curve));
  }
  if (curves.empty())
    return "";
  Frame frame;
  frame.right = width - 150;
  double largest = *std::max_element(sizes.begin(), sizes.end());
  bool isWide = largest > 32 * *std::min_element(sizes.begin(), sizes.end());
  Axis x(isWide ? Axis::Kind::logarithmic : Axis::Kind::linear, sizes, frame.left, frame.right),
      y(Axis::Kind::logarithmic, times, frame.bottom, frame.top);
  x.name(sizes);
  Svg svg(width, frame.bottom + 50, "Time over " + std::string(swept.name));
  frame.draw(svg, x, y, swept.name, "ms");
  std::vector<double> ends, besides; // of the labels, which stand where their curves end
  for (const Curve &curve : curves) {
    std::vector<Point> path;
    for (auto [size, record] : curve.points)
      path.push_back({x.at(size), y.at(record->msMedian)});
    svg.path(path, "curve " + colourOf(curve.kind));
    for (auto [point, at] : llvm::zip_equal(curve.points, path))
      markAlgorithm(svg, at, curve.kind,
                    fmt::format("{} {:.0f}\n{}\n{:.4g} ms\nerror {:.1e} at most", swept.name,
                                point.first, variantName(*point.second), point.second->msMedian,
                                point.second->maxError));
    ends.push_back(path.back().y + 4);
    besides.push_back(curve.points.back().first < largest ? path.back().x : frame.right + 12);
  }
  keepApart(ends, 15, frame.top + 8, frame.bottom + 4);
  for (auto [curve, end, beside] : llvm::zip_equal(curves, ends, besides)) {
    markAlgorithm(svg, {beside, end - 4}, curve.kind, "");
    svg.text({beside + 10, end}, ir::stringifyConvAlgorithm(curve.kind).str(), Anchor::start,
             partOf(curve.kind));
  }
  return (title.empty() ? "" : fmt::format("<h3>{}</h3>\n", escaped(title))) + svg.finish();
}

} // namespace

std::string speedPlot(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  constexpr double left = 150, right = 620, row = 18, heading = 24;
  double height = 4;
  std::vector<std::vector<const ConvRecord *>> bars;
  for (const ConvLayer &layer : layers) {
    std::vector<const ConvRecord *> &best = bars.emplace_back();
    for (ir::ConvAlgorithm kind : measuredAlgorithms({layer}))
      if (const ConvRecord *record = fastest(layer.records, setting.budgets, kind))
        best.push_back(record);
    height += heading + row * static_cast<double>(std::max<size_t>(best.size(), 1)) + 6;
  }
  Svg svg(width, height, "Speed of each algorithm on each layer");
  double y = 4;
  for (auto [layer, best] : llvm::zip_equal(layers, bars)) {
    std::string times = layer.count > 1 ? fmt::format(", {} times", layer.count) : "";
    std::string shape = layer.label.empty() ? "" : ": " + layer.shape.text();
    svg.text({4, y + 16}, layer.name() + shape + times, Anchor::start, "heading");
    y += heading;
    if (best.empty()) {
      svg.text({left, y + 13}, "none that serves any weights keeps the budgets", Anchor::start,
               "small");
      y += row;
    }
    double least = std::numeric_limits<double>::infinity();
    for (const ConvRecord *record : best)
      least = std::min(least, record->msMedian);
    for (const ConvRecord *record : best) {
      double length = (right - left) * least / record->msMedian;
      std::string named = "small " + partOf(record->algorithm);
      svg.text({left - 8, y + 13}, variantName(*record), Anchor::end, named);
      svg.bar({left, y + 2}, std::max(length, 1.0), row - 4, colourOf(record->algorithm),
              tipOf(layer, *record));
      svg.text({left + std::max(length, 1.0) + 6, y + 13},
               fmt::format("{:.4g} ms, {:.1f} GFLOP/s, {:.0f} % of peak", record->msMedian,
                           effectiveGflops(layer, *record), 100 * peakShare(*record)),
               Anchor::start, named);
      y += row;
    }
    y += 6;
  }
  return svg.finish();
}

std::string errorPlot(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  Frame frame;
  frame.right = width - 40;
  std::vector<double> times, errors{setting.budgets.maxError};
  auto place = [&](const ConvLayer &layer, const ConvRecord &record) {
    double unit = layers.size() > 1 ? fastest(layer.records, setting.budgets)->msMedian : 1;
    return Point{record.msMedian / unit, std::max(record.maxError, leastError)};
  };
  auto forEach = [&](auto visit) {
    for (const ConvLayer &layer : layers)
      if (layers.size() == 1 || fastest(layer.records, setting.budgets))
        for (const ConvRecord &record : layer.records)
          if (record.servesAnyWeights() && std::isfinite(record.maxError))
            visit(layer, record, place(layer, record));
  };
  forEach([&](const ConvLayer &, const ConvRecord &, Point point) {
    times.push_back(point.x);
    errors.push_back(point.y);
  });
  if (times.empty())
    return "";
  Axis x(Axis::Kind::logarithmic, times, frame.left, frame.right),
      y(Axis::Kind::logarithmic, errors, frame.bottom, frame.top);
  Svg svg(width, frame.bottom + 50, "Error against time");
  frame.draw(svg, x, y, layers.size() > 1 ? "time, in times of the layer's fastest" : "ms",
             "largest error");
  svg.line({frame.left, y.at(setting.budgets.maxError)},
           {frame.right, y.at(setting.budgets.maxError)}, "budget");
  svg.text({frame.right - 4, y.at(setting.budgets.maxError) - 5}, "budget", Anchor::end, "small");
  std::vector<std::pair<Point, const ConvRecord *>> marks;
  forEach([&](const ConvLayer &layer, const ConvRecord &record, Point point) {
    Point at{x.at(point.x), y.at(point.y)};
    markAlgorithm(svg, at, record.algorithm, tipOf(layer, record));
    marks.emplace_back(at, &record);
  });
  if (layers.size() == 1)
    nameMarks(svg, marks, frame);
  return svg.finish();
}

std::string crossoverPlots(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  const Extent *swept = sweptExtent(layers);
  if (!swept)
    return "";
  std::vector<const Extent *> others = otherExtents(layers, *swept);
  std::map<std::vector<int64_t>, std::vector<const ConvLayer *>> families;
  for (const ConvLayer &layer : layers) {
    std::vector<int64_t> values;
    for (const Extent *extent : others)
      values.push_back(extent->of(layer.shape));
    families[values].push_back(&layer);
  }
  std::string plots;
  for (const auto &[values, family] : families)
    if (family.size() > 1)
      plots += crossoverPlot(setting, family, *swept, textOf(others, values));
  return plots;
}

} // namespace quern::tools
