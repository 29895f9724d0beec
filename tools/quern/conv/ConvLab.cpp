#include "tools/quern/conv/ConvLab.h"

#include "codegen/halide/KernelCache.h"
#include "runtime/ModelImage.h"
#include "tools/quern/ModelSource.h"
#include "tools/quern/conv/BuiltConv.h"
#include "tools/quern/conv/ExactConv.h"
#include "tools/quern/conv/PeakRate.h"
#include "tools/quern/conv/TuningCache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace quern::tools {
namespace {

std::vector<float> randomValues(size_t count, uint32_t seed, double scale) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = static_cast<float>((static_cast<double>(random()) * 0x1p-31 - 1) * scale);
  return values;
}

/// One variant that compiled, with its times so far.
struct Runner {
  ConvRecord *record;
  std::unique_ptr<BuiltConv> built;
  std::vector<double> times;
};

double quantile(std::vector<double> sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
}

/// Runs all in turns, so that what disturbs one disturbs all, until the time is used up and
/// everybody had some turns.
void timeInTurns(std::vector<Runner> &runners, const float *input, float *output,
                 double secondsEach) {
  constexpr size_t leastTurns = 5, mostTurns = 400;
  double budget = secondsEach * static_cast<double>(runners.size()) * 1000, used = 0;
  for (size_t turn = 0; turn < leastTurns || (used < budget && turn < mostTurns); ++turn)
    for (Runner &runner : runners) {
      runner.times.push_back(runner.built->run(input, output));
      used += runner.times.back();
    }
  for (Runner &runner : runners) {
    std::sort(runner.times.begin(), runner.times.end());
    runner.record->msMin = runner.times.front();
    runner.record->msMedian = quantile(runner.times, 0.5);
    runner.record->msSpread = quantile(runner.times, 0.75) - quantile(runner.times, 0.25);
  }
}

/// The largest sum of absolute weights of an output channel times the largest input: what error
/// bounds are relative to.
double boundScale(const passes::ConvShape &shape, const std::vector<float> &filter) {
  size_t each = filter.size() / static_cast<size_t>(shape.outChannels);
  double largest = 0;
  for (size_t begin = 0; begin < filter.size(); begin += each) {
    double sum = 0;
    for (size_t i = begin; i < begin + each; ++i)
      sum += std::fabs(filter[i]);
    largest = std::max(largest, sum);
  }
  return largest; // inputs are within [-1, 1]
}

bool isWanted(const ConvRecord &record, const LabOptions &options) {
  return options.variants.empty() || llvm::any_of(options.variants, [&](const auto &variant) {
           return variant.first == record.algorithm &&
                  (variant.second.empty() || variant.second == record.tile);
         });
}

std::vector<ConvRecord> allVariants(const passes::ConvShape &shape, const LabOptions &options) {
  std::vector<ConvRecord> records;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms()) {
    ConvRecord record{.algorithm = algorithm->kind()};
    record.refusal = algorithm->refusal(shape);
    if (!record.refusal.empty()) {
      records.push_back(record);
      continue;
    }
    for (const passes::Tile &tile : algorithm->tiles(shape)) {
      record.tile = tile;
      records.push_back(record);
    }
  }
  llvm::erase_if(records, [&](const ConvRecord &record) { return !isWanted(record, options); });
  return records;
}

} // namespace

ConvLab::ConvLab(const codegen::Target &target, LabOptions options)
    : target(target), options(std::move(options)) {}

double ConvLab::peak() {
  if (knownPeak == 0)
    knownPeak = peakGflops(options.threads);
  return knownPeak;
}

std::vector<ConvRecord> ConvLab::measure(const passes::ConvShape &shape,
                                         const std::vector<float> &filter) {
  std::string what = fmt::format(
      "{}; {} threads; filter {:016x}; {} s", shape.text(), options.threads,
      runtime::hashBytes(filter.data(), filter.size() * sizeof(float)), options.secondsEach);
  for (const auto &[algorithm, tile] : options.variants)
    what += "; " + passes::variantText(algorithm, tile);
  TuningCache cache(cacheFolder(),
                    processorName() + "; " + target.halide + "; " + codegen::buildIdentity());
  if (!options.isFresh)
    if (std::optional<std::vector<ConvRecord>> known = cache.find(what))
      return *known;
  bool isWhole = true;
  std::vector<ConvRecord> records = measureAnew(shape, filter, isWhole);
  // What could not be built this time may be another time.
  if (isWhole)
    cache.insert(what, records);
  return records;
}

std::vector<ConvRecord> ConvLab::measureAnew(const passes::ConvShape &shape,
                                             std::vector<float> filter, bool &isWhole) {
  auto weights = static_cast<size_t>(shape.filterBytes()) / sizeof(float);
  if (filter.empty())
    filter = randomValues(
        weights, 5, 1 / std::sqrt(static_cast<double>(shape.channelsPerGroup() * shape.taps())));
  std::vector<float> input =
      randomValues(static_cast<size_t>(shape.inputBytes()) / sizeof(float), 6, 1);
  std::vector<float> output(static_cast<size_t>(shape.outputBytes()) / sizeof(float));
  ExactConv exact(shape, input, filter);
  double largest = exact.largest();

  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  std::vector<ConvRecord> records = allVariants(shape, options);
  std::vector<Runner> runners;
  for (ConvRecord &record : records) {
    if (!record.refusal.empty())
      continue;
    std::unique_ptr<BuiltConv> built =
        BuiltConv::build(*context, {shape, record.algorithm, record.tile}, filter, target,
                         options.threads, record.refusal);
    if (!built) {
      isWhole = false;
      continue;
    }
    std::fill(output.begin(), output.end(), std::nanf(""));
    built->run(input.data(), output.data());
    ConvError error = exact.compare(output);
    record.maxError = error.max;
    record.meanError = error.mean;
    record.errorBound = passes::convAlgorithm(record.algorithm).errorBound(shape, record.tile) *
                        boundScale(shape, filter) / largest;
    record.workspaceBytes = built->workspaceBytes();
    record.weightBytes = built->weightBytes();
    record.multiplications = built->multiplications();
    record.compileSeconds = built->compileSeconds();
    runners.push_back({&record, std::move(built), {}});
  }
  timeInTurns(runners, input.data(), output.data(), options.secondsEach);
  return records;
}

void LabTimer::measure(const passes::ConvShape &shape,
                       std::vector<passes::ConvCandidate> &candidates) {
  LabOptions options{.threads = threads, .secondsEach = 0.1};
  for (const passes::ConvCandidate &candidate : candidates)
    if (candidate.refusal.empty())
      options.variants.emplace_back(candidate.algorithm, candidate.tile);
  for (const ConvRecord &record : ConvLab(target, options).measure(shape))
    for (passes::ConvCandidate &candidate : candidates) {
      if (candidate.algorithm != record.algorithm || candidate.tile != record.tile)
        continue;
      if (record.refusal.empty())
        candidate.milliseconds = record.msMin;
      else if (candidate.refusal.empty())
        candidate.refusal = record.refusal;
    }
}

} // namespace quern::tools
