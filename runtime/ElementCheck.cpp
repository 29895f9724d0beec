#include "runtime/ElementCheck.h"

#include "runtime/DType.h"
#include "runtime/Distribution.h"
#include "runtime/Element.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace quern::runtime {

namespace {

/// How far from a level an element may lie that stands for it, as a part of the way to the next.
double slackOf(const SequenceEntry &order, quern_dtype type, double way) {
  // Types of 16 bits hold a level as well as they can.
  if (dtypeBytes(type) < sizeof(float))
    return 0.5;
  double rounding =
      std::max(std::abs(order.low), std::abs(order.high)) * (type == QUERN_F32 ? 0x1p-24 : 0x1p-53);
  return std::min(0.5, 1e-3 + rounding / way);
}

/// Whether a floating-point element stands for a level, or an integer is one.
bool isLevel(const SequenceEntry &order, quern_dtype type, double value) {
  double level = value, slack = 0;
  if (isFloat(type)) {
    double way = valueOfLevel(order, 1) - order.low;
    level = (value - order.low) / way;
    slack = slackOf(order, type, way);
  }
  double nearest = std::round(level);
  return std::abs(level - nearest) <= slack && nearest >= 0 &&
         nearest < static_cast<double>(order.levels);
}

quern_status refuseLevel(const quern_sequence &sequence, double value, uint64_t position,
                         quern_dtype type) {
  const SequenceEntry &order = sequence.order();
  bool isOfFloats = isFloat(type);
  return sequence.error().set(
      QUERN_INVALID_ARGUMENT,
      "element %.*g at position %llu is none of the %llu levels from %g to %g", digitsOf(type),
      value, static_cast<unsigned long long>(position),
      static_cast<unsigned long long>(order.levels), isOfFloats ? order.low : 0,
      isOfFloats ? order.high : static_cast<double>(order.levels - 1));
}

} // namespace

quern_status checkElements(const quern_sequence &sequence, uint64_t from, uint64_t to,
                           const unsigned char *elements) {
  const SequenceEntry &order = sequence.order();
  auto type = static_cast<quern_dtype>(sequence.image().inputs()[order.input].dtype);
  bool hasLevels = order.distribution == DistributionKind::categorical ||
                   order.distribution == DistributionKind::bernoulli;
  bool mayBeInfinite = order.distribution == DistributionKind::none;
  uint32_t indexed = sequence.image().inputs()[order.input].indexed;
  if (!isFloat(type) && !hasLevels && type != QUERN_BOOL && indexed == 0)
    return QUERN_OK;
  uint64_t bytes = dtypeBytes(type);
  uint64_t each = sequence.image().states()[order.inputState].slotBytes / bytes;
  for (uint64_t i = 0; i < (to - from) * each; ++i) {
    double value = numberAt(type, reinterpret_cast<const std::byte *>(elements + i * bytes));
    uint64_t position = from + i / each;
    if (std::isnan(value) || (std::isinf(value) && !mayBeInfinite))
      return sequence.error().set(QUERN_INVALID_ARGUMENT,
                                  "element %g at position %llu is no finite number", value,
                                  static_cast<unsigned long long>(position));
    if (type == QUERN_BOOL && value > 1)
      return sequence.error().set(QUERN_INVALID_ARGUMENT,
                                  "element %g at position %llu is neither 0 nor 1", value,
                                  static_cast<unsigned long long>(position));
    if (hasLevels && !isLevel(order, type, value))
      return refuseLevel(sequence, value, position, type);
    if (indexed > 0 && !isIndex(value, indexed))
      return sequence.error().set(QUERN_INVALID_ARGUMENT,
                                  "element %.*g at position %llu is no index of %u elements, which "
                                  "are 0 to %u",
                                  digitsOf(type), value, static_cast<unsigned long long>(position),
                                  indexed, indexed - 1);
  }
  return QUERN_OK;
}

quern_status checkCondition(const quern_sequence &sequence, uint64_t number, const void *elements) {
  const TensorEntry &input = sequence.image().inputs()[number];
  auto type = static_cast<quern_dtype>(input.dtype);
  if (!isFloat(type) && input.indexed == 0)
    return QUERN_OK;
  auto *bytes = static_cast<const std::byte *>(elements);
  uint64_t size = tensorBytes(input), each = dtypeBytes(type);
  for (uint64_t at = 0; at < size; at += each) {
    double value = numberAt(type, bytes + at);
    if (std::isnan(value))
      return sequence.error().set(
          QUERN_INVALID_ARGUMENT, "element %llu of input %llu (%s) is no number",
          static_cast<unsigned long long>(at / each), static_cast<unsigned long long>(number),
          sequence.image().text(input.name));
    if (input.indexed > 0 && !isIndex(value, input.indexed))
      return sequence.error().set(
          QUERN_INVALID_ARGUMENT,
          "element %llu of input %llu (%s) is %.*g, no index of %u elements, which are 0 to %u",
          static_cast<unsigned long long>(at / each), static_cast<unsigned long long>(number),
          sequence.image().text(input.name), digitsOf(type), value, input.indexed,
          input.indexed - 1);
  }
  return QUERN_OK;
}

} // namespace quern::runtime
