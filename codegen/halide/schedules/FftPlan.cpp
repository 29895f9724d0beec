#include "codegen/halide/schedules/FftPlan.h"

#include "codegen/halide/schedules/Parallelism.h"
#include "ir/conv/Dft.h"
#include "ir/conv/Division.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::codegen {

namespace {

constexpr int64_t largestGroup = 512; // samples of one axis that a group transforms at once

using ir::ceilDiv;

/// One group for each axis; a long one is cut where its halves are closest.
void addGroups(FftPlan &plan, size_t first, size_t last) {
  int64_t size = plan.axes[plan.passes[first].axis].size;
  if (size > largestGroup && last > first && plan.axes.size() == 1) {
    size_t cut = first;
    for (size_t i = first; i < last; ++i) {
      auto distance = [&](size_t at) {
        return std::abs(std::log(static_cast<double>(plan.passes[at].stride) *
                                 static_cast<double>(plan.passes[at].stride) /
                                 static_cast<double>(size)));
      };
      if (distance(i) < distance(cut))
        cut = i;
    }
    plan.groups.push_back({first, cut});
    first = cut + 1;
  }
  plan.groups.push_back({first, last});
}

/// Operations of one transform of a tile's channel, by 2.5 N log2 N for real samples.
double transformFlops(const std::vector<FftAxis> &axes) {
  double samples = 1;
  for (const FftAxis &axis : axes)
    samples *= static_cast<double>(axis.size);
  return 2.5 * samples * std::log2(samples + 1);
}

/// The contraction's tile: as many positions as fit beside one or two vectors of weights, each a
/// complex number; several only where they belong to one group.
RegisterTile contractionTile(const FftPlan &plan) {
  const CpuTarget &cpu = plan.cpu;
  const int64_t groups = plan.problem.groups, groupOutputs = plan.problem.outChannels / groups;
  const int64_t positions = plan.positions(), channels = plan.problem.outChannels;
  RegisterTile best;
  double least = std::numeric_limits<double>::infinity();
  for (int nv = 1; nv <= 4; ++nv) {
    if (nv > 1 && groups > 1 && groupOutputs % (int64_t{nv} * cpu.lanes) != 0)
      continue;
    for (int mx = 1; mx <= std::min<int64_t>(positions, 14); ++mx) {
      if (2 * nv * mx + 2 * nv + 1 > cpu.registers)
        break;
      double step = std::max({2.0 * nv * mx, 8.0, (2.0 * nv + 2.0 * mx) / 1.5});
      double computed =
          static_cast<double>(ceilDiv(positions, mx) * ceilDiv(channels, nv * cpu.lanes));
      if (double cost = step * computed; cost < least * 0.999) {
        least = cost;
        best = {.nv = nv, .mx = mx, .my = 1};
      }
    }
  }
  return best;
}

/// Operations of transforms and of products, and bytes.
struct Cost {
  double transforms = 0, products = 0, workspace = 0, weights = 0;
  double flops() const { return transforms + products; }
};

Cost costOf(const SpatialConv &p, const std::vector<FftAxis> &axes, int64_t phases,
            double frequencies, double tiles) {
  auto in = static_cast<double>(p.inChannels * phases), out = static_cast<double>(p.outChannels);
  double pairs = in * out / static_cast<double>(p.groups);
  Cost cost;
  cost.transforms = tiles * transformFlops(axes) * (in + out);
  cost.products = tiles * 8 * frequencies * pairs;
  cost.weights = 8 * frequencies * pairs;
  cost.workspace = p.isDepthwise() ? 0 : 8 * frequencies * tiles * (in + out);
  return cost;
}

/// Nanoseconds of one core, roughly: products near the peak, transforms at a quarter of it, and
/// what does not fit the cache at the rate of memory.
double estimate(const SpatialConv &p, const std::vector<FftAxis> &axes, int64_t phases,
                const CpuTarget &cpu) {
  double frequencies = 1, tiles = static_cast<double>(p.batch);
  for (size_t i = 0; i < axes.size(); ++i) {
    frequencies *= static_cast<double>(i == 0 ? axes[i].size / 2 + 1 : axes[i].size);
    tiles *= static_cast<double>(axes[i].tiles);
  }
  Cost cost = costOf(p, axes, phases, frequencies, tiles);
  // What a channel vector keeps between the passes spills from the cache.
  double stored = 8 * frequencies * cpu.lanes;
  double rate = stored > 0.6 * static_cast<double>(cpu.l2Bytes) ? 0.15 : 0.25;
  return cost.products / (0.8 * cpu.flopsPerNanosecond) +
         cost.transforms / (rate * cpu.flopsPerNanosecond) + cost.weights / 10 +
         2 * cost.workspace / 15;
}

bool sumsSpectra(const SpatialConv &p) {
  return ir::sumsSpectra(p.outChannels, p.inChannels / p.groups, p.groups);
}

FftAxis cutAxis(const ir::UnitStride &unit, int64_t size) {
  int64_t tiles = unit.tiles(size);
  return {.unit = unit, .size = size, .outputs = ceilDiv(unit.kept(), tiles), .tiles = tiles};
}

} // namespace

int64_t FftPlan::samplesGiven(size_t pass) const {
  const FftPass &own = passes[pass];
  if (own.before > 1 || !axes[own.axis].isWhole())
    return own.radix;
  return std::min(own.radix, ceilDiv(axes[own.axis].unit.axis.in, own.stride));
}

bool FftPlan::isElementwise() const { return !sumsSpectra(problem); }

bool FftPlan::hasSampleVectors() const {
  return problem.outChannels == 1 && axes.size() == 1 && groups.size() == 2 && isElementwise() &&
         passes.front().stored % cpu.lanes == 0 && passes.back().radix % cpu.lanes == 0;
}

std::string FftPlan::text() const {
  std::string result;
  for (const FftAxis &axis : axes)
    result += (result.empty() ? "" : "x") + std::to_string(axis.size);
  result += " tiles ";
  for (size_t i = 0; i < axes.size(); ++i)
    result += (i == 0 ? "" : "x") + std::to_string(axes[i].tiles);
  return result;
}

FftPlan planFft(const SpatialConv &problem, const std::vector<int64_t> &sizes,
                const CpuTarget &cpu) {
  FftPlan plan{.problem = problem, .cpu = cpu};
  std::vector<ir::UnitStride> units = ir::unitStrides(problem.axes, sumsSpectra(problem));
  for (size_t i = 0; i < sizes.size(); ++i) {
    plan.axes.push_back(cutAxis(units[i], sizes[i]));
    plan.tiles *= plan.axes.back().tiles;
  }
  plan.phases = ir::phasesOf(units);
  plan.passes = ir::fftPasses(sizes);
  for (size_t first = 0; first < plan.passes.size();) {
    size_t last = first;
    while (last + 1 < plan.passes.size() && plan.passes[last + 1].axis == plan.passes[first].axis)
      ++last;
    addGroups(plan, first, last);
    first = last + 1;
  }
  for (const FftPass &pass : plan.passes)
    plan.frequencies *= pass.stored;
  if (problem.isDepthwise())
    plan.tile = {.nv = 1, .mx = 1, .my = 1};
  else
    plan.tile = contractionTile(plan);
  // The spectrum of one signal's filter is read alone, whatever the vectors run along.
  bool isOneSignal = plan.isElementwise() && !problem.isDepthwise();
  plan.panelWidth = isOneSignal ? 1 : int64_t{plan.tile.nv} * cpu.lanes;
  plan.panels = ceilDiv(problem.outChannels, plan.panelWidth);
  Cost cost = costOf(problem, plan.axes, plan.phases, static_cast<double>(plan.frequencies),
                     static_cast<double>(plan.positions()));
  plan.flops = cost.flops();
  plan.workspaceBytes = cost.workspace + 16.0 * static_cast<double>(plan.frequencies * cpu.lanes);
  plan.parallel = wantedTasks({.flops = 2 * cost.flops(), .bytes = cost.weights}, cpu) > 1;
  return plan;
}

std::vector<int64_t> chooseFftSizes(const SpatialConv &p, const CpuTarget &cpu) {
  // Candidates of each axis: the whole, and smooth sizes for one tile more at a time.
  std::vector<std::vector<int64_t>> candidates;
  std::vector<ir::UnitStride> units = ir::unitStrides(p.axes, sumsSpectra(p));
  for (const ir::UnitStride &unit : units) {
    std::vector<int64_t> sizes;
    int64_t last = 0;
    for (int64_t tiles = 1; tiles <= unit.kept(); ++tiles) {
      int64_t outputs = ceilDiv(unit.kept(), tiles);
      int64_t size = ir::smoothSize(tiles == 1 ? unit.wholeSamples() : unit.samplesFor(outputs));
      if (size != last && ir::isFftSize(size))
        sizes.push_back(last = size);
      if (size < unit.axis.span() + 2 || outputs == 1)
        break;
    }
    candidates.push_back(sizes);
  }
  std::vector<int64_t> best, current(p.axes.size());
  double least = std::numeric_limits<double>::infinity();
  auto search = [&](auto &self, size_t axis) -> void {
    if (axis == p.axes.size()) {
      std::vector<FftAxis> axes;
      for (size_t i = 0; i < current.size(); ++i)
        axes.push_back(cutAxis(units[i], current[i]));
      double cost = estimate(p, axes, ir::phasesOf(units), cpu);
      if (cost < least) {
        least = cost;
        best = current;
      }
      return;
    }
    for (int64_t size : candidates[axis]) {
      current[axis] = size;
      self(self, axis + 1);
    }
  };
  search(search, 0);
  return best;
}

std::vector<int64_t> fftWeightExtents(const FftPlan &plan) {
  if (plan.problem.isDepthwise())
    return {plan.panelWidth, 2, 1, plan.frequencies, plan.panels};
  return {plan.panelWidth, 2, plan.phases * plan.problem.inChannels / plan.problem.groups,
          plan.panels, plan.frequencies};
}

std::vector<float> packFftWeights(const FftPlan &plan,
                                  std::span<const std::complex<double>> spectra) {
  const SpatialConv &p = plan.problem;
  const int64_t inChannels = plan.phases * p.inChannels / p.groups, width = plan.panelWidth;
  int64_t natural = plan.axes[0].size / 2 + 1;
  for (size_t i = 1; i < plan.axes.size(); ++i)
    natural *= plan.axes[i].size;
  std::vector<float> packed(2 * width * inChannels * plan.panels * plan.frequencies);
  std::vector<int64_t> sizes;
  for (const FftAxis &axis : plan.axes)
    sizes.push_back(axis.size);
  std::vector<ir::StoredFrequency> order = ir::storedFrequencies(sizes);
  for (int64_t f = 0; f < plan.frequencies; ++f) {
    auto [index, mirrored] = order[f];
    for (int64_t o = 0; o < p.outChannels; ++o)
      for (int64_t i = 0; i < inChannels; ++i) {
        std::complex<double> value = spectra[(o * inChannels + i) * natural + index];
        int64_t panel = o / width;
        int64_t block = p.isDepthwise() ? panel * plan.frequencies + f
                                        : (f * plan.panels + panel) * inChannels + i;
        float *target = &packed[2 * width * block + o % width];
        target[0] = static_cast<float>(value.real());
        target[width] = static_cast<float>(mirrored ? -value.imag() : value.imag());
      }
  }
  return packed;
}

} // namespace quern::codegen
