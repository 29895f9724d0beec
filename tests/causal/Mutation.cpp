#include "tests/causal/Mutation.h"

#include "ir/HostTensor.h"
#include "ir/SourceLocation.h"
#include "passes/Model.h"
#include "passes/WeightExpression.h"
#include "passes/causal/ConstantElements.h"
#include "passes/causal/KnownRanges.h"

#include <bit>

namespace quern::passes {
namespace {

/// Makes the mutants of a simplified model.
class Mutation {
public:
  Mutation(mlir::ModuleOp module, Entries entries) : module(module), entries(entries) {
    for (auto [number, op] : llvm::enumerate(opsOf(module)))
      if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
        mutateConv(conv, number);
      else if (auto contract = llvm::dyn_cast<ir::ContractOp>(op))
        mutateContract(contract, number);
      else if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op))
        mutateAttention(attention, number);
      else if (auto pad = llvm::dyn_cast<ir::PadOp>(op))
        mutatePad(pad, number);
  }

  std::vector<Mutant> mutants;

private:
  using Index = llvm::SmallVector<int64_t>;
  using Change = llvm::function_ref<void(mlir::OpBuilder &, mlir::Operation *)>;

  /// The model's ops, those in the bodies of scans among them.
  static std::vector<mlir::Operation *> opsOf(mlir::ModuleOp module) {
    std::vector<mlir::Operation *> ops;
    modelOf(module).walk<mlir::WalkOrder::PreOrder>(
        [&](mlir::Operation *op) { ops.push_back(op); });
    return ops;
  }

  void add(mlir::Operation *op, size_t number, Index tap, bool isCertain, Change change) {
    mlir::OwningOpRef<mlir::ModuleOp> copy(module.clone());
    mlir::Operation *own = opsOf(*copy)[number];
    mlir::OpBuilder builder(own);
    change(builder, own);
    mutants.push_back({std::move(copy), ir::labelText(op->getLoc()), std::move(tap), isCertain});
  }

  /// Ones at `where`, along the axes that it has a coordinate for; of the type of `like`.
  static mlir::Value marks(mlir::OpBuilder &builder, mlir::Value like,
                           llvm::ArrayRef<int64_t> where) {
    llvm::SmallVector<int64_t> shape(tensorType(like).getShape());
    for (auto [extent, at] : llvm::zip_equal(shape, where))
      extent = at < 0 ? 1 : extent;
    auto type = mlir::RankedTensorType::get(shape, tensorType(like).getElementType());
    llvm::SmallVector<mlir::Attribute> elements;
    ir::forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index) {
      bool isMarked = llvm::all_of(llvm::zip_equal(index, where), [](auto pair) {
        return std::get<1>(pair) < 0 || std::get<0>(pair) == std::get<1>(pair);
      });
      if (type.getElementType().isInteger(1))
        elements.push_back(builder.getBoolAttr(isMarked));
      else
        elements.push_back(builder.getFloatAttr(type.getElementType(), isMarked ? 1.0 : 0.0));
    });
    return ir::ConstantOp::create(builder, like.getLoc(), type,
                                  mlir::DenseElementsAttr::get(type, elements));
  }

  /// The weight, and a parameter of its own where `where` says.
  static mlir::Value opened(mlir::OpBuilder &builder, mlir::Value weight,
                            llvm::ArrayRef<int64_t> where) {
    mlir::Location loc = weight.getLoc();
    mlir::Value more =
        ir::ParameterOp::create(builder, loc, weight.getType(), builder.getStringAttr("mutant"));
    more = ir::MulOp::create(builder, loc, more, marks(builder, weight, where));
    return ir::AddOp::create(builder, loc, weight, more);
  }

  /// Every tap that the mask hides, for all channels; without a mask, the window one tap later.
  void mutateConv(ir::ConvOp conv, size_t number) {
    llvm::ArrayRef<int64_t> kernel = conv.getKernel();
    Index last;
    auto nonzero = possiblyNonzero(conv.getWeight());
    ir::forEachIndex(kernel, [&](llvm::ArrayRef<int64_t> at) {
      Index where{-1, -1}, tap;
      llvm::append_range(where, at);
      for (auto [axis, place] : llvm::enumerate(at))
        tap.push_back(place * conv.getDilations()[axis] - conv.getPadLow()[axis]);
      last = tap;
      if (nonzero && !isOpen(*nonzero, where))
        add(conv, number, tap, true, [&](mlir::OpBuilder &builder, mlir::Operation *own) {
          own->setOperand(1, opened(builder, own->getOperand(1), where));
        });
    });
    for (int64_t axis = 0; axis < conv.getSpatialRank() && !nonzero; ++axis)
      if (conv.getPadLow()[axis] > 0)
        moveWindow(conv, number, axis, last);
  }

  /// The window along one axis ends a tap later.
  void moveWindow(ir::ConvOp conv, size_t number, int64_t axis, Index last) {
    int64_t step = std::min(conv.getDilations()[axis], conv.getPadLow()[axis]);
    for (auto [at, offset] : llvm::enumerate(last))
      offset = static_cast<int64_t>(at) == axis ? offset + step : Mutant::any;
    add(conv, number, last, true, [&](mlir::OpBuilder &builder, mlir::Operation *own) {
      auto later = llvm::cast<ir::ConvOp>(own);
      llvm::SmallVector<int64_t> low(later.getPadLow()), high(later.getPadHigh());
      low[axis] -= step;
      high[axis] += step;
      later.setPadLowAttr(builder.getDenseI64ArrayAttr(low));
      later.setPadHighAttr(builder.getDenseI64ArrayAttr(high));
    });
  }

  /// Whether no channel's weight is hidden at a tap.
  static bool isOpen(const RankTensor &nonzero, llvm::ArrayRef<int64_t> where) {
    bool isOpen = true;
    ir::forEachIndex(nonzero.shape().take_front(2), [&](llvm::ArrayRef<int64_t> channels) {
      Index index(where);
      llvm::copy(channels, index.begin());
      isOpen = isOpen && nonzero.at(index) != 0;
    });
    return isOpen;
  }

  /// Every entry that is hidden by the mask of a layer, or of scores. Scores that weights mix hide
  /// nothing there.
  void mutateContract(ir::ContractOp contract, size_t number) {
    auto isWeight = [&](unsigned side) { return isWeightExpression(contract->getOperand(side)); };
    for (unsigned side : {1U, 0U})
      if (auto nonzero = possiblyNonzero(contract->getOperand(side));
          nonzero && (isWeight(side) || !isWeight(1 - side)))
        return openEntries(contract, number, side, *nonzero);
  }

  void openEntries(ir::ContractOp contract, size_t number, unsigned side,
                   const RankTensor &nonzero) {
    seen = 0;
    llvm::ArrayRef<int64_t> labels = side == 0 ? contract.getLhsAxes() : contract.getRhsAxes();
    const auto *label = llvm::find_if(labels, [&](int64_t label) {
      return !llvm::is_contained(contract.getResultAxes(), label);
    });
    int64_t summed = label - labels.begin();
    bool isWeight = isWeightExpression(contract->getOperand(side));
    ir::forEachIndex(nonzero.shape(), [&](llvm::ArrayRef<int64_t> where) {
      if (nonzero.at(where) == 0 && isChosen())
        add(contract, number, {where[summed]}, !isWeight || !becomesAnother(nonzero, where, summed),
            [&](mlir::OpBuilder &builder, mlir::Operation *own) {
              own->setOperand(side, opened(builder, own->getOperand(side), where));
            });
    });
  }

  /// Whether with one entry more a unit sees what another does, so that it may as well be the next
  /// layer that mistakes it.
  static bool becomesAnother(const RankTensor &nonzero, llvm::ArrayRef<int64_t> where,
                             int64_t summed) {
    if (where.size() != 2)
      return true;
    int64_t units = 1 - summed;
    auto sees = [&](int64_t unit, int64_t source) {
      return nonzero.at(summed == 0 ? Index{source, unit} : Index{unit, source}) != 0;
    };
    auto sources = llvm::seq(nonzero.shape()[summed]);
    return llvm::any_of(llvm::seq(nonzero.shape()[units]), [&](int64_t other) {
      return llvm::all_of(sources, [&](int64_t source) {
        return sees(other, source) == (source == where[summed] || sees(where[units], source));
      });
    });
  }

  /// What is moved along an axis is moved by one less. Which op should have waited nobody can tell.
  void mutatePad(ir::PadOp pad, size_t number) {
    for (auto [axis, low] : llvm::enumerate(pad.getLow()))
      if (low > 0)
        add(pad, number, {}, false, [&](mlir::OpBuilder &builder, mlir::Operation *own) {
          auto less = llvm::cast<ir::PadOp>(own);
          llvm::SmallVector<int64_t> lows(less.getLow()), highs(less.getHigh());
          --lows[axis];
          ++highs[axis];
          less.setLowAttr(builder.getDenseI64ArrayAttr(lows));
          less.setHighAttr(builder.getDenseI64ArrayAttr(highs));
        });
  }

  /// Every key that the mask hides from a query.
  void mutateAttention(ir::AttentionOp attention, size_t number) {
    if (!attention.getMask())
      return;
    seen = 0;
    std::optional<RankTensor> admitted = constantElements(attention.getMask());
    ir::forEachIndex(admitted->shape(), [&](llvm::ArrayRef<int64_t> where) {
      if (admitted->at(where) == 0 && isChosen())
        add(attention, number, {where[1]}, true,
            [&](mlir::OpBuilder &builder, mlir::Operation *own) {
              mlir::Value mask = own->getOperand(3);
              own->setOperand(
                  3, ir::OrOp::create(builder, mask.getLoc(), mask, marks(builder, mask, where)));
            });
    });
  }

  /// All entries, or the 1st, 2nd, 4th, 8th and so on that an op hides.
  bool isChosen() {
    ++seen;
    return entries == Entries::all || std::has_single_bit(seen);
  }

  mlir::ModuleOp module;
  Entries entries;
  uint64_t seen = 0;
};

} // namespace

bool Mutant::is(const PathStep &step) const {
  return ir::labelText(step.op->getLoc()) == label && step.tap.size() == tap.size() &&
         llvm::all_of(llvm::zip_equal(step.tap, tap), [](auto pair) {
           auto [own, wanted] = pair;
           return wanted == any || own == wanted;
         });
}

std::string Mutant::text() const {
  std::string text = label;
  for (int64_t offset : tap)
    text += offset == any ? " any" : " " + std::to_string(offset);
  return text;
}

std::vector<Mutant> mutate(mlir::ModuleOp module, Entries entries) {
  return std::move(Mutation(module, entries).mutants);
}

} // namespace quern::passes
