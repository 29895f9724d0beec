#include "passes/conv/ConvShape.h"

#include "ir/FilterTransform.h"
#include "ir/Infer.h"
#include "ir/conv/UnitStride.h"
#include "passes/WeightExpression.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quern::passes {

int64_t ConvShape::positions() const {
  int64_t count = 1;
  for (const ConvAxis &axis : axes)
    count *= axis.out;
  return count;
}

int64_t ConvShape::taps() const {
  int64_t count = 1;
  for (const ConvAxis &axis : axes)
    count *= axis.kernel;
  return count;
}

bool ConvShape::hasStride() const {
  return llvm::any_of(axes, [](const ConvAxis &axis) { return axis.stride > 1; });
}

bool ConvShape::hasDilation() const {
  return llvm::any_of(axes, [](const ConvAxis &axis) { return axis.dilation > 1; });
}

int64_t ConvShape::products() const {
  return batch * positions() * outChannels * channelsPerGroup() * liveTaps();
}

int64_t ConvShape::inputBytes() const {
  int64_t bytes = bytesOf(element) * batch * inChannels;
  for (const ConvAxis &axis : axes)
    bytes *= axis.in;
  return bytes;
}

int64_t ConvShape::outputBytes() const {
  return bytesOf(element) * batch * outChannels * positions();
}

int64_t ConvShape::filterBytes() const {
  return bytesOf(element) * outChannels * channelsPerGroup() * taps();
}

llvm::SmallVector<int64_t> ConvShape::along(int64_t ConvAxis::*field) const {
  llvm::SmallVector<int64_t> values;
  for (const ConvAxis &axis : axes)
    values.push_back(axis.*field);
  return values;
}

llvm::SmallVector<int64_t> ConvShape::filterLead(ir::ConvAttr algorithm) const {
  return ir::filterLead(algorithm, axes, sumsSpectra());
}

bool ConvShape::sumsSpectra() const {
  return ir::sumsSpectra(outChannels, channelsPerGroup(), groups);
}

llvm::SmallVector<int64_t> ConvShape::filterShape() const {
  llvm::SmallVector<int64_t> shape{outChannels, channelsPerGroup()};
  llvm::append_range(shape, along(&ConvAxis::kernel));
  return shape;
}

/// "1", "15:0", "1x2", "0:1x1": as `quern conv` takes it.
static std::string paddingText(llvm::ArrayRef<ConvAxis> axes) {
  std::vector<std::string> pads;
  for (const ConvAxis &axis : axes)
    pads.push_back(axis.padLow == axis.padHigh ? fmt::format("{}", axis.padLow)
                                               : fmt::format("{}:{}", axis.padLow, axis.padHigh));
  if (llvm::all_equal(pads))
    pads.resize(1);
  return fmt::format("{}", fmt::join(pads, "x"));
}

/// " f16"; empty of f32, the usual one.
static std::string elementText(ConvElement element) {
  return element == ConvElement::f32 ? "" : " " + text(element).str();
}

std::string ConvShape::text() const {
  if (isProduct) {
    std::string rows = batch == 1 ? "" : fmt::format("{}x", batch);
    return fmt::format("{}{}x{} * {}x{}{}", rows, fmt::join(along(&ConvAxis::in), "x"), inChannels,
                       inChannels, outChannels, elementText(element));
  }
  auto list = [&](int64_t ConvAxis::*field) {
    llvm::SmallVector<int64_t> values = along(field);
    bool isUniform = llvm::all_equal(values);
    if (isUniform)
      values.resize(1);
    return fmt::format("{}", fmt::join(values, "x"));
  };
  std::string in = fmt::format("{}x{}", batch, inChannels);
  std::string filter = fmt::format("{}x{}", outChannels, channelsPerGroup());
  bool isPadded = false;
  for (const ConvAxis &axis : axes) {
    in += fmt::format("x{}", axis.in);
    filter += fmt::format("x{}", axis.kernel);
    isPadded |= axis.padLow > 0 || axis.padHigh > 0;
  }
  std::string text = in + " * " + filter;
  if (hasStride())
    text += " stride " + list(&ConvAxis::stride);
  if (isPadded)
    text += " pad " + paddingText(axes);
  if (hasDilation())
    text += " dilation " + list(&ConvAxis::dilation);
  if (groups > 1)
    text += fmt::format(" groups {}", groups);
  if (maskedTo > 0)
    text += fmt::format(" taps {}", maskedTo);
  return text + elementText(element);
}

ConvShape shapeOf(ir::ConvOp op) {
  mlir::RankedTensorType in = ir::tensorType(op.getInput()), out = ir::tensorType(op.getResult());
  ConvShape shape;
  shape.batch = in.getDimSize(0);
  shape.inChannels = in.getDimSize(1);
  shape.outChannels = out.getDimSize(1);
  shape.groups = static_cast<int64_t>(op.getGroups());
  shape.maskedTo = static_cast<int64_t>(op.getTaps().value_or(0));
  for (size_t i = 0; i < static_cast<size_t>(op.getSpatialRank()); ++i)
    shape.axes.push_back({.in = in.getDimSize(2 + i),
                          .out = out.getDimSize(2 + i),
                          .kernel = op.getKernel()[i],
                          .stride = op.getStrides()[i],
                          .dilation = op.getDilations()[i],
                          .padLow = op.getPadLow()[i],
                          .padHigh = op.getPadHigh()[i]});
  shape.element = convElementOf(in.getElementType());
  shape.hasConstantFilter = isWeightExpression(op.getWeight());
  return shape;
}

Machine Machine::computingIn(ConvElement element) const {
  auto wider = static_cast<int>(computedBytesOf(element) / computedBytesOf(ConvElement::f32));
  Machine machine = *this;
  machine.lanes /= wider;
  machine.flopsPerNanosecond /= wider;
  return machine;
}

ir::ConvAttr algorithmOf(mlir::Operation *op) {
  if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
    return conv.getAlgorithmAttr();
  auto contract = llvm::dyn_cast<ir::ContractOp>(op);
  return contract ? contract.getAlgorithmAttr() : ir::ConvAttr();
}

} // namespace quern::passes
