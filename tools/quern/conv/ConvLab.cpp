#include "tools/quern/conv/ConvLab.h"

#include "codegen/halide/KernelCache.h"
#include "runtime/ModelImage.h"
#include "tools/quern/ModelSource.h"
#include "tools/quern/conv/BuiltConv.h"
#include "tools/quern/conv/ConvJson.h"
#include "tools/quern/conv/ExactConv.h"
#include "tools/quern/conv/InTurns.h"
#include "tools/quern/conv/PeakRate.h"
#include "tools/quern/conv/TuningCache.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

namespace quern::tools {
namespace {

std::vector<float> randomValues(size_t count, uint32_t seed, double scale) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = static_cast<float>((static_cast<double>(random()) * 0x1p-31 - 1) * scale);
  return values;
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

/// A variant as it was built, or why it was not.
struct Attempt {
  std::unique_ptr<BuiltConv> conv;
  std::string why;
};

/// Builds the variants of those records that have no refusal, as many at once as there are
/// processors.
std::vector<Attempt> buildAll(const passes::ConvShape &shape,
                              const std::vector<ConvRecord> &records, std::span<const float> filter,
                              const codegen::Target &target, unsigned threads) {
  std::vector<Attempt> attempts(records.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    std::unique_ptr<mlir::MLIRContext> context = makeContext();
    for (size_t i = next++; i < records.size(); i = next++) {
      const ConvRecord &record = records[i];
      Attempt &attempt = attempts[i];
      if (!record.refusal.empty())
        continue;
      attempt.conv = BuiltConv::build(*context, {shape, record.algorithm, record.tile}, filter,
                                      target, threads, attempt.why);
      if (attempt.conv)
        attempt.why.clear(); // of warnings
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    others.emplace_back(work);
  work();
  for (std::thread &other : others)
    other.join();
  return attempts;
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

/// What all variants of a convolution compute.
struct Problem {
  passes::ConvShape shape;
  std::vector<float> filter, input, output;
  ExactConv exact;

  /// Without a filter, one of made-up weights.
  Problem(const passes::ConvShape &shape, std::vector<float> given)
      : shape(shape), filter(given.empty() ? madeUpFilter(shape) : std::move(given)),
        input(randomValues(static_cast<size_t>(shape.inputBytes()) / sizeof(float), 6, 1)),
        output(static_cast<size_t>(shape.outputBytes()) / sizeof(float)),
        exact(shape, input, filter) {}

  double run(BuiltConv &conv) { return conv.run(input.data(), output.data()); }

private:
  static std::vector<float> madeUpFilter(const passes::ConvShape &shape) {
    auto terms = static_cast<double>(shape.channelsPerGroup() * shape.taps());
    return randomValues(static_cast<size_t>(shape.filterBytes()) / sizeof(float), 5,
                        1 / std::sqrt(terms));
  }
};

/// Runs what was built once and notes its error and all that is known before any timing. False,
/// with the reason in the record, where it was not built or does not run.
bool tryOut(ConvRecord &record, Attempt &attempt, Problem &problem) {
  std::fill(problem.output.begin(), problem.output.end(), std::nanf(""));
  if (attempt.conv && !std::isfinite(problem.run(*attempt.conv)))
    attempt.why = attempt.conv->lastFailure();
  record.refusal = attempt.why;
  record.hasFailed = !attempt.why.empty();
  if (record.hasFailed)
    return false;
  ConvError error = problem.exact.compare(problem.output);
  record.maxError = error.max;
  record.meanError = error.mean;
  record.errorBound =
      passes::convAlgorithm(record.algorithm).errorBound(problem.shape, record.tile) *
      boundScale(problem.shape, problem.filter) / problem.exact.largest();
  record.workspaceBytes = attempt.conv->workspaceBytes();
  record.weightBytes = attempt.conv->weightBytes();
  record.multiplications = attempt.conv->multiplications();
  record.compileSeconds = attempt.conv->compileSeconds();
  return true;
}

} // namespace

ConvLab::ConvLab(const codegen::Target &target, LabOptions options)
    : target(target), options(std::move(options)) {}

double ConvLab::peak() {
  if (knownPeak == 0)
    knownPeak = peakGflops(options.threads);
  return knownPeak;
}

std::vector<ConvRecord> ConvLab::list(const passes::ConvShape &shape) const {
  return allVariants(shape, options);
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
    if (std::optional<Json> known = cache.find(what))
      if (std::optional<std::vector<ConvRecord>> records = recordsFrom(*known))
        return *records;
  std::vector<ConvRecord> records = measureAnew(shape, filter);
  // What could not be built this time may be another time.
  if (llvm::none_of(records, [](const ConvRecord &record) { return record.hasFailed; })) {
    Json json = Json::array();
    for (const ConvRecord &record : records)
      json.push_back(toJson(record));
    cache.insert(what, json);
  }
  return records;
}

std::vector<ConvRecord> ConvLab::measureAnew(const passes::ConvShape &shape,
                                             std::vector<float> filter) {
  Problem problem(shape, std::move(filter));
  std::vector<ConvRecord> records = allVariants(shape, options);
  std::vector<Attempt> attempts = buildAll(shape, records, problem.filter, target, options.threads);
  std::vector<Contestant> contestants;
  std::vector<ConvRecord *> timed;
  for (auto [record, attempt] : llvm::zip_equal(records, attempts)) {
    if (!record.refusal.empty() || !tryOut(record, attempt, problem))
      continue;
    contestants.push_back({[&problem, conv = attempt.conv.get()] { return problem.run(*conv); }});
    timed.push_back(&record);
  }
  timeInTurns(contestants, options.secondsEach);
  for (auto [record, contestant] : llvm::zip_equal(timed, contestants)) {
    record->msMin = contestant.best();
    record->msMedian = contestant.median();
    record->msSpread = contestant.spread();
    record->runs = static_cast<int64_t>(contestant.times.size());
  }
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
        candidate.milliseconds = record.msMedian;
      else if (candidate.refusal.empty())
        candidate.refusal = record.refusal;
    }
}

} // namespace quern::tools
