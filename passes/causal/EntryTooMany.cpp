#include "passes/causal/EntryTooMany.h"

#include "ir/Infer.h"
#include "passes/causal/Classes.h"
#include "passes/causal/Combined.h"
#include "passes/causal/ReceptiveField.h"

namespace quern::passes {
namespace {

constexpr int32_t in = 1;

/// `in` for elements of this rank.
RankTensor marked(RankTensor ranks, int64_t wanted) {
  for (int32_t &rank : ranks.data())
    rank = rank == wanted ? in : RankTensor::never;
  return ranks;
}

/// How many elements of `before` are not in `after` although their rank is one that may be.
template <typename MayBe>
int64_t lost(const RankTensor &before, const RankTensor &after, const RankTensor &ranks,
             MayBe mayBe) {
  RankTensor gone =
      combined(before, after, [](int32_t was, int32_t is) { return was == in && is != in; });
  gone = combined(std::move(gone), ranks,
                  [&](int32_t isGone, int32_t rank) { return isGone == 1 && mayBe(rank); });
  return llvm::count(gone.data(), 1);
}

/// The mask of a read, whichever way it is kept.
ReadMask wholeMask(const Read &read) {
  if (!read.admitted)
    return *read.mask;
  ReadMask mask{{read.admitted->resultAxis}, {read.admitted->map}, {}};
  for (llvm::ArrayRef<KeyRun> runs : read.admitted->runs) {
    std::vector<uint8_t> row(static_cast<size_t>(read.maps[mask.maps.front()].taps), 0);
    for (KeyRun run : runs)
      std::fill(row.begin() + run.first, row.begin() + run.end, 1);
    mask.kept.insert(mask.kept.end(), row.begin(), row.end());
  }
  return mask;
}

/// How many rows and columns differ.
int64_t kindsOf(llvm::ArrayRef<uint8_t> kept, size_t width) {
  std::vector<std::vector<uint8_t>> rows, columns(width);
  for (; !kept.empty(); kept = kept.drop_front(width)) {
    rows.emplace_back(kept.begin(), kept.begin() + width);
    for (auto [column, isKept] : llvm::zip_equal(columns, rows.back()))
      column.push_back(isKept);
  }
  auto kinds = [](llvm::ArrayRef<std::vector<uint8_t>> members) {
    return static_cast<int64_t>(classesOf<uint8_t>(members).representatives.size());
  };
  return kinds(rows) + kinds(columns);
}

/// An entry of a mask.
class MaskEntry {
public:
  /// That which a step reads through. None where that is no single tap of a row.
  static std::optional<MaskEntry> of(const CausalAnalysis &analysis, const PathStep &step) {
    const Reads &reads = analysis.available.readsOf(step.op);
    for (auto [number, read] : llvm::enumerate(reads)) {
      if (read.operand != step.operand || (!read.mask && !read.admitted))
        continue;
      ReadMask mask = wholeMask(read);
      if (mask.maps.size() != 1)
        return std::nullopt;
      const AxisMap &map = read.maps[mask.maps.front()];
      if (map.operand.count != 1 || map.result.count != 0 || !map.table.empty())
        return std::nullopt;
      int64_t row = 0;
      for (int64_t axis : mask.resultAxes)
        row = row * ir::tensorType(step.op->getResult(0)).getDimSize(axis) + step.element[axis];
      MaskEntry entry;
      entry.op = step.op;
      entry.read = number;
      entry.width = static_cast<size_t>(map.taps);
      entry.at = static_cast<size_t>(row * map.taps + step.readElement[map.operand.first]);
      entry.mask = std::move(mask);
      return entry;
    }
    return std::nullopt;
  }

  /// What the op reads without it.
  Reads readsWithout(const CausalAnalysis &analysis) const {
    Reads reads = analysis.available.readsOf(op);
    reads[read].admitted.reset();
    reads[read].mask = mask;
    reads[read].mask->kept[at] = 0;
    return reads;
  }

  /// By how many more rows and columns differ without it.
  int64_t kindsMore() const {
    std::vector<uint8_t> without = mask.kept;
    without[at] = 0;
    return kindsOf(without, width) - kindsOf(mask.kept, width);
  }

  mlir::Operation *op = nullptr;

private:
  size_t read = 0, width = 0, at = 0;
  ReadMask mask;
};

/// While it lives, a mask is taken not to have an entry.
class Without {
public:
  Without(const CausalAnalysis &analysis, const MaskEntry &entry)
      : cache(analysis.available.reads()), op(entry.op),
        own(cache.exchange(op, entry.readsWithout(analysis))) {}
  Without(const Without &) = delete;
  Without &operator=(const Without &) = delete;
  ~Without() { cache.exchange(op, std::move(own)); }

private:
  ReadCache &cache;
  mlir::Operation *op;
  Reads own;
};

/// What depends on the input of a path, and what its output depends on.
class Ends {
public:
  Ends(const CausalAnalysis &analysis, const Counterexample &path)
      : analysis(analysis), inputRank(analysis.positions.rankOf(path.inputPosition)),
        outputRank(analysis.positions.rankOf(path.outputPosition)), now(sets()) {}

  /// How many of the dependences that may be there are not, without an entry.
  int64_t lostWithout(const MaskEntry &entry) const {
    Without without(analysis, entry);
    const Positions &positions = analysis.positions;
    Sets then = sets();
    auto mayRead = [&](int64_t output, int64_t input) {
      return input <= positions.limit(output) + analysis.ahead;
    };
    return lost(now.outputs, then.outputs, positions.outputRanks(),
                [&](int64_t output) { return mayRead(output, inputRank); }) +
           lost(now.inputs, then.inputs, positions.inputRanks(),
                [&](int64_t input) { return mayRead(outputRank, input); });
  }

private:
  struct Sets {
    RankTensor outputs, inputs;
  };

  Sets sets() const {
    const Positions &positions = analysis.positions;
    RanksOfValues reached =
        analysis.available.ofInput(analysis.input(), marked(positions.inputRanks(), inputRank));
    RanksOfValues read = sweepBack(analysis, marked(positions.outputRanks(), outputRank), true);
    return {ranksIn(reached, analysis.output()), ranksIn(read, analysis.input())};
  }

  const CausalAnalysis &analysis;
  int64_t inputRank, outputRank;
  Sets now;
};

bool keepsContractWithout(const CausalAnalysis &analysis, const MaskEntry &entry) {
  Without without(analysis, entry);
  RanksOfValues ranks =
      analysis.available.ofInput(analysis.input(), analysis.positions.inputRanks());
  return judge(analysis, ranksIn(ranks, analysis.output())).isCausal;
}

} // namespace

std::optional<size_t> entryTooMany(const CausalAnalysis &analysis, const Counterexample &path,
                                   llvm::ArrayRef<size_t> steps) {
  std::vector<std::pair<size_t, MaskEntry>> mending;
  for (size_t step : steps)
    if (auto entry = MaskEntry::of(analysis, path.steps[step]);
        entry && keepsContractWithout(analysis, *entry))
      mending.emplace_back(step, std::move(*entry));
  if (mending.empty())
    return std::nullopt;
  if (mending.size() == 1)
    return mending.front().first;
  Ends ends(analysis, path);
  auto costs = llvm::map_to_vector(mending, [&](const auto &candidate) {
    return std::pair(ends.lostWithout(candidate.second), candidate.second.kindsMore());
  });
  return mending[llvm::min_element(costs) - costs.begin()].first;
}

} // namespace quern::passes
