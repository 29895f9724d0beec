#include "passes/causal/Classes.h"

namespace quern::passes {

Classes oneClass(int64_t members) {
  return {std::vector<int64_t>(members, 0), std::vector<int64_t>{0}};
}

std::vector<std::vector<int32_t>> slicesAlong(const RankTensor &tensor, int64_t axis) {
  llvm::ArrayRef<int64_t> extents = tensor.extents();
  int64_t along = extents[axis], inner = product(extents.drop_front(axis + 1));
  int64_t outer = product(extents.take_front(axis));
  std::vector<std::vector<int32_t>> slices(along);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < along; ++i) {
      auto from = tensor.data().begin() + (o * along + i) * inner;
      slices[i].insert(slices[i].end(), from, from + inner);
    }
  return slices;
}

} // namespace quern::passes
