#include "ir/Quern.h"
#include "ir/QuernEnums.cpp.inc"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/DialectImplementation.h"

#define GET_ATTRDEF_CLASSES
#include "ir/QuernAttrs.cpp.inc"

namespace quern::ir {

void QuernDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/QuernAttrs.cpp.inc"
      >();
}

using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

mlir::LogicalResult LayoutAttr::verify(EmitError emitError, llvm::ArrayRef<int64_t> order,
                                       llvm::ArrayRef<int64_t> blocks) {
  if (blocks.size() > order.size() / 2)
    return emitError() << "a layout splits each axis at most once";
  llvm::SmallVector<int64_t> axes(order.drop_back(blocks.size()));
  llvm::sort(axes);
  for (auto [index, axis] : llvm::enumerate(axes))
    if (axis != static_cast<int64_t>(index))
      return emitError() << "a layout names each axis of 0.." << axes.size() << " once";
  llvm::SmallVector<int64_t> split(order.take_back(blocks.size()));
  llvm::sort(split);
  bool isOutside =
      !split.empty() && (split.front() < 0 || split.back() >= static_cast<int64_t>(axes.size()));
  if (isOutside || std::adjacent_find(split.begin(), split.end()) != split.end())
    return emitError() << "a layout splits axes of 0.." << axes.size() << ", each at most once";
  if (llvm::any_of(blocks, [](int64_t block) { return block < 1; }))
    return emitError() << "a layout's blocks have at least one element";
  return mlir::success();
}

mlir::LogicalResult ConvAttr::verify(EmitError emitError, ConvAlgorithm algorithm,
                                     llvm::ArrayRef<int64_t> tile) {
  bool wantsTile = algorithm != ConvAlgorithm::direct && algorithm != ConvAlgorithm::im2col &&
                   algorithm != ConvAlgorithm::implicit_im2col;
  if (wantsTile == tile.empty())
    return emitError() << stringifyConvAlgorithm(algorithm)
                       << (wantsTile ? " needs a tile" : " has no tile");
  if (llvm::any_of(tile, [](int64_t extent) { return extent < 1; }))
    return emitError() << "a tile has at least one element along each axis";
  return mlir::success();
}

bool ConvAttr::transformsFilter() const { return !getTile().empty(); }

std::string ConvAttr::text() const {
  std::string text = stringifyConvAlgorithm(getAlgorithm()).str();
  for (auto [index, extent] : llvm::enumerate(getTile()))
    text += (index == 0 ? " " : "x") + std::to_string(extent);
  return text;
}

mlir::LogicalResult PhotoAttr::verify(EmitError emitError, int64_t resize, int64_t crop,
                                      mlir::DenseF64ArrayAttr mean, mlir::DenseF64ArrayAttr std) {
  if (crop < 1 || resize < crop)
    return emitError() << "photo needs 1 <= crop <= resize, not crop = " << crop
                       << " and resize = " << resize;
  if (mean.size() != 3 || std.size() != 3)
    return emitError() << "photo needs a mean and a std of three numbers each";
  if (llvm::any_of(std.asArrayRef(), [](double value) { return !(value > 0); }))
    return emitError() << "photo needs a std above zero";
  return mlir::success();
}

mlir::LogicalResult LabelsAttr::verify(EmitError emitError, int64_t top, mlir::ArrayAttr names) {
  if (top < 1 || top > static_cast<int64_t>(names.size()))
    return emitError() << "labels needs 1 <= top <= " << names.size() << ", not " << top;
  if (!llvm::all_of(names, [](mlir::Attribute name) { return llvm::isa<mlir::StringAttr>(name); }))
    return emitError() << "labels needs strings as names";
  return mlir::success();
}

mlir::LogicalResult CausalAttr::verify(EmitError emitError, int64_t input,
                                       llvm::ArrayRef<int64_t> inputAxes, int64_t output,
                                       llvm::ArrayRef<int64_t> outputAxes, bool,
                                       llvm::ArrayRef<int64_t> order) {
  if (input < 0 || output < 0)
    return emitError() << "causal counts inputs and outputs from 0";
  if (inputAxes.empty() || inputAxes.size() != outputAxes.size())
    return emitError() << "causal needs as many ordered axes of the output as of the input";
  for (llvm::ArrayRef<int64_t> axes : {inputAxes, outputAxes}) {
    llvm::SmallDenseSet<int64_t> seen;
    if (!llvm::all_of(axes, [&](int64_t axis) { return axis >= 0 && seen.insert(axis).second; }))
      return emitError() << "causal names each ordered axis once, counted from 0";
  }
  llvm::SmallVector<int64_t> ranks(order);
  llvm::sort(ranks);
  for (auto [index, rank] : llvm::enumerate(ranks))
    if (rank != static_cast<int64_t>(index))
      return emitError() << "causal needs an order that is a permutation of 0.." << ranks.size();
  return mlir::success();
}

mlir::LogicalResult DistributionAttr::verify(EmitError emitError, DistributionKind kind,
                                             int64_t axis, int64_t levels, int64_t components,
                                             mlir::DenseF64ArrayAttr range) {
  if (axis < 0)
    return emitError() << "a distribution counts the axis of its parameters from 0";
  bool isMixture =
      kind == DistributionKind::logistic_mixture || kind == DistributionKind::gaussian_mixture;
  if (components < 1 || (!isMixture && components != 1))
    return emitError() << stringifyDistributionKind(kind) << " cannot have " << components
                       << " components";
  bool isContinuous = kind == DistributionKind::gaussian_mixture && levels == 0;
  if (!isContinuous && levels < 2)
    return emitError() << stringifyDistributionKind(kind) << " needs at least two levels, not "
                       << levels;
  if (range.size() != 2 || !(range[0] < range[1]))
    return emitError() << "a distribution needs a range [low, high] with low < high";
  return mlir::success();
}

} // namespace quern::ir
