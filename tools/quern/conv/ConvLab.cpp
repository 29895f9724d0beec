#include "tools/quern/conv/ConvLab.h"

#include "codegen/halide/KernelCache.h"
#include "runtime/ModelImage.h"
#include "tools/quern/ConvOptions.h"
#include "tools/quern/ModelSource.h"
#include "tools/quern/conv/BuiltConv.h"
#include "tools/quern/conv/ConvJson.h"
#include "tools/quern/conv/InTurns.h"
#include "tools/quern/conv/LabProblem.h"
#include "tools/quern/conv/PeakRate.h"
#include "tools/quern/conv/TuningCache.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace quern::tools {
namespace {

template <typename Number> std::string hashText(const std::vector<Number> &numbers) {
  return fmt::format("{:016x}",
                     runtime::hashBytes(numbers.data(), numbers.size() * sizeof(Number)));
}

/// "winograd:4x4", as a user names it.
std::string argumentText(const ConvRecord &record) {
  std::string text = passes::variantText(record.algorithm, record.tile);
  std::replace(text.begin(), text.end(), ' ', ':');
  return text;
}

bool isWanted(const ConvRecord &record, const LabOptions &options) {
  return options.variants.empty() || llvm::any_of(options.variants, [&](const auto &variant) {
           return isVariant(record, variant.first, variant.second);
         });
}

/// Why a variant cannot serve the weights of all; empty where it can.
std::string weightRefusal(const passes::ConvAlgorithm &algorithm, const passes::ConvShape &shape,
                          const passes::Tile &tile, const Occurrences &occurrences) {
  if (occurrences.empty())
    return algorithm.weightRefusal(shape, tile, std::nullopt);
  std::string why;
  for (size_t i = 0; i < occurrences.size() && why.empty(); ++i)
    why = algorithm.weightRefusal(shape, tile, passes::filterView(shape, occurrences[i].filter));
  return why;
}

/// Those that are worth a thought, and those that are asked for.
llvm::SmallVector<passes::Tile> variantsOf(const passes::ConvAlgorithm &algorithm,
                                           const passes::ConvShape &shape,
                                           const Occurrences &occurrences,
                                           const LabOptions &options) {
  std::vector<passes::Tile> named;
  for (const auto &[kind, tile] : options.variants)
    if (kind == algorithm.kind())
      named.push_back(tile);
  std::optional<passes::FilterView> filter;
  if (!occurrences.empty())
    filter = passes::filterView(shape, occurrences.front().filter);
  return algorithm.tilesWith(shape, filter, named);
}

std::vector<ConvRecord> allVariants(const passes::ConvShape &shape, const Occurrences &occurrences,
                                    const LabOptions &options) {
  std::vector<ConvRecord> records;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms()) {
    ConvRecord record{.algorithm = algorithm->kind()};
    record.refusal = algorithm->refusal(shape);
    if (!record.refusal.empty()) {
      records.push_back(record);
      continue;
    }
    for (const passes::Tile &tile : variantsOf(*algorithm, shape, occurrences, options)) {
      record.tile = tile;
      record.refusal = options.onlyTimes ? "" : weightRefusal(*algorithm, shape, tile, occurrences);
      record.isConditional = occurrences.empty() && !record.refusal.empty();
      if (record.isConditional)
        record.refusal.clear();
      records.push_back(record);
    }
  }
  llvm::erase_if(records, [&](const ConvRecord &record) { return !isWanted(record, options); });
  return records;
}

} // namespace

bool isVariant(const ConvRecord &record, ir::ConvAlgorithm algorithm, const passes::Tile &tile) {
  bool isOfAllTiles = record.tile.empty() && !record.refusal.empty();
  return record.algorithm == algorithm && (tile.empty() || tile == record.tile || isOfAllTiles);
}

/// A variant as it was built, or why it was not.
struct ConvLab::Attempt {
  std::unique_ptr<BuiltConv> conv;
  std::string why;
  double milliseconds = 0; ///< of its first run
};

/// What variants are given to compute.
struct ConvLab::Problems {
  const passes::ConvShape &shape;
  LabProblem common;
  /// For variants that not all weights suit.
  std::map<std::pair<ir::ConvAlgorithm, passes::Tile>, LabProblem> suited = {};

  LabProblem &of(const ConvRecord &record) {
    if (!record.isConditional)
      return common;
    return suited
        .try_emplace({record.algorithm, record.tile}, shape,
                     ConvNumbers{.filter = passes::convAlgorithm(record.algorithm)
                                               .suitableWeights(shape, record.tile)})
        .first->second;
  }
};

ConvLab::ConvLab(const codegen::Target &target, LabOptions options)
    : target(target), options(std::move(options)), pool(this->options.threads) {}

double ConvLab::peak(passes::ConvElement element) {
  if (!knownPeak)
    knownPeak = peakGflops(options.threads, passes::computedBytesOf(element));
  return *knownPeak;
}

std::vector<ConvRecord> ConvLab::list(const passes::ConvShape &shape,
                                      const Occurrences &occurrences) const {
  return allVariants(shape, occurrences, options);
}

std::vector<ConvRecord> ConvLab::measure(const passes::ConvShape &shape,
                                         const Occurrences &occurrences) {
  std::string what = fmt::format("{}; {} threads; {} s{}", shape.text(), options.threads,
                                 options.secondsEach, options.onlyTimes ? "; only times" : "");
  for (const ConvNumbers &numbers : occurrences) {
    what += "; filter " + hashText(numbers.filter);
    if (!numbers.input.empty())
      what += " on " + hashText(numbers.input);
  }
  for (const auto &[algorithm, tile] : options.variants)
    what += "; " + passes::variantText(algorithm, tile);
  TuningCache cache(cacheFolder(),
                    processorName() + "; " + target.halide + "; " + codegen::buildIdentity());
  if (!options.isFresh) {
    std::optional<std::vector<ConvRecord>> records = recordsFrom(cache.find(what).value_or(Json()));
    if (!records && options.onlyTimes)
      records = keptTimes(shape, cache);
    if (records) {
      for (ConvRecord &record : *records)
        record.isKept = true;
      return *records;
    }
  }
  std::vector<ConvRecord> records = measureAnew(shape, occurrences);
  // Where some were measured, what failed will fail again: by this build, on this machine. Where
  // all failed, as without a folder for temporary files, another time may be better.
  if (llvm::any_of(records, [](const ConvRecord &record) { return record.isMeasured(); }) ||
      llvm::none_of(records, [](const ConvRecord &record) { return record.hasFailed; })) {
    keep(cache, what, records);
    if (options.variants.empty() && options.secondsEach >= LabTimer::secondsEach)
      keep(cache, timesKey(shape), records);
  }
  return records;
}

void ConvLab::keep(const TuningCache &cache, const std::string &what,
                   const std::vector<ConvRecord> &records) {
  Json json = Json::array();
  for (const ConvRecord &record : records)
    json.push_back(toJson(record));
  if (llvm::Error error = cache.insert(what, json))
    theKeepFailure = llvm::toString(std::move(error));
}

/// What the last race of all variants is kept by, whatever the weights were.
std::string ConvLab::timesKey(const passes::ConvShape &shape) const {
  return fmt::format("times of {}; {} threads", shape.text(), options.threads);
}

std::optional<std::vector<ConvRecord>> ConvLab::keptTimes(const passes::ConvShape &shape,
                                                          const TuningCache &cache) const {
  std::vector<ConvRecord> race =
      recordsFrom(cache.find(timesKey(shape)).value_or(Json())).value_or(std::vector<ConvRecord>());
  std::vector<ConvRecord> records = list(shape);
  for (ConvRecord &record : records) {
    if (!record.refusal.empty())
      continue;
    auto timed = llvm::find_if(race, [&](const ConvRecord &other) {
      return other.isMeasured() && other.algorithm == record.algorithm && other.tile == record.tile;
    });
    if (timed == race.end())
      return std::nullopt;
    record = *timed;
  }
  return records;
}

void ConvLab::report(const std::string &what, size_t done, size_t total) const {
  if (options.progress)
    options.progress(what, done, total);
}

/// Builds the variants of those records that have no refusal, as many at once as there are
/// processors; where there are fewer variants, each has several to compile its kernels.
std::vector<ConvLab::Attempt> ConvLab::buildAll(const passes::ConvShape &shape,
                                                const std::vector<ConvRecord> &records,
                                                Problems &problems) {
  std::vector<Attempt> attempts(records.size());
  std::vector<llvm::ArrayRef<char>> filters;
  filters.reserve(records.size());
  for (const ConvRecord &record : records)
    filters.push_back(problems.of(record).filterBytes());
  std::atomic<size_t> next = 0;
  size_t done = 0;
  std::mutex reporting;
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  const auto variants = static_cast<unsigned>(
      llvm::count_if(records, [](const ConvRecord &record) { return record.refusal.empty(); }));
  const unsigned jobs = std::max(1U, processors / std::max(1U, variants));
  auto work = [&] {
    std::unique_ptr<mlir::MLIRContext> context = makeContext();
    for (size_t i = next++; i < records.size(); i = next++) {
      const ConvRecord &record = records[i];
      Attempt &attempt = attempts[i];
      if (record.refusal.empty())
        attempt.conv = BuiltConv::build(*context, {shape, record.algorithm, record.tile},
                                        filters[i], target, jobs, pool, attempt.why);
      if (attempt.conv)
        attempt.why.clear(); // of warnings
      std::lock_guard lock(reporting);
      report("compile", ++done, records.size());
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < processors; ++i)
    others.emplace_back(work);
  work();
  for (std::thread &other : others)
    other.join();
  return attempts;
}

/// Runs what was built once and notes its error, the largest so far, and all that is known before
/// any timing; or the reason, where it was not built or does not run.
void ConvLab::tryOut(ConvRecord &record, Attempt &attempt, LabProblem &problem) {
  problem.forget();
  if (attempt.conv && !std::isfinite(attempt.milliseconds = problem.run(*attempt.conv)))
    attempt.why = attempt.conv->lastFailure();
  record.refusal = attempt.why;
  record.hasFailed = !attempt.why.empty();
  if (record.hasFailed)
    return;
  ConvError error = problem.error();
  record.maxError = std::max(record.maxError, error.max);
  record.meanError = std::max(record.meanError, error.mean);
  record.errorBound =
      std::max(record.errorBound, problem.errorBound(record.algorithm, record.tile));
  record.workspaceBytes = attempt.conv->workspaceBytes();
  record.weightBytes = attempt.conv->weightBytes();
  record.multiplications = attempt.conv->multiplications();
  record.compileSeconds = attempt.conv->compileSeconds();
}

/// Builds all variants that have no refusal and tries each out.
std::vector<ConvLab::Attempt> ConvLab::judge(std::vector<ConvRecord> &records, Problems &problems,
                                             const passes::ConvShape &shape) {
  std::vector<Attempt> attempts = buildAll(shape, records, problems);
  for (auto [record, attempt] : llvm::zip_equal(records, attempts))
    if (record.refusal.empty())
      tryOut(record, attempt, problems.of(record));
  return attempts;
}

/// Refuses what nobody has named, takes seconds a run and is far behind, all by the cost model.
void ConvLab::leaveOutHopeless(std::vector<ConvRecord> &records,
                               const passes::ConvShape &shape) const {
  if (!options.variants.empty())
    return;
  constexpr double hopeless = 16;
  double slow = std::max(1.0, 4 * options.secondsEach),
         fastest = std::numeric_limits<double>::infinity();
  passes::Machine machine = machineOf(target, options.threads);
  auto secondsOf = [&](const ConvRecord &record) {
    return passes::convAlgorithm(record.algorithm).cost(shape, record.tile, machine).microseconds *
           1e-6;
  };
  for (const ConvRecord &record : records)
    if (record.refusal.empty())
      fastest = std::min(fastest, secondsOf(record));
  for (ConvRecord &record : records) {
    double seconds = record.refusal.empty() ? secondsOf(record) : 0;
    if (seconds > slow && seconds > hopeless * fastest)
      record.refusal = fmt::format("about {:.1f} s a run by the cost model, {:.0f} times the "
                                   "fastest; --algorithm {} measures it",
                                   seconds, seconds / fastest, argumentText(record));
  }
}

std::vector<ConvRecord> ConvLab::measureAnew(const passes::ConvShape &shape,
                                             const Occurrences &occurrences) {
  Problems problems{shape,
                    LabProblem(shape, occurrences.empty() ? ConvNumbers() : occurrences.front())};
  std::vector<ConvRecord> records = allVariants(shape, occurrences, options);
  leaveOutHopeless(records, shape);
  for (size_t other = 1; other < occurrences.size(); ++other) {
    Problems others{shape, LabProblem(shape, occurrences[other])};
    judge(records, others, shape);
  }
  std::vector<Attempt> attempts = judge(records, problems, shape);
  std::vector<Contestant> contestants;
  std::vector<ConvRecord *> timed;
  for (auto [record, attempt] : llvm::zip_equal(records, attempts)) {
    if (!record.refusal.empty())
      continue;
    LabProblem &problem = problems.of(record);
    contestants.push_back(
        {.run = [&problem, conv = attempt.conv.get()] { return problem.run(*conv); },
         .isRival = !record.isConditional,
         .trial = attempt.milliseconds});
    timed.push_back(&record);
  }
  report("measure", records.size(), records.size());
  timeInTurns(contestants, options.secondsEach);
  for (auto [record, contestant] : llvm::zip_equal(timed, contestants)) {
    record->msMin = contestant.best;
    record->msMedian = contestant.median();
    record->msSpread = contestant.spread();
    record->runs = static_cast<int64_t>(contestant.times.size());
    record->peakGflops = options.onlyTimes ? 0 : peak(shape.element);
  }
  return records;
}

void LabTimer::measure(const passes::ConvShape &shape,
                       std::vector<passes::ConvCandidate> &candidates) {
  LabOptions options{.threads = threads, .secondsEach = secondsEach, .onlyTimes = true};
  for (const passes::ConvCandidate &candidate : candidates)
    if (candidate.refusal.empty())
      options.variants.emplace_back(candidate.algorithm, candidate.tile);
  ConvLab lab(target, options);
  std::vector<ConvRecord> records = lab.measure(shape);
  if (!std::exchange(hasNoted, hasNoted || !lab.keepFailure().empty()) && hasNoted)
    noteNotKept(lab.keepFailure(), "the next compilation");
  for (const ConvRecord &record : records)
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
