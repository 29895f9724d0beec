#include "frontend/Contract.h"

#include "llvm/ADT/StringExtras.h"

namespace quern::frontend {

namespace {

/// Whether a dimension is the symbol, or a multiple of it.
bool isMultipleOf(const Expr *size, StringRef symbol) {
  if (const auto *name = llvm::dyn_cast_or_null<NameExpr>(size))
    return name->name == symbol;
  const auto *product = llvm::dyn_cast_or_null<BinaryExpr>(size);
  return product && product->op == BinaryOp::Multiply &&
         (isMultipleOf(product->left, symbol) || isMultipleOf(product->right, symbol));
}

bool isSymbol(const Expr *size, StringRef symbol) {
  return llvm::isa_and_nonnull<NameExpr>(size) && isMultipleOf(size, symbol);
}

class ContractReader {
public:
  ContractReader(Elaborator &elaborator, const Callable &model)
      : elaborator(elaborator), model(model), contract(*model.contract) {}

  std::optional<ContractTerms> read(llvm::ArrayRef<mlir::Type> inputs) {
    if (!areDistinct() || !areKnown())
      return std::nullopt;
    std::vector<const TypeExpr *> inputTypes, resultTypes;
    for (const Parameter &parameter : model.parameters)
      if (parameter.type->isTensor())
        inputTypes.push_back(parameter.type);
    for (const Result &result : model.results)
      resultTypes.push_back(result.type);
    std::optional<Place> input = find(inputTypes, isSymbol);
    if (!input) {
      elaborator.error<diag::ContractAxes>(contract.range, model.name.text);
      return std::nullopt;
    }
    std::optional<Place> result = find(resultTypes, isMultipleOf);
    if (!result) {
      std::vector<StringRef> names;
      for (const Identifier &axis : contract.axes)
        names.push_back(axis.text);
      elaborator.error<diag::ContractResult>(contract.range, model.name.text,
                                             llvm::join(names, ", "));
      return std::nullopt;
    }
    llvm::SmallVector<int64_t> order;
    int64_t positions = 1;
    auto type = llvm::cast<mlir::RankedTensorType>(inputs[input->index]);
    for (int64_t axis : input->axes)
      positions *= type.getDimSize(axis);
    if (contract.order && !readOrder(positions, order))
      return std::nullopt;
    std::optional<int64_t> ahead = readAhead();
    if (!ahead)
      return std::nullopt;
    return ContractTerms{ir::CausalAttr::get(type.getContext(), input->index, input->axes,
                                             result->index, result->axes, contract.isStrict, order),
                         *ahead};
  }

private:
  /// A tensor of the signature, and its axes that the contract names.
  struct Place {
    int64_t index;
    llvm::SmallVector<int64_t> axes;
  };

  bool areDistinct() {
    for (const auto &[index, axis] : llvm::enumerate(contract.axes))
      for (const Identifier &other : contract.axes.take_front(index))
        if (other.text == axis.text) {
          elaborator.error<diag::RepeatedAxis>(axis.range);
          return false;
        }
    return true;
  }

  /// Whether each axis is a dimension of some input: told apart, as it may be a misspelt name.
  bool areKnown() {
    std::vector<StringRef> known;
    for (const Parameter &parameter : model.parameters)
      for (const Dimension &dimension : parameter.type->dimensions)
        if (const auto *name = llvm::dyn_cast_or_null<NameExpr>(dimension.size))
          known.push_back(name->name);
    for (const Identifier &axis : contract.axes)
      if (!llvm::is_contained(known, axis.text)) {
        elaborator.error<diag::ContractAxis>(axis.range, axis.text, model.name.text,
                                             didYouMean(axis.text, known));
        return false;
      }
    return true;
  }

  /// The first of the tensors that has each axis of the contract as a dimension that fits.
  std::optional<Place> find(llvm::ArrayRef<const TypeExpr *> tensors,
                            bool (*fits)(const Expr *, StringRef)) {
    for (auto [index, type] : llvm::enumerate(tensors)) {
      Place place{static_cast<int64_t>(index), {}};
      for (const Identifier &axis : contract.axes) {
        const auto *dimension = llvm::find_if(
            type->dimensions, [&](const Dimension &d) { return fits(d.size, axis.text); });
        if (dimension != type->dimensions.end())
          place.axes.push_back(dimension - type->dimensions.begin());
      }
      if (place.axes.size() == contract.axes.size())
        return place;
    }
    return std::nullopt;
  }

  bool readOrder(int64_t positions, llvm::SmallVectorImpl<int64_t> &order) {
    Value value = constant(contract.order);
    if (value.hasPoison())
      return false;
    if (value.isNone())
      return true;
    if (value.isSequence())
      for (const Value &rank : value.elements())
        order.push_back(rank.isInteger() ? rank.asInteger() : -1);
    llvm::SmallVector<int64_t> sorted = llvm::to_vector(order);
    llvm::sort(sorted);
    bool isPermutation = static_cast<int64_t>(sorted.size()) == positions;
    for (auto [index, rank] : llvm::enumerate(sorted))
      isPermutation &= rank == static_cast<int64_t>(index);
    if (!isPermutation)
      elaborator.error<diag::ContractOrder>(contract.order->range, positions, positions - 1,
                                            value.text());
    return isPermutation;
  }

  std::optional<int64_t> readAhead() {
    if (!contract.ahead)
      return 0;
    if (contract.isStrict) {
      elaborator.error<diag::ContractStrictAhead>(contract.ahead->range);
      return std::nullopt;
    }
    Value value = constant(contract.ahead);
    if (value.hasPoison())
      return std::nullopt;
    if (value.isInteger() && value.asInteger() >= 0)
      return value.asInteger();
    elaborator.error<diag::ContractAhead>(contract.ahead->range, value.text());
    return std::nullopt;
  }

  Value constant(Expr *expr) {
    bool outer = std::exchange(elaborator.buildsGraph, false);
    Value value = elaborator.evaluate(expr);
    elaborator.buildsGraph = outer;
    return value;
  }

  Elaborator &elaborator;
  const Callable &model;
  const Contract &contract;
};

} // namespace

std::optional<ContractTerms> elaborateContract(Elaborator &elaborator, const Callable &model,
                                               llvm::ArrayRef<mlir::Type> inputs) {
  return ContractReader(elaborator, model).read(inputs);
}

} // namespace quern::frontend
