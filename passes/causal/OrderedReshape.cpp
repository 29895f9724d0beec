#include "passes/causal/OrderedReshape.h"

namespace quern::passes {
namespace {

/// An ordered axis as a part of a shape: how many elements the axes outside of it have, and how
/// many it has itself.
struct Stretch {
  size_t ordered;
  int64_t outside, extent;
};

/// The ordered axes of a shape, outermost first.
llvm::SmallVector<Stretch> stretchesOf(llvm::ArrayRef<int64_t> shape, const OrderedMap &map,
                                       llvm::ArrayRef<int64_t> extents) {
  llvm::SmallVector<Stretch> stretches;
  int64_t outside = 1;
  for (auto [axis, extent] : llvm::enumerate(shape)) {
    bool isShared = llvm::count(map, static_cast<int64_t>(axis)) > 1;
    int64_t inside = outside;
    for (size_t j = 0; j < map.size(); ++j)
      if (map[j] == static_cast<int64_t>(axis)) {
        stretches.push_back({j, inside, isShared ? extents[j] : extent});
        inside *= stretches.back().extent;
      }
    outside *= extent;
  }
  return stretches;
}

} // namespace

std::optional<OrderedMap> throughReshape(llvm::ArrayRef<int64_t> from, const OrderedMap &map,
                                         llvm::ArrayRef<int64_t> to,
                                         llvm::ArrayRef<int64_t> extents) {
  llvm::SmallVector<Stretch> stretches = stretchesOf(from, map, extents);
  OrderedMap result;
  for (int64_t axis : map)
    result.push_back(std::min<int64_t>(axis, -1));
  llvm::ArrayRef<Stretch> left = stretches;
  int64_t outside = 1;
  for (auto [axis, extent] : llvm::enumerate(to)) {
    llvm::SmallVector<Stretch> taken;
    int64_t inside = outside;
    while (!left.empty() && left.front().outside == inside &&
           outside * extent % (inside * left.front().extent) == 0 &&
           (taken.empty() || left.front().ordered == taken.back().ordered + 1)) {
      taken.push_back(left.front());
      inside *= left.front().extent;
      left = left.drop_front();
    }
    outside *= extent;
    if (taken.empty())
      continue;
    bool isWhole = llvm::all_of(
        taken, [&](const Stretch &stretch) { return stretch.extent == extents[stretch.ordered]; });
    if (inside != outside || (taken.size() > 1 && !isWhole))
      return std::nullopt;
    for (const Stretch &stretch : taken)
      result[stretch.ordered] = static_cast<int64_t>(axis);
  }
  return left.empty() ? std::optional(result) : std::nullopt;
}

} // namespace quern::passes
