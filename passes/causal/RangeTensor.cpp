#include "passes/causal/RangeTensor.h"

#include "llvm/ADT/STLExtras.h"

namespace quern::passes {

bool isAllOrdinary(const RankTensor &ranges) {
  int32_t last = -1;
  return llvm::all_of(ranges.data(), [&](int32_t packed) {
    bool isKnown = packed == std::exchange(last, packed);
    return isKnown || Range::unpacked(packed).isOrdinary();
  });
}

RankTensor boundsOf(const RankTensor &ranges, Bound bound) {
  return mappedRanges(ranges, [=](Range range) {
    switch (bound) {
    case Bound::low:
      return zeroBound + range.low;
    case Bound::high:
      return zeroBound + range.high;
    case Bound::oppositeLow:
      return zeroBound - range.low;
    case Bound::oppositeHigh:
      return zeroBound - range.high;
    }
    llvm_unreachable("all bounds are named");
  });
}

} // namespace quern::passes
