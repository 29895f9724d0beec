// Measures every way to compute a convolution: time, memory and error, of compiled kernels on this
// machine, in turns.
#pragma once

#include "codegen/Target.h"
#include "passes/conv/ConvPolicy.h"
#include "tools/quern/conv/SharedPool.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quern::tools {

class LabProblem;
class TuningCache;

/// What was seen of one algorithm on one convolution.
struct ConvRecord {
  ir::ConvAlgorithm algorithm = ir::ConvAlgorithm::direct;
  passes::Tile tile{};
  std::string refusal{};  ///< why there can be no figures; empty where there can
  bool hasFailed = false; ///< it applies, but could not be built or run here
  /// Where it depends on the weights, which are not known, whether it applies: the figures are of
  /// made-up weights that it applies to.
  bool isConditional = false;
  bool isKept = false; ///< the figures are of an earlier run, out of the tuning cache
  double msMin = 0, msMedian = 0;
  double msSpread = 0; ///< between the quartiles
  int64_t runs = 0;    ///< that were timed
  int64_t workspaceBytes = 0, weightBytes = 0;
  uint64_t multiplications = 0;       ///< counted in the compiled loops
  double peakGflops = 0;              ///< of the machine, on all threads, when it was timed
  double maxError = 0, meanError = 0; ///< relative to the largest exact output
  double errorBound = 0; ///< what the error of this input and filter cannot exceed, likewise
  double compileSeconds = 0;

  /// Whether there are figures.
  bool isMeasured() const { return refusal.empty() && runs > 0; }
  /// Whether there is a spread: one run has none.
  bool hasSpread() const { return runs > 1; }
  /// Whether they are of weights like any other.
  bool servesAnyWeights() const { return isMeasured() && !isConditional; }
};

/// Whether a record is of the variant that a user names, with an empty tile for any. One that says
/// why an algorithm does not apply is of all its tiles.
bool isVariant(const ConvRecord &record, ir::ConvAlgorithm algorithm, const passes::Tile &tile);

struct LabOptions {
  unsigned threads = 1;
  double secondsEach = 0.25; ///< of timing at most, for each variant on average
  /// Measure these only; empty: all that apply.
  std::vector<std::pair<ir::ConvAlgorithm, passes::Tile>> variants{};
  /// Measure anew what the tuning cache has.
  bool isFresh = false;
  /// Told what is being done, and how much of it is done of how much; one call at a time.
  std::function<void(const std::string &what, size_t done, size_t total)> progress{};
  /// Only times are asked for: made-up weights stand for such as every algorithm can serve.
  bool onlyTimes = false;
};

/// What a convolution of a model computes on.
struct ConvNumbers {
  std::vector<double> filter{}; ///< [O, C / groups, kernel...]; empty: made up
  std::vector<float> input{};   ///< [N, C, extents...]; empty: random
};
/// Convolutions of one shape whose weights are known.
using Occurrences = std::vector<ConvNumbers>;

/// Measures convolutions for the machine that it runs on.
class ConvLab {
public:
  ConvLab(const codegen::Target &target, LabOptions options);

  /// All variants of `shape`, those that do not apply among them, in the order of the algorithms.
  /// Errors are the largest over `occurrences`; where there are none, on made-up weights, and for
  /// each algorithm on such as it applies to. Times are those of the first.
  std::vector<ConvRecord> measure(const passes::ConvShape &shape,
                                  const Occurrences &occurrences = {});

  /// The same, without measuring.
  std::vector<ConvRecord> list(const passes::ConvShape &shape,
                               const Occurrences &occurrences = {}) const;

  /// GFLOP/s of this machine on the lab's threads, of what kernels for `element`, the same at all
  /// calls, compute in: measured once.
  double peak(passes::ConvElement element);

  /// Why something that was measured could not be kept in the tuning cache; empty where all was.
  const std::string &keepFailure() const { return theKeepFailure; }

private:
  struct Attempt;
  struct Problems;
  std::vector<Attempt> buildAll(const passes::ConvShape &shape,
                                const std::vector<ConvRecord> &records, Problems &problems);
  std::vector<Attempt> judge(std::vector<ConvRecord> &records, Problems &problems,
                             const passes::ConvShape &shape);
  static void tryOut(ConvRecord &record, Attempt &attempt, LabProblem &problem);
  void keep(const TuningCache &cache, const std::string &what,
            const std::vector<ConvRecord> &records);
  std::string timesKey(const passes::ConvShape &shape) const;
  /// Of all variants that are asked for, where one race had them all: times of different races do
  /// not compare well.
  std::optional<std::vector<ConvRecord>> keptTimes(const passes::ConvShape &shape,
                                                   const TuningCache &cache) const;
  void report(const std::string &what, size_t done, size_t total) const;
  void leaveOutHopeless(std::vector<ConvRecord> &records, const passes::ConvShape &shape) const;
  std::vector<ConvRecord> measureAnew(const passes::ConvShape &shape,
                                      const Occurrences &occurrences);

  const codegen::Target &target;
  LabOptions options;
  SharedPool pool;
  std::optional<double> knownPeak;
  std::string theKeepFailure;
};

/// choose-conv's timer: what the lab measures, out of the tuning cache where that has it.
class LabTimer final : public passes::ConvTimer {
public:
  /// Of timing at most, for each variant on average.
  static constexpr double secondsEach = 0.1;

  LabTimer(const codegen::Target &target, unsigned threads) : target(target), threads(threads) {}
  void measure(const passes::ConvShape &shape,
               std::vector<passes::ConvCandidate> &candidates) override;

private:
  const codegen::Target &target;
  unsigned threads;
  bool hasNoted = false; ///< that what was measured is not kept
};

} // namespace quern::tools
