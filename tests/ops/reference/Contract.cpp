#include "tests/ops/reference/Reference.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

namespace quern::reference {
namespace {

/// Where each of an operand's axes is found in an index over all labels.
std::vector<size_t> positions(std::span<const int64_t> axes,
                              const std::map<int64_t, size_t> &order) {
  std::vector<size_t> result;
  for (int64_t label : axes) {
    auto found = order.find(label);
    if (found == order.end())
      throw std::invalid_argument(fmt::format("no operand has axis label {}", label));
    result.push_back(found->second);
  }
  return result;
}

void pick(const Index &all, const std::vector<size_t> &where, Index &picked) {
  for (size_t i = 0; i < where.size(); ++i)
    picked[i] = all[where[i]];
}

} // namespace

Tensor contract(const Tensor &lhs, const Tensor &rhs, std::span<const int64_t> lhsAxes,
                std::span<const int64_t> rhsAxes, std::span<const int64_t> resultAxes) {
  std::map<int64_t, size_t> order;
  Shape extents;
  auto declare = [&](const Tensor &operand, std::span<const int64_t> axes) {
    if (axes.size() != operand.shape.size())
      throw std::invalid_argument(
          fmt::format("{} labels for rank {}", axes.size(), operand.shape.size()));
    for (size_t axis = 0; axis < axes.size(); ++axis) {
      auto [entry, isNew] = order.try_emplace(axes[axis], extents.size());
      if (isNew)
        extents.push_back(operand.shape[axis]);
      else if (extents[entry->second] != operand.shape[axis])
        throw std::invalid_argument(fmt::format("label {} is both {} and {}", axes[axis],
                                                extents[entry->second], operand.shape[axis]));
    }
  };
  declare(lhs, lhsAxes);
  declare(rhs, rhsAxes);

  std::vector<size_t> inLhs = positions(lhsAxes, order), inRhs = positions(rhsAxes, order),
                      inResult = positions(resultAxes, order);
  Index atLhs(inLhs.size()), atRhs(inRhs.size()), atResult(inResult.size());
  pick(extents, inResult, atResult);
  Tensor result(atResult);
  forEachIndex(extents, [&](const Index &all) {
    pick(all, inLhs, atLhs);
    pick(all, inRhs, atRhs);
    pick(all, inResult, atResult);
    result.at(atResult) += lhs.at(atLhs) * rhs.at(atRhs);
  });
  return result;
}

} // namespace quern::reference
