#include "passes/causal/Comparison.h"

#include "ir/Infer.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/Propagate.h"

#include <algorithm>
#include <numeric>

namespace quern::passes {
namespace {

using Numbers = std::vector<int32_t>;

/// A side of a comparison [rows, taps], if it differs along `axis` alone: its number at each
/// coordinate there.
std::optional<Numbers> numbersAlong(mlir::Value side, int64_t axis, int64_t extent) {
  mlir::RankedTensorType type = ir::tensorType(side);
  if (!type.getElementType().isInteger(32))
    return std::nullopt;
  Numbers numbers(static_cast<size_t>(extent));
  if (auto iota = side.getDefiningOp<ir::IotaOp>(); iota && type.getRank() == 2) {
    if (static_cast<int64_t>(iota.getAxis()) != axis)
      return std::nullopt;
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }
  if (type.getRank() != 2 || type.getDimSize(1 - axis) != 1)
    return std::nullopt;
  std::optional<RankTensor> elements = constantElements(side);
  if (!elements)
    return std::nullopt;
  llvm::SmallVector<int64_t> index{0, 0};
  for (index[static_cast<size_t>(axis)] = 0; index[static_cast<size_t>(axis)] < extent;
       ++index[static_cast<size_t>(axis)])
    numbers[static_cast<size_t>(index[static_cast<size_t>(axis)])] = elements->at(index);
  return numbers;
}

/// The taps in the order of their keys.
std::vector<int64_t> byKey(const Comparison &comparison) {
  std::vector<int64_t> taps(comparison.keys.size());
  std::iota(taps.begin(), taps.end(), 0);
  llvm::stable_sort(taps, [&](int64_t a, int64_t b) {
    return comparison.keys[static_cast<size_t>(a)] < comparison.keys[static_cast<size_t>(b)];
  });
  return taps;
}

/// The read of an operand whose elements lie in the order of their keys, each as what all up to it
/// come to: a row reads the last that it is admitted to.
Read readOfLast(const Read &read) {
  const Comparison &comparison = *read.comparison;
  Numbers keys = comparison.keys, places;
  llvm::sort(keys);
  for (int32_t limit : comparison.limits)
    places.push_back(static_cast<int32_t>(llvm::upper_bound(keys, limit) - keys.begin()) - 1);
  Read last = read;
  last.comparison.reset();
  AxisMap &map = last.maps[static_cast<size_t>(comparison.map)];
  map = {.operand = map.operand, .result = {comparison.resultAxis, 1}, .table = std::move(places)};
  return last;
}

/// Calls `visit` with the offsets of all elements along `axis`, for each line of a tensor that is
/// stored in full along it.
void forEachLine(const RankTensor &tensor, int64_t axis,
                 llvm::function_ref<void(int64_t first, int64_t stride)> visit) {
  llvm::ArrayRef<int64_t> extents = tensor.extents();
  int64_t inner = product(extents.drop_front(static_cast<size_t>(axis) + 1));
  int64_t outer = product(extents.take_front(static_cast<size_t>(axis)));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i)
      visit(o * extents[static_cast<size_t>(axis)] * inner + i, inner);
}

} // namespace

std::optional<Comparison> comparisonOf(mlir::Value mask) {
  auto compare = mask.getDefiningOp<ir::CmpOp>();
  mlir::RankedTensorType type = ir::tensorType(mask);
  if (!compare || type.getRank() != 2)
    return std::nullopt;
  using enum ir::CmpPredicate;
  ir::CmpPredicate predicate = compare.getPredicate();
  if (predicate == eq || predicate == ne)
    return std::nullopt;
  bool isKeyFirst = predicate == lt || predicate == le;
  auto keys = numbersAlong(isKeyFirst ? compare.getLhs() : compare.getRhs(), 1, type.getDimSize(1));
  auto limits =
      numbersAlong(isKeyFirst ? compare.getRhs() : compare.getLhs(), 0, type.getDimSize(0));
  if (!keys || !limits)
    return std::nullopt;
  if (predicate == lt || predicate == gt)
    for (int32_t &limit : *limits)
      --limit;
  return Comparison{.keys = std::move(*keys), .limits = std::move(*limits)};
}

RankTensor gatherCompared(const Read &read, const RankTensor &operand,
                          llvm::ArrayRef<int64_t> resultShape) {
  int64_t axis = read.maps[static_cast<size_t>(read.comparison->map)].operand.first;
  std::vector<int64_t> taps = byKey(*read.comparison);
  RankTensor from = operand.expanded({axis}), running = from;
  std::vector<int32_t> &to = running.data();
  forEachLine(running, axis, [&](int64_t first, int64_t stride) {
    int32_t largest = RankTensor::never;
    for (auto [place, tap] : llvm::enumerate(taps)) {
      largest =
          std::max(largest, std::as_const(from).data()[static_cast<size_t>(first + tap * stride)]);
      to[static_cast<size_t>(first + static_cast<int64_t>(place) * stride)] = largest;
    }
  });
  return gatherMax(readOfLast(read), running, resultShape);
}

RankTensor scatterCompared(const Read &read, const RankTensor &wanted,
                           llvm::ArrayRef<int64_t> operandShape) {
  int64_t axis = read.maps[static_cast<size_t>(read.comparison->map)].operand.first;
  std::vector<int64_t> taps = byKey(*read.comparison);
  RankTensor byLast = scatterMax(readOfLast(read), wanted, operandShape).expanded({axis});
  RankTensor operand = byLast;
  std::vector<int32_t> &to = operand.data();
  forEachLine(operand, axis, [&](int64_t first, int64_t stride) {
    int32_t largest = RankTensor::never;
    for (size_t place = taps.size(); place-- > 0;) {
      int64_t at = first + static_cast<int64_t>(place) * stride;
      largest = std::max(largest, std::as_const(byLast).data()[static_cast<size_t>(at)]);
      to[static_cast<size_t>(first + taps[place] * stride)] = largest;
    }
  });
  operand.compress();
  return operand;
}

} // namespace quern::passes
