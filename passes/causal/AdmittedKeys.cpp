#include "passes/causal/AdmittedKeys.h"

#include "ir/Infer.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/ElementRows.h"
#include "passes/causal/MaskRows.h"
#include "passes/causal/Propagate.h"

#include "llvm/Support/MathExtras.h"

namespace quern::passes {
namespace {

void addRun(llvm::SmallVectorImpl<KeyRun> &runs, int64_t first, int64_t end) {
  if (!runs.empty() && runs.back().end == first)
    runs.back().end = static_cast<int32_t>(end);
  else
    runs.push_back({static_cast<int32_t>(first), static_cast<int32_t>(end)});
}

using KeyRuns = llvm::SmallVector<KeyRun, 1>;

/// The runs of keys for which a row of truth values holds; nothing where it is no such row.
std::optional<KeyRuns> runsOf(llvm::ArrayRef<Progression> row, int64_t keys) {
  KeyRuns runs;
  for (auto [at, part] : llvm::enumerate(row)) {
    int64_t end = at + 1 < row.size() ? row[at + 1].first : keys;
    if (part.step != 0)
      return std::nullopt;
    if (part.value != 0)
      addRun(runs, part.first, end);
  }
  return runs;
}

template <typename Number> KeyRuns runsOf(llvm::ArrayRef<Number> row) {
  KeyRuns runs;
  for (auto [key, is] : llvm::enumerate(row))
    if (is != 0)
      addRun(runs, static_cast<int64_t>(key), static_cast<int64_t>(key) + 1);
  return runs;
}

/// Numbers for the runs of neighbours whose lengths are powers of two: any run consists of two of
/// these, which may overlap.
class RunMaxima {
public:
  explicit RunMaxima(int64_t count) {
    for (int64_t length = 1; length <= count; length *= 2)
      levels.emplace_back(count - length + 1, RankTensor::never);
  }

  int32_t &element(int64_t at) { return levels.front()[at]; }

  void raise(KeyRun run, int32_t number) {
    std::vector<int32_t> &level = levels[levelOf(run)];
    for (int64_t first : {int64_t(run.first), secondOf(run)})
      level[first] = std::max(level[first], number);
  }

  int32_t max(KeyRun run) const {
    const std::vector<int32_t> &level = levels[levelOf(run)];
    return std::max(level[run.first], level[secondOf(run)]);
  }

  /// From the elements to the runs that hold them.
  void gather() {
    for (size_t at = 1; at < levels.size(); ++at)
      for (size_t first = 0; first < levels[at].size(); ++first)
        levels[at][first] =
            std::max(levels[at - 1][first], levels[at - 1][first + (size_t(1) << (at - 1))]);
  }

  /// From runs to all that they hold.
  void spread() {
    for (size_t at = levels.size(); at-- > 1;)
      for (size_t first = 0; first < levels[at].size(); ++first)
        for (size_t half : {first, first + (size_t(1) << (at - 1))})
          levels[at - 1][half] = std::max(levels[at - 1][half], levels[at][first]);
  }

private:
  static unsigned levelOf(KeyRun run) { return llvm::Log2_32(run.end - run.first); }
  static int64_t secondOf(KeyRun run) { return run.end - (int64_t(1) << levelOf(run)); }

  std::vector<std::vector<int32_t>> levels;
};

/// The read of an operand with an element for each query in place of those for each key, as what it
/// is admitted to comes to.
Read readOfQueries(const Read &read) {
  Read own = read;
  own.admitted = nullptr;
  AxisMap &map = own.maps[read.admitted->map];
  map = {.operand = map.operand, .result = {read.admitted->resultAxis, 1}};
  return own;
}

/// Another tensor of as many axes, stored alike but along `axis`, where it has `extent` elements.
RankTensor withAxis(const RankTensor &tensor, int64_t axis, int64_t extent) {
  llvm::SmallVector<int64_t> shape(tensor.shape()), extents(tensor.extents());
  shape[axis] = extents[axis] = extent;
  return RankTensor(shape, extents, RankTensor::never);
}

/// Calls `visit` with the first elements of each line along `axis` of two tensors that are stored
/// in full along it, and alike but for that.
void forEachLine(const RankTensor &from, RankTensor &to, int64_t axis,
                 llvm::function_ref<void(const int32_t *, int32_t *, int64_t stride)> visit) {
  llvm::ArrayRef<int64_t> extents = from.extents();
  int64_t inner = product(extents.drop_front(axis + 1)), outer = product(extents.take_front(axis));
  const int32_t *source = from.data().data();
  int32_t *target = to.data().data();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i)
      visit(source + o * extents[axis] * inner + i, target + o * to.extents()[axis] * inner + i,
            inner);
}

} // namespace

std::optional<AdmittedKeys> admittedKeys(mlir::Value mask) {
  if (!dependsOnConstantsAlone(mask))
    return std::nullopt;
  mlir::RankedTensorType type = ir::tensorType(mask);
  MaskRows rows(type.getDimSize(1));
  ElementRows elements(type.getDimSize(1));
  AdmittedKeys admitted;
  for (int64_t query = 0; query < type.getDimSize(0); ++query) {
    std::optional<ProgressionRow> row = rows.of(mask, query);
    std::optional<KeyRuns> runs = row ? runsOf(*row, type.getDimSize(1)) : std::nullopt;
    admitted.runs.push_back(runs ? std::move(*runs) : runsOf(elements.of(mask, query)));
  }
  return admitted;
}

std::optional<AdmittedKeys> asRuns(const Read &read) {
  constexpr size_t mostRuns = 4; // of a row, all of which are run through
  const ReadMask &mask = *read.mask;
  if (mask.resultAxes.size() != 1 || mask.maps.size() != 1)
    return std::nullopt;
  AdmittedKeys admitted{.resultAxis = mask.resultAxes.front(), .map = mask.maps.front()};
  if (llvm::any_of(read.maps,
                   [&](const AxisMap &map) { return map.result.contains(admitted.resultAxis); }))
    return std::nullopt;
  size_t runs = 0, taps = static_cast<size_t>(read.maps[admitted.map].taps);
  size_t queries = mask.kept.size() / taps;
  for (llvm::ArrayRef<uint8_t> rest = mask.kept; !rest.empty(); rest = rest.drop_front(taps)) {
    admitted.runs.push_back(runsOf(rest.take_front(taps)));
    runs += admitted.runs.back().size();
  }
  return runs <= mostRuns * queries ? std::optional(std::move(admitted)) : std::nullopt;
}

RankTensor gatherAdmitted(const Read &read, const RankTensor &operand,
                          llvm::ArrayRef<int64_t> resultShape) {
  const AdmittedKeys &admitted = *read.admitted;
  int64_t axis = read.maps[admitted.map].operand.first, keys = operand.shape()[axis];
  RankTensor from = operand.expanded({axis});
  RankTensor seen = withAxis(from, axis, static_cast<int64_t>(admitted.runs.size()));
  forEachLine(from, seen, axis, [&](const int32_t *key, int32_t *query, int64_t stride) {
    RunMaxima maxima(keys);
    for (int64_t at = 0; at < keys; ++at)
      maxima.element(at) = key[at * stride];
    maxima.gather();
    for (auto [at, runs] : llvm::enumerate(admitted.runs))
      for (KeyRun run : runs)
        query[at * stride] = std::max(query[at * stride], maxima.max(run));
  });
  seen.compress();
  return gatherMax(readOfQueries(read), seen, resultShape);
}

RankTensor scatterAdmitted(const Read &read, const RankTensor &wanted,
                           llvm::ArrayRef<int64_t> operandShape) {
  const AdmittedKeys &admitted = *read.admitted;
  int64_t axis = read.maps[admitted.map].operand.first, keys = operandShape[axis];
  llvm::SmallVector<int64_t> byQuery(operandShape);
  byQuery[axis] = static_cast<int64_t>(admitted.runs.size());
  RankTensor from = scatterMax(readOfQueries(read), wanted, byQuery).expanded({axis});
  RankTensor operand = withAxis(from, axis, keys);
  forEachLine(from, operand, axis, [&](const int32_t *query, int32_t *key, int64_t stride) {
    RunMaxima maxima(keys);
    for (auto [at, runs] : llvm::enumerate(admitted.runs))
      for (KeyRun run : runs)
        maxima.raise(run, query[at * stride]);
    maxima.spread();
    for (int64_t at = 0; at < keys; ++at)
      key[at * stride] = maxima.element(at);
  });
  operand.compress();
  return operand;
}

} // namespace quern::passes
