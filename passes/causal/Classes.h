// Classes of equal things: the analysis visits one of each.
#pragma once

#include "passes/causal/RankTensor.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <map>

namespace quern::passes {

/// Numbers from 0 for equal things, and the first member of each class.
struct Classes {
  std::vector<int64_t> classOf, representatives;
};

/// Classes of equal vectors.
template <typename T> Classes classesOf(llvm::ArrayRef<std::vector<T>> members) {
  Classes classes;
  std::map<llvm::ArrayRef<T>, int64_t, bool (*)(llvm::ArrayRef<T>, llvm::ArrayRef<T>)> seen(
      [](llvm::ArrayRef<T> a, llvm::ArrayRef<T> b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
      });
  for (auto [at, member] : llvm::enumerate(members)) {
    auto [entry, isNew] = seen.try_emplace(llvm::ArrayRef<T>(member), seen.size());
    if (isNew)
      classes.representatives.push_back(static_cast<int64_t>(at));
    classes.classOf.push_back(entry->second);
  }
  return classes;
}

/// One class for all.
Classes oneClass(int64_t members);

/// The stored elements of each slice along an axis.
std::vector<std::vector<int32_t>> slicesAlong(const RankTensor &tensor, int64_t axis);

} // namespace quern::passes
