#include "tests/convs/ConvCase.h"

#include "ir/FilterTransform.h"
#include "passes/conv/ConvPolicy.h"

#include "mlir/IR/Builders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quern::tests {
namespace {

using passes::ConvAxis;
using passes::ConvShape;
using reference::Shape;

std::vector<int64_t> list(const ConvShape &shape, int64_t ConvAxis::*field) {
  return llvm::ArrayRef<int64_t>(shape.along(field)).vec();
}

Shape withAxes(int64_t first, int64_t second, const std::vector<int64_t> &axes) {
  Shape shape{first, second};
  shape.insert(shape.end(), axes.begin(), axes.end());
  return shape;
}

Shape filterShape(const ConvShape &shape) {
  return llvm::ArrayRef<int64_t>(shape.filterShape()).vec();
}

/// quern.filter_transform of one convolution, alone in a module.
class Transformation {
public:
  explicit Transformation(const ConvCase &c) : builder(&context) {
    context.loadDialect<ir::QuernDialect>();
    mlir::Location location = builder.getUnknownLoc();
    parameter = ir::ParameterOp::create(
        builder, location,
        mlir::RankedTensorType::get(filterShape(c.shape), typeOf(c.shape.element, &context)),
        "filter");
    transform = ir::FilterTransformOp::create(
        builder, location, parameter->getResult(0),
        ir::ConvAttr::get(&context, c.algorithm, c.tile), list(c.shape, &ConvAxis::stride),
        list(c.shape, &ConvAxis::dilation), static_cast<uint64_t>(c.shape.groups),
        c.shape.filterLead(ir::ConvAttr::get(&context, c.algorithm, c.tile)));
  }
  ~Transformation() {
    transform->erase();
    parameter->erase();
  }
  Transformation(const Transformation &) = delete;
  Transformation &operator=(const Transformation &) = delete;

  Shape shape() { return Shape(transform.getResult().getType().getShape()); }

  Tensor of(const Tensor &filter) {
    ir::HostTensor given = ir::HostTensor::allocate(transform.getFilter().getType());
    given.storeRow(0, filter.values);
    ir::HostTensor made = ir::transformFilter(transform, given);
    Tensor result(shape());
    made.loadRow(0, 1, result.values);
    return result;
  }

private:
  mlir::MLIRContext context;
  mlir::OpBuilder builder;
  ir::ParameterOp parameter;
  ir::FilterTransformOp transform;
};

double largestOf(const Tensor &tensor) {
  double largest = 0;
  for (double value : tensor.values)
    largest = std::max(largest, std::abs(value));
  return largest;
}

/// Numbers so coarse that sums of products of two of them are exact in 16 bits, where the drawn
/// ones are stored so; these else.
Tensor ofFewBits(const Tensor &drawn, passes::ConvElement element) {
  Tensor coarse = drawn;
  const double largest = largestOf(drawn);
  if (passes::bytesOf(element) == 2 && largest > 0)
    for (double &value : coarse.values)
      value = std::round(2 * value / largest) / 2;
  return coarse;
}

/// Filters that come apart, made of lines of those that were drawn: products of a row and a column,
/// one of which all filters that read an input channel share; or, by channels between, sums of the
/// lines of their group's first filters, each times taps of its own.
Tensor separableFilter(const ConvCase &c, const Tensor &fine) {
  const ConvShape &s = c.shape;
  const Tensor drawn = ofFewBits(fine, s.element);
  bool sharesRows = c.tile[0] == 1, isOfChannels = c.tile.size() > s.axes.size();
  Tensor filter = drawn;
  int64_t height = s.axes[0].kernel, each = s.taps(), width = each / height;
  int64_t inputs = s.channelsPerGroup(), outputs = s.outChannels / s.groups;
  auto first = [&](int64_t o, int64_t i) { return (o * inputs + i) * each; };
  // The drawn filter (o, i) has a line along the shared axis for each of its taps along the other.
  auto line = [&](int64_t o, int64_t i, int64_t number, int64_t k) {
    return drawn.values[static_cast<size_t>(
        first(o, i) + (sharesRows ? number * width + k : k * width + number))];
  };
  for (int64_t o = 0; o < s.outChannels; ++o)
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t tap = 0; tap < each; ++tap) {
        int64_t along = sharesRows ? tap % width : tap / width,
                across = sharesRows ? tap / width : tap % width;
        int64_t firstOfGroup = o / outputs * outputs, linesEach = sharesRows ? height : width;
        double sum = isOfChannels ? 0 : line(firstOfGroup, i, 0, along) * line(o, i, across, 0);
        for (int64_t r = 0; isOfChannels && r < c.tile.back(); ++r)
          sum += line(firstOfGroup + r / linesEach % outputs, i, r % linesEach, along) *
                 line(o, r % inputs, across, r / inputs);
        filter.values[static_cast<size_t>(first(o, i) + tap)] = sum;
      }
  return reference::cast(filter, text(s.element));
}

/// The largest sum of absolute weights of an output channel.
double largestChannel(const Tensor &filter) {
  auto each = static_cast<size_t>(filter.size() / filter.shape[0]);
  double largest = 0;
  for (size_t begin = 0; begin < filter.values.size(); begin += each) {
    double sum = 0;
    for (size_t i = begin; i < begin + each; ++i)
      sum += std::abs(filter.values[i]);
    largest = std::max(largest, sum);
  }
  return largest;
}

} // namespace

std::string ConvCase::name() const {
  constexpr const char *epilogues[] = {"", " + bias, relu", " + residual, relu"};
  return fmt::format("{} by {}{}{}{}", shape.text(), passes::variantText(algorithm, tile),
                     epilogues[static_cast<size_t>(epilogue)], lastIn ? "" : " from row-major",
                     lastOut ? "" : " to row-major");
}

ConvAxis convAxis(int64_t in, int64_t kernel, int64_t low, int64_t high, int64_t stride,
                  int64_t dilation) {
  int64_t room = in + low + high - (kernel - 1) * dilation - 1;
  return {.in = in,
          .out = room < 0 ? 0 : room / stride + 1,
          .kernel = kernel,
          .stride = stride,
          .dilation = dilation,
          .padLow = low,
          .padHigh = high};
}

namespace {

std::string convText(const ConvShape &s) {
  return fmt::format("quern.conv %x, %w strides {} dilations {} pad {} {} groups {}",
                     listText(list(s, &ConvAxis::stride)), listText(list(s, &ConvAxis::dilation)),
                     listText(list(s, &ConvAxis::padLow)), listText(list(s, &ConvAxis::padHigh)),
                     s.groups);
}

/// The same as a contraction of the channels, where it is one.
std::string contractText(const ConvShape &s) {
  Shape rows{0, 1};
  for (size_t axis = 0; axis < s.axes.size(); ++axis)
    rows.push_back(static_cast<int64_t>(2 + axis));
  auto column = static_cast<int64_t>(rows.size());
  Shape result = rows;
  result[1] = column;
  return fmt::format("quern.contract %x {}, %w {} -> {}", listText(rows), listText({column, 1}),
                     listText(result));
}

} // namespace

std::string kernelText(const ConvCase &c) {
  const ConvShape &s = c.shape;
  std::string last = "[0";
  for (size_t axis = 0; axis < s.axes.size(); ++axis)
    last += fmt::format(", {}", 2 + axis);
  last += ", 1]";
  Shape filter = filterShape(s), weight = filter;
  std::string by = "by <" + ir::stringifyConvAlgorithm(c.algorithm).str();
  std::string element = text(s.element).str(), ofWeight = element;
  if (!c.tile.empty()) {
    weight = Transformation(c).shape();
    ofWeight = text(computedElement(s.element)).str();
    by += fmt::format(", tile = {}> filter {}", listText({c.tile.begin(), c.tile.end()}),
                      listText(filter));
  } else {
    by += ">";
  }
  std::string x = tensorText(withAxes(s.batch, s.inChannels, list(s, &ConvAxis::in)), element,
                             c.lastIn ? last : ""),
              w = tensorText(weight, ofWeight),
              y = tensorText(withAxes(s.batch, s.outChannels, list(s, &ConvAxis::out)), element,
                             c.lastOut ? last : ""),
              b = tensorText(withAxes(1, s.outChannels, std::vector<int64_t>(s.axes.size(), 1)),
                             element);
  std::string third = c.epilogue == Epilogue::bias ? b : y;
  std::string text =
      fmt::format("(%x: {0}, %w: {1}{2}) -> {3} {{\n %0 = {4} {5} : ({0}, {1}) -> {3}\n", x, w,
                  c.epilogue == Epilogue::none ? "" : ", %a: " + third, y,
                  s.isProduct ? contractText(s) : convText(s), by);
  if (c.epilogue == Epilogue::none)
    return text + fmt::format(" return %0 : {}\n}}", y);
  return text + fmt::format(" %1 = quern.add %0, %a : ({0}, {1}) -> {0}\n %2 = quern.relu %1 : "
                            "({0}) -> {0}\n return %2 : {0}\n}}",
                            y, third);
}

OpCase opCase(const ConvCase &c) {
  OpCase result;
  result.name = c.name();
  result.text = kernelText(c);
  const ConvShape s = c.shape;
  result.weight.argument = 1;
  result.weight.shape = filterShape(s);
  if (!c.tile.empty())
    result.weight.transform = [c](const Tensor &filter) { return Transformation(c).of(filter); };
  result.hasExactScratch = true;
  if (c.algorithm == ir::ConvAlgorithm::separable)
    result.weight.draw = [=](const Tensor &drawn) { return separableFilter(c, drawn); };
  bool hasEpilogue = c.epilogue != Epilogue::none;
  reference::Window window{list(s, &ConvAxis::stride), list(s, &ConvAxis::dilation),
                           list(s, &ConvAxis::padLow), list(s, &ConvAxis::padHigh)};
  result.meaning = [=](const std::vector<Tensor> &in) {
    Tensor sums = reference::conv(in[0], in[1], window, s.groups);
    return hasEpilogue ? reference::unary("relu", reference::binary("add", sums, in[2])) : sums;
  };
  double bound = passes::convAlgorithm(c.algorithm).errorBound(s, c.tile);
  result.allowance = [=](const std::vector<Tensor> &in, const Tensor &expected) {
    double scale = largestOf(in[0]) * largestChannel(in[1]);
    // What is stored is rounded, and so is the sum of the epilogue, which relu spares what is much
    // below zero.
    double largest = largestOf(expected);
    double rounding =
        2 * storedRoundoff(s.element) * (largest + (hasEpilogue ? largestOf(in[2]) : 0));
    // The definition in f64 is rounded as well, no more than any algorithm.
    double promised = (s.element == passes::ConvElement::f64 ? 2 : 1) * bound * scale;
    // Bounds of transforms are far from what is seen: a wrong index must not hide below them. Where
    // all windows lie in the padding, transforms give roundings of what they have read.
    double seen =
        1e-3 * computedRoundoff(s.element) / passes::unitRoundoff * std::max(largest, 1e-3 * scale);
    return std::min(promised, seen) + rounding;
  };
  return result;
}

} // namespace quern::tests
