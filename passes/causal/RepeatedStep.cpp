#include "passes/causal/RepeatedStep.h"

namespace quern::passes {
namespace {

/// What each number becomes, ascending by number.
using Renaming = llvm::SmallVector<std::pair<int32_t, int32_t>, 16>;

/// How the numbers of `from` become those of `to`, if numbers that are equal, or less than others,
/// still are; what depends on nothing stays so.
std::optional<Renaming> renaming(llvm::ArrayRef<RankTensor> from, llvm::ArrayRef<RankTensor> to) {
  if (from.size() != to.size())
    return std::nullopt;
  Renaming pairs{{RankTensor::never, RankTensor::never}};
  for (auto [before, after] : llvm::zip_equal(from, to)) {
    if (before.extents() != after.extents())
      return std::nullopt;
    for (auto [number, renamed] : llvm::zip_equal(before.data(), after.data()))
      if (pairs.back() != std::pair(number, renamed))
        pairs.emplace_back(number, renamed);
  }
  llvm::sort(pairs);
  pairs.erase(llvm::unique(pairs), pairs.end());
  for (size_t i = 1; i < pairs.size(); ++i)
    if (pairs[i].first == pairs[i - 1].first || pairs[i].second <= pairs[i - 1].second)
      return std::nullopt;
  return pairs;
}

void rename(RankTensor &tensor, const Renaming &pairs) {
  for (int32_t &number : tensor.data())
    number = llvm::lower_bound(pairs, std::pair(number, RankTensor::never))->second;
}

} // namespace

const RepeatedStep::Tensors &
RepeatedStep::of(Tensors given, llvm::function_ref<Tensors(llvm::ArrayRef<RankTensor>)> compute) {
  if (auto pairs = renaming(lastGiven, given))
    for (RankTensor &result : results)
      rename(result, *pairs);
  else
    results = compute(given);
  lastGiven = std::move(given);
  return results;
}

} // namespace quern::passes
