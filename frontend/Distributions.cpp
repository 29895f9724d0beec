#include "frontend/Distributions.h"

#include "ir/IndexedInput.h"
#include "ir/SizeLimit.h"
#include "ir/StepAttributes.h"

#include <cmath>

namespace quern::frontend {

namespace {

using ir::DistributionKind;

/// Reads the adapter's arguments against the model that it stands in.
class DistributionReader {
public:
  DistributionReader(Elaborator &elaborator, const BoundAdapter &adapter, DistributionKind kind)
      : elaborator(elaborator), adapter(adapter), kind(kind), name(adapter.callable->name.text) {}

  mlir::Attribute read() {
    mlir::func::FuncOp model = adapter.model;
    causal = model->getAttrOfType<ir::CausalAttr>(ir::names::causal);
    if (!causal || causal.getOutput() != adapter.index) {
      elaborator.error<diag::DistributionWithoutContract>(adapter.call.range, name);
      return nullptr;
    }
    if (int64_t ahead = ir::latencyOf(model)) {
      elaborator.error<diag::DistributionAhead>(adapter.call.range, name, ahead);
      return nullptr;
    }
    input = llvm::cast<mlir::RankedTensorType>(model.getArgumentTypes()[causal.getInput()]);
    std::optional<int64_t> axis = parameterAxis();
    if (!axis) {
      elaborator.error<diag::DistributionAxis>(adapter.call.range, typeText(adapter.type), name);
      return nullptr;
    }
    int64_t components = integer("components", 1), values = valuesAtAPosition();
    int64_t parameters = parametersOfAPosition(*axis);
    if (values != 1 && !(values == 3 && kind == DistributionKind::logistic_mixture)) {
      elaborator.error<diag::DistributionValues>(adapter.call.range, name, values);
      return nullptr;
    }
    int64_t levels = kind == DistributionKind::bernoulli     ? 2
                     : kind == DistributionKind::categorical ? parameters
                                                             : integer("levels", 0);
    llvm::SmallVector<double> range;
    for (const Value &end : argument("range")->value.elements())
      range.push_back(end.asNumber());
    bool isContinuous = kind == DistributionKind::gaussian_mixture && levels == 0;
    if (levels < 2 && !isContinuous) {
      bool isByAxis = kind == DistributionKind::categorical;
      elaborator.error<diag::DistributionLevels>(
          adapter.call.range, name, levels,
          isByAxis ? fmt::format(": axis {} of {} has one element for each", *axis,
                                 typeText(adapter.type))
                   : ": say how many with 'levels ='");
      return nullptr;
    }
    if (components < 1 || range.size() != 2 || range[0] >= range[1]) {
      elaborator.error<diag::DistributionNumbers>(adapter.call.range);
      return nullptr;
    }
    int64_t wanted = parametersOf(values, components, levels);
    if (parameters != wanted) {
      elaborator.error<diag::DistributionParameters>(adapter.call.range, name, wanted, *axis,
                                                     typeText(adapter.type), parameters);
      return nullptr;
    }
    auto symbols = model.getArgAttrOfType<ir::LabelsAttr>(causal.getInput(), ir::names::from);
    if (symbols && static_cast<int64_t>(symbols.getNames().size()) != levels) {
      elaborator.error<diag::DistributionSymbols>(adapter.call.range, name, levels,
                                                  symbols.getNames().size());
      return nullptr;
    }
    if (!checkElements(parameters, values) || !checkLevels(levels, range))
      return nullptr;
    mlir::MLIRContext *context = adapter.type.getContext();
    return ir::DistributionAttr::get(context, kind, *axis, levels, components,
                                     mlir::DenseF64ArrayAttr::get(context, range));
  }

private:
  const ArgumentValue *argument(StringRef parameter) const {
    for (auto [declared, value] : llvm::zip_equal(adapter.callable->parameters, adapter.arguments))
      if (declared.name.text == parameter)
        return &value;
    return nullptr;
  }

  int64_t integer(StringRef parameter, int64_t absent) const {
    const ArgumentValue *found = argument(parameter);
    return found ? found->value.asInteger() : absent;
  }

  /// The axis that the user names; else the one that is neither the batch nor ordered; else, where
  /// all are ordered, the last of those.
  std::optional<int64_t> parameterAxis() const {
    int64_t rank = adapter.type.getRank();
    const Value &named = argument("axis")->value;
    if (named.isInteger()) {
      int64_t axis = named.asInteger() < 0 ? named.asInteger() + rank : named.asInteger();
      return axis >= 0 && axis < rank ? std::optional(axis) : std::nullopt;
    }
    llvm::SmallVector<int64_t> candidates;
    for (int64_t axis = 1; axis < rank; ++axis)
      if (!llvm::is_contained(causal.getOutputAxes(), axis))
        candidates.push_back(axis);
    if (candidates.empty())
      return causal.getOutputAxes().back();
    return candidates.size() == 1 ? std::optional(candidates.front()) : std::nullopt;
  }

  /// Elements of the input at one position of one sample.
  int64_t valuesAtAPosition() const {
    int64_t values = 1;
    for (auto [axis, extent] : llvm::enumerate(input.getShape()))
      if (axis != 0 && !llvm::is_contained(causal.getInputAxes(), static_cast<int64_t>(axis)))
        values *= extent;
    return values;
  }

  /// Entries of the result along `axis` for one position.
  int64_t parametersOfAPosition(int64_t axis) const {
    int64_t extent = adapter.type.getDimSize(axis);
    for (auto [ordered, own] : llvm::zip_equal(causal.getInputAxes(), causal.getOutputAxes()))
      if (own == axis)
        extent /= input.getDimSize(ordered);
    return extent;
  }

  int64_t parametersOf(int64_t values, int64_t components, int64_t levels) const {
    switch (kind) {
    case DistributionKind::categorical:
      return levels;
    case DistributionKind::bernoulli:
      return 1;
    case DistributionKind::logistic_mixture:
    case DistributionKind::gaussian_mixture:
      // Of three coupled channels, each has a mean, a scale and a coefficient.
      return values == 1 ? 3 * components : (1 + 3 * values) * components;
    }
    llvm_unreachable("all kinds are named");
  }

  StringRef inputName() const {
    mlir::func::FuncOp model = adapter.model;
    auto number = static_cast<unsigned>(causal.getInput());
    return model.getArgAttrOfType<mlir::StringAttr>(number, ir::names::name).getValue();
  }

  /// Whether the result holds a distribution for each `values` elements of the input at a position.
  bool checkElements(int64_t parameters, int64_t values) {
    int64_t positions = 1;
    for (int64_t axis : causal.getInputAxes())
      positions *= input.getDimSize(axis);
    int64_t elements = input.getNumElements() / positions;
    int64_t described = adapter.type.getNumElements() / positions / parameters * values;
    if (elements == described)
      return true;
    elaborator.error<diag::DistributionElements>(adapter.call.range, name, elements, inputName(),
                                                 typeText(adapter.type), described);
    return false;
  }

  /// Whether the input can be whatever is drawn.
  bool checkLevels(int64_t levels, llvm::ArrayRef<double> range) {
    if (levels > ir::maxLevels) {
      elaborator.error<diag::DistributionManyLevels>(adapter.call.range, name, ir::maxLevels,
                                                     levels);
      return false;
    }
    mlir::Type type = input.getElementType();
    if (llvm::isa<mlir::FloatType>(type))
      return levels == 0 || (checkRounding(levels, range) && checkIndices(range[0], range[1]));
    if (levels == 0) {
      elaborator.error<diag::DistributionContinuous>(adapter.call.range, name, inputName(),
                                                     typeText(input));
      return false;
    }
    bool isSigned = !type.isUnsignedInteger() && !type.isInteger(1);
    unsigned bits = type.getIntOrFloatBitWidth() - isSigned;
    if (!llvm::isUIntN(bits, static_cast<uint64_t>(levels - 1))) {
      elaborator.error<diag::DistributionType>(adapter.call.range, name, levels, inputName(),
                                               typeText(input), int64_t{1} << bits);
      return false;
    }
    return checkIndices(0, static_cast<double>(levels - 1));
  }

  /// Whether the level nearest to each level, as the input's type has it, is that level.
  bool checkRounding(int64_t levels, llvm::ArrayRef<double> range) {
    const llvm::fltSemantics &type =
        llvm::cast<mlir::FloatType>(input.getElementType()).getFloatSemantics();
    double way = (range[1] - range[0]) / static_cast<double>(levels - 1);
    for (int64_t level = 0; level < levels; ++level) {
      double exact = range[0] + static_cast<double>(level) * way;
      llvm::APFloat rounded(exact);
      bool isInexact = false;
      rounded.convert(type, llvm::APFloat::rmNearestTiesToEven, &isInexact);
      if (isInexact && !(std::abs(rounded.convertToDouble() - exact) < way / 2)) {
        elaborator.error<diag::DistributionRounding>(adapter.call.range, name, levels, range[0],
                                                     range[1], inputName(), typeText(input));
        return false;
      }
    }
    return true;
  }

  /// Whether what the input indexes, if anything, has elements from `low` to `high`.
  bool checkIndices(double low, double high) {
    mlir::func::FuncOp model = adapter.model;
    mlir::Value generated = model.getArgument(static_cast<unsigned>(causal.getInput()));
    int64_t indexed = ir::elementsIndexedBy(generated, ir::Indices::some);
    if (indexed == 0 || (low > -1 && high < static_cast<double>(indexed)))
      return true;
    elaborator.error<diag::DistributionIndices>(adapter.call.range, name, low, high, inputName(),
                                                indexed, indexed - 1);
    return false;
  }

  Elaborator &elaborator;
  const BoundAdapter &adapter;
  DistributionKind kind;
  StringRef name;
  ir::CausalAttr causal;
  mlir::RankedTensorType input;
};

} // namespace

mlir::Attribute categorical(Elaborator &elaborator, const BoundAdapter &adapter) {
  return DistributionReader(elaborator, adapter, DistributionKind::categorical).read();
}

mlir::Attribute bernoulli(Elaborator &elaborator, const BoundAdapter &adapter) {
  return DistributionReader(elaborator, adapter, DistributionKind::bernoulli).read();
}

mlir::Attribute logisticMixture(Elaborator &elaborator, const BoundAdapter &adapter) {
  return DistributionReader(elaborator, adapter, DistributionKind::logistic_mixture).read();
}

mlir::Attribute gaussianMixture(Elaborator &elaborator, const BoundAdapter &adapter) {
  return DistributionReader(elaborator, adapter, DistributionKind::gaussian_mixture).read();
}

} // namespace quern::frontend
