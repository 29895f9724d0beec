#include "tools/quern/conv/ConvArguments.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <limits>
#include <optional>

namespace quern::tools {
namespace {

using passes::ConvAxis;
using passes::ConvShape;

constexpr int64_t largestExtent = int64_t{1} << 30;
constexpr int64_t mostShapes = 1000;
/// What "C" in a filter is read as: its input's channels.
constexpr int64_t asInput = 0;

std::optional<int64_t> number(llvm::StringRef text, int64_t least) {
  int64_t value = 0;
  if (text.getAsInteger(10, value) || value < least || value > largestExtent)
    return std::nullopt;
  return value;
}

/// "5", "1..31" or "1..31..2"; empty where that is no number and where no number is in the range.
std::vector<int64_t> range(llvm::StringRef text) {
  auto [first, rest] = text.split("..");
  auto [last, step] = rest.split("..");
  bool isRange = text.contains("..");
  auto from = number(first, 1), to = isRange ? number(last, 1) : from,
       by = rest.contains("..") ? number(step, 1) : std::optional<int64_t>(1);
  std::vector<int64_t> values;
  if (from && to && by && (*to - *from) / *by < mostShapes)
    for (int64_t value = *from; value <= *to; value += *by)
      values.push_back(value);
  return values;
}

/// The values of one extent: "64", "{1..31}", "{1,3,5..9..2}".
std::optional<std::vector<int64_t>> valuesOf(llvm::StringRef part, std::string &why) {
  llvm::StringRef inside = part;
  bool isList = inside.consume_front("{") && inside.consume_back("}");
  llvm::SmallVector<llvm::StringRef> items{inside};
  if (isList) {
    items.clear();
    inside.split(items, ',');
  }
  std::vector<int64_t> values;
  for (llvm::StringRef item : items) {
    std::vector<int64_t> more = isList || number(item, 1) ? range(item) : std::vector<int64_t>();
    if (more.empty()) {
      why = fmt::format("'{}' is no extent: a number from 1, a range such as {{1..31}} or "
                        "{{1..31..2}}, or a list such as {{1,3,5}}, of at most {} values; a shape "
                        "is written as 1x8x9x9",
                        part.str(), mostShapes);
      return std::nullopt;
    }
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

/// "64x{1..31..2}" as a list of lists: the values that each extent takes. The first two may be "C"
/// in a filter.
std::optional<std::vector<std::vector<int64_t>>> extents(llvm::StringRef text, bool isFilter,
                                                         std::string &why) {
  std::vector<std::vector<int64_t>> result;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, 'x');
  for (llvm::StringRef part : parts) {
    if (isFilter && result.size() < 2 && part == "C") {
      result.push_back({asInput});
      continue;
    }
    auto values = valuesOf(part, why);
    if (!values)
      return std::nullopt;
    result.push_back(std::move(*values));
  }
  return result;
}

/// "2" or "2x1": one value for each axis, as `read` makes it of its text. Nothing where that is
/// not so.
template <typename Value>
std::optional<std::vector<Value>> perAxis(llvm::StringRef text, size_t axes,
                                          std::optional<Value> (*read)(llvm::StringRef)) {
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, 'x');
  std::vector<Value> values;
  for (llvm::StringRef part : parts)
    if (std::optional<Value> value = read(part))
      values.push_back(*value);
  if (values.size() != parts.size() || (values.size() != 1 && values.size() != axes))
    return std::nullopt;
  values.resize(axes, values.front());
  return values;
}

std::optional<int64_t> positive(llvm::StringRef text) { return number(text, 1); }

std::optional<std::vector<int64_t>> steps(const std::string &text, size_t axes, const char *what,
                                          std::string &why) {
  auto values = perAxis<int64_t>(text, axes, positive);
  if (!values)
    why = fmt::format("--{} is '{}': one number from 1, or one for each of the {} axes as in 2x1",
                      what, text, axes);
  return values;
}

/// What is put before and behind an axis.
struct Padding {
  int64_t low, high;
};

/// "1" or "2:0".
std::optional<Padding> padding(llvm::StringRef text) {
  auto [before, behind] = text.split(':');
  auto low = number(before, 0), high = text.contains(':') ? number(behind, 0) : low;
  if (!low || !high)
    return std::nullopt;
  return Padding{*low, *high};
}

/// The padding of an axis whose filter reaches so far beyond one element, as the language's library
/// has it: "same" makes as many outputs as there are strides, the odd element behind the input;
/// "causal" looks back only.
std::optional<Padding> paddingByName(llvm::StringRef name, int64_t size, int64_t span,
                                     int64_t stride) {
  if (name == "same") {
    int64_t all = std::max<int64_t>((size - 1) / stride * stride + span + 1 - size, 0);
    return Padding{all / 2, all - all / 2};
  }
  if (name == "causal")
    return Padding{span, 0};
  return std::nullopt;
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

int64_t count(const std::vector<std::vector<int64_t>> &lists) {
  int64_t all = 1;
  for (const std::vector<int64_t> &list : lists)
    all = std::min(all * static_cast<int64_t>(list.size()), largestExtent);
  return all;
}

/// Everything but the extents: one value for each axis.
struct Window {
  std::vector<int64_t> strides{}, dilations{};
  std::vector<Padding> pads{};
};

std::optional<std::vector<Padding>>
paddingsOf(const std::string &text, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> kernel,
           llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations, std::string &why) {
  size_t axes = kernel.size();
  if (text == "causal" && axes > 1) {
    why = fmt::format("--pad causal is for one axis, not {}", axes);
    return std::nullopt;
  }
  std::vector<Padding> named;
  for (size_t a = 0; a < axes; ++a)
    if (auto pad = paddingByName(text, sizes[a], (kernel[a] - 1) * dilations[a], strides[a]))
      named.push_back(*pad);
  if (!named.empty())
    return named;
  auto pads = perAxis<Padding>(text, axes, padding);
  if (!pads)
    why =
        fmt::format("--pad is '{}': same, causal, or one number from 0, or one for each of the {} "
                    "axes as in 2x1; each may be two as in 2:0, before and behind the input",
                    text, axes);
  return pads;
}

std::optional<Window> windowOf(const ConvArguments &arguments, llvm::ArrayRef<int64_t> sizes,
                               llvm::ArrayRef<int64_t> kernel, std::string &why) {
  auto strides = steps(arguments.stride, kernel.size(), "stride", why);
  if (!strides)
    return std::nullopt;
  auto dilations = steps(arguments.dilation, kernel.size(), "dilation", why);
  if (!dilations)
    return std::nullopt;
  auto pads = paddingsOf(arguments.pad, sizes, kernel, *strides, *dilations, why);
  if (!pads)
    return std::nullopt;
  return Window{std::move(*strides), std::move(*dilations), std::move(*pads)};
}

bool checkGroups(int64_t inputs, int64_t outputs, int64_t perGroup, int64_t groups,
                 std::string &why) {
  if (groups < 1)
    why = fmt::format("--groups is {}: one number from 1", groups);
  else if (inputs % groups != 0 || outputs % groups != 0)
    why = fmt::format("{} groups do not divide {} input and {} output channels", groups, inputs,
                      outputs);
  else if (perGroup != inputs / groups)
    why = fmt::format("the filter has {} input channels where {} in {} group{} make {}", perGroup,
                      inputs, groups, groups == 1 ? "" : "s", inputs / groups);
  else
    return true;
  return false;
}

/// Adds the spatial axes. False, with the reason, where the filter is larger than the image.
bool addAxes(ConvShape &shape, const std::vector<int64_t> &in, const std::vector<int64_t> &taps,
             const Window &window, std::string &why) {
  for (size_t a = 0; a < in.size() - 2; ++a) {
    ConvAxis axis{.in = in[2 + a],
                  .kernel = taps[2 + a],
                  .stride = window.strides[a],
                  .dilation = window.dilations[a],
                  .padLow = window.pads[a].low,
                  .padHigh = window.pads[a].high};
    int64_t span = (axis.kernel - 1) * axis.dilation;
    int64_t padded = axis.in + axis.padLow + axis.padHigh;
    if (padded <= span) {
      why = fmt::format("the filter {} spans {} along axis {}, the padded input has {}",
                        fmt::join(taps, "x"), span + 1, a, padded);
      return false;
    }
    axis.out = (padded - span - 1) / axis.stride + 1;
    shape.axes.push_back(axis);
  }
  return true;
}

/// The bytes of a tensor of these extents, as a number that cannot overflow.
double bytesOf(std::initializer_list<int64_t> extents, const ConvShape &shape,
               int64_t ConvAxis::*field) {
  auto bytes = static_cast<double>(passes::bytesOf(shape.element));
  for (int64_t extent : extents)
    bytes *= static_cast<double>(extent);
  for (const ConvAxis &axis : shape.axes)
    bytes *= static_cast<double>(axis.*field);
  return bytes;
}

/// All extents that a list of texts stands for, each of its own rank.
std::optional<std::vector<std::vector<int64_t>>> allExtents(const std::vector<std::string> &texts,
                                                            bool isFilter, std::string &why) {
  std::vector<std::vector<int64_t>> all;
  for (const std::string &text : texts) {
    auto lists = extents(text, isFilter, why);
    if (!lists) {
      if (&text != &texts.front())
        why += fmt::format("; what follows {} is another shape", isFilter ? "--filter" : "--input");
      return std::nullopt;
    }
    if (count(*lists) + static_cast<int64_t>(all.size()) > mostShapes) {
      why = fmt::format("{} makes more than {} convolutions", text, mostShapes);
      return std::nullopt;
    }
    llvm::append_range(all, choices(*lists));
  }
  return all;
}

std::optional<ConvShape> shapeOf(const std::vector<int64_t> &in, std::vector<int64_t> taps,
                                 const ConvArguments &arguments, std::string &why) {
  size_t rank = in.size();
  if (rank < 3 || rank > 5 || taps.size() < 3 || taps.size() > rank) {
    why = fmt::format("an input is NxCxW, NxCxHxW or NxCxDxHxW and a filter OxIx its spatial "
                      "extents, not {} and {}",
                      fmt::join(in, "x"), fmt::join(taps, "x"));
    return std::nullopt;
  }
  if (taps[0] == asInput)
    taps[0] = in[1];
  if (taps[1] == asInput)
    taps[1] = std::max<int64_t>(1, in[1] / std::max<int64_t>(1, arguments.groups));
  taps.resize(rank, taps.back());
  auto window = windowOf(arguments, llvm::ArrayRef(in).drop_front(2),
                         llvm::ArrayRef(taps).drop_front(2), why);
  if (!window || !checkGroups(in[1], taps[0], taps[1], arguments.groups, why))
    return std::nullopt;
  ConvShape shape;
  shape.batch = in[0], shape.inChannels = in[1], shape.outChannels = taps[0];
  shape.groups = arguments.groups, shape.element = arguments.element;
  if (!addAxes(shape, in, taps, *window, why) || !fitsMemory(shape, why))
    return std::nullopt;
  return shape;
}

} // namespace

bool fitsMemory(const ConvShape &shape, std::string &why) {
  double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<double>(sysconf(_SC_PAGESIZE)),
         all = 0;
  for (double bytes :
       {bytesOf({shape.batch, shape.inChannels}, shape, &ConvAxis::in),
        bytesOf({shape.outChannels, shape.channelsPerGroup()}, shape, &ConvAxis::kernel),
        bytesOf({shape.batch, shape.outChannels}, shape, &ConvAxis::out)}) {
    all += bytes;
    if (bytes > std::numeric_limits<int32_t>::max()) {
      why = fmt::format("a tensor of {} takes {:.1f} GiB; kernels address 2", shape.text(),
                        bytes * 0x1p-30);
      return false;
    }
  }
  // Each once more as it lies between layers, and in double precision.
  double held = all * (2 + 8.0 / static_cast<double>(passes::bytesOf(shape.element)));
  if (held <= memory)
    return true;
  why = fmt::format("to compare ways to compute {} takes {:.1f} GiB; this machine has {:.1f}",
                    shape.text(), held * 0x1p-30, memory * 0x1p-30);
  return false;
}

std::vector<ConvShape> ConvArguments::shapes(std::string &why) const {
  auto allInputs = allExtents(inputs, /*isFilter=*/false, why);
  if (!allInputs)
    return {};
  auto allFilters = allExtents(filters, /*isFilter=*/true, why);
  if (!allFilters)
    return {};
  if (allInputs->size() * allFilters->size() > static_cast<size_t>(mostShapes)) {
    why = fmt::format("{} inputs and {} filters make more than {} convolutions", allInputs->size(),
                      allFilters->size(), mostShapes);
    return {};
  }
  std::vector<ConvShape> result;
  llvm::StringSet<> seen; // {3,3} is one extent
  for (const std::vector<int64_t> &in : *allInputs)
    for (const std::vector<int64_t> &taps : *allFilters) {
      std::optional<ConvShape> shape = shapeOf(in, taps, *this, why);
      if (!shape)
        return {};
      if (seen.insert(shape->text()).second)
        result.push_back(*shape);
    }
  return result;
}

} // namespace quern::tools
