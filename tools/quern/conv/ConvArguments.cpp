#include "tools/quern/conv/ConvArguments.h"

#include "llvm/ADT/StringRef.h"

#include <fmt/format.h>

#include <optional>

namespace quern::tools {
namespace {

using passes::ConvAxis;
using passes::ConvShape;

constexpr int64_t largestExtent = int64_t{1} << 30;

std::optional<int64_t> number(llvm::StringRef text, int64_t least) {
  int64_t value = 0;
  if (text.getAsInteger(10, value) || value < least || value > largestExtent)
    return std::nullopt;
  return value;
}

/// "64x{1..31..2}" as a list of lists: the values that each extent takes.
std::optional<std::vector<std::vector<int64_t>>> extents(llvm::StringRef text, std::string &why) {
  std::vector<std::vector<int64_t>> result;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, 'x');
  for (llvm::StringRef part : parts) {
    std::vector<int64_t> &values = result.emplace_back();
    llvm::StringRef inside = part;
    bool isRange = inside.consume_front("{") && inside.consume_back("}");
    if (!isRange) {
      if (auto value = number(part, 1))
        values.push_back(*value);
    } else {
      auto [first, rest] = inside.split("..");
      auto [last, step] = rest.split("..");
      auto from = number(first, 1), to = number(last, 1),
           by = step.empty() ? std::optional<int64_t>(1) : number(step, 1);
      constexpr int64_t mostValues = 1000;
      if (from && to && by && (*to - *from) / *by < mostValues)
        for (int64_t value = *from; value <= *to; value += *by)
          values.push_back(value);
    }
    if (values.empty()) {
      why = fmt::format("'{}' is no extent: a number from 1, or a range such as {{1..31}} or "
                        "{{1..31..2}}",
                        part.str());
      return std::nullopt;
    }
  }
  return result;
}

/// "2" or "2x1": one number for each axis.
std::optional<std::vector<int64_t>> perAxis(const std::string &text, size_t axes, int64_t least,
                                            const char *what, std::string &why) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(text).split(parts, 'x');
  std::vector<int64_t> values;
  for (llvm::StringRef part : parts)
    if (auto value = number(part, least))
      values.push_back(*value);
  if (values.size() != parts.size() || (values.size() != 1 && values.size() != axes)) {
    why = fmt::format("--{} is '{}': one number from {}, or one for each of the {} axes as in 2x1",
                      what, text, least, axes);
    return std::nullopt;
  }
  values.resize(axes, values.front());
  return values;
}

/// Every choice of one value for each extent.
std::vector<std::vector<int64_t>> choices(const std::vector<std::vector<int64_t>> &lists) {
  std::vector<std::vector<int64_t>> all{{}};
  for (const std::vector<int64_t> &list : lists) {
    std::vector<std::vector<int64_t>> longer;
    for (const std::vector<int64_t> &head : all)
      for (int64_t value : list) {
        longer.push_back(head);
        longer.back().push_back(value);
      }
    all = std::move(longer);
  }
  return all;
}

} // namespace

std::vector<ConvShape> ConvArguments::shapes(std::string &why) const {
  auto inputs = extents(input, why), filters = extents(filter, why);
  if (!inputs || !filters)
    return {};
  size_t rank = inputs->size();
  if (rank < 3 || rank > 5 || filters->size() < 3 || filters->size() > rank) {
    why = fmt::format("an input is NxCxW, NxCxHxW or NxCxDxHxW and a filter OxIx its spatial "
                      "extents, not {} and {}",
                      input, filter);
    return {};
  }
  size_t axes = rank - 2;
  auto strides = perAxis(stride, axes, 1, "stride", why),
       dilations = perAxis(dilation, axes, 1, "dilation", why);
  bool isSame = pad == "same";
  auto pads = perAxis(isSame ? "0" : pad, axes, 0, "pad", why);
  if (!strides || !dilations || !pads)
    return {};

  std::vector<ConvShape> result;
  for (const std::vector<int64_t> &in : choices(*inputs))
    for (std::vector<int64_t> taps : choices(*filters)) {
      taps.resize(rank, taps.back());
      ConvShape shape;
      shape.batch = in[0], shape.inChannels = in[1], shape.outChannels = taps[0];
      shape.groups = groups;
      if (groups < 1 || in[1] % groups != 0 || taps[0] % groups != 0 || taps[1] != in[1] / groups) {
        why =
            fmt::format("{} channels in {} groups want a filter of {} input channels, and outputs "
                        "that the groups divide; the filter is {}",
                        in[1], groups, groups > 0 ? in[1] / groups : 0, filter);
        return {};
      }
      for (size_t a = 0; a < axes; ++a) {
        ConvAxis axis{.in = in[2 + a],
                      .kernel = taps[2 + a],
                      .stride = (*strides)[a],
                      .dilation = (*dilations)[a]};
        int64_t span = (axis.kernel - 1) * axis.dilation;
        axis.padLow = isSame ? span / 2 : (*pads)[a];
        axis.padHigh = isSame ? span - span / 2 : (*pads)[a];
        int64_t room = axis.in + axis.padLow + axis.padHigh - span - 1;
        if (room < 0) {
          why = fmt::format("the filter spans {} along axis {}, the padded input has {}", span + 1,
                            a, axis.in + axis.padLow + axis.padHigh);
          return {};
        }
        axis.out = room / axis.stride + 1;
        shape.axes.push_back(axis);
      }
      constexpr double mostBytes = 4e9;
      if (static_cast<double>(shape.batch) *
              static_cast<double>(shape.inChannels + shape.outChannels) *
              static_cast<double>(shape.positions()) >
          mostBytes) {
        why = "the tensors of " + shape.text() + " would not fit into memory";
        return {};
      }
      result.push_back(shape);
    }
  return result;
}

} // namespace quern::tools
