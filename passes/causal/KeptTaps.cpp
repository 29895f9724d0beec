#include "passes/causal/KeptTaps.h"

#include "passes/causal/Combined.h"

namespace quern::passes {

KeptTaps::KeptTaps(const Read &read, llvm::ArrayRef<int64_t> resultShape) {
  if (!read.mask)
    return;
  for (int64_t axis : read.mask->resultAxes)
    rows *= resultShape[axis];
  for (int64_t map : read.mask->maps)
    taps.push_back(read.maps[map].taps);
  kept = read.mask->kept;
}

void KeptTaps::mergeTaps(size_t place, const Classes &classes) {
  int64_t inner = product(llvm::ArrayRef(taps).drop_front(place + 1));
  int64_t outer = rows * product(llvm::ArrayRef(taps).take_front(place));
  auto count = static_cast<int64_t>(classes.representatives.size());
  std::vector<uint8_t> merged(outer * count * inner, 0);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t tap = 0; tap < taps[place]; ++tap)
      for (int64_t i = 0; i < inner; ++i)
        merged[(o * count + classes.classOf[tap]) * inner + i] |=
            kept[(o * taps[place] + tap) * inner + i];
  taps[place] = count;
  kept = std::move(merged);
}

void KeptTaps::mergeRows(const Classes &classes) {
  int64_t length = width();
  std::vector<uint8_t> merged(classes.representatives.size() * length, 0);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t tap = 0; tap < length; ++tap)
      merged[classes.classOf[row] * length + tap] |= kept[row * length + tap];
  rows = static_cast<int64_t>(classes.representatives.size());
  kept = std::move(merged);
}

Classes KeptTaps::equalRows() const {
  std::vector<std::vector<uint8_t>> contents;
  for (int64_t row = 0; row < rows; ++row)
    contents.emplace_back(kept.begin() + row * width(), kept.begin() + (row + 1) * width());
  return classesOf<uint8_t>(contents);
}

RankTensor shownBy(const ReadMask &mask, const RankTensor &result) {
  llvm::SmallVector<int64_t> extents(result.shape().size(), 1);
  for (int64_t axis : mask.resultAxes)
    extents[axis] = result.shape()[axis];
  RankTensor kept(result.shape(), extents, RankTensor::never);
  llvm::copy(mask.kept, kept.data().begin());
  return combined(result, kept, [](int32_t own, int32_t isKept) {
    return isKept != 0 ? own : RankTensor::never;
  });
}

} // namespace quern::passes
