// Masks that were tampered with are caught: one tap more in a convolution, one key more in an
// attention, one entry more in a masked layer. Whether a model leaks then is told by perturbing it;
// that it does must be reported, with the op and the tap.
#include "frontend/Frontend.h"
#include "ir/HostTensor.h"
#include "ir/SourceLocation.h"
#include "passes/Model.h"
#include "passes/Pipeline.h"
#include "passes/causal/Counterexample.h"
#include "passes/causal/StructuralZeros.h"
#include "tests/causal/Perturbation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern::passes {
namespace {

using Index = llvm::SmallVector<int64_t>;

struct CausalText {
  const char *name;
  const char *text;
};

const CausalText models[] = {
    {"pixelcnn", R"(
model pixelcnn(x: f32[1, 1, H = 4, W = 5]) -> f32[1, 2, H, W] strictly causal over (H, W) {
    y = tanh(first: masked_conv2d(x, 3, kernel = 3, type = "A"))
    y = tanh(second: masked_conv2d(y, 3, kernel = 3))
    return last: masked_conv2d(y, 2, kernel = 1)
}
)"},
    {"colours", R"(
model colours(x: f32[1, C = 3, H = 3, W = 3]) -> f32[1, C * 2, H, W] strictly causal over (H, W, C) {
    y = tanh(first: masked_conv2d(x, 6, kernel = 3, type = "A", colours = 3))
    y = tanh(second: masked_conv2d(y, 6, kernel = 3, colours = 3))
    return last: masked_conv2d(y, 6, kernel = 1, colours = 3)
}
)"},
    {"stacks", R"(
model stacks(x: f32[1, 1, H = 4, W = 4]) -> f32[1, 2, H, W] strictly causal over (H, W) {
    v = tanh(rows: masked_conv2d(x, 2, kernel = 3))
    h = tanh(row: masked_conv2d(x, 2, kernel = (1, 3), type = "A"))
    return tanh(h + (link: conv2d(shift_down(v), 2, kernel = 1)))
}
)"},
    {"dilated", R"(
model dilated(x: f32[1, 2, T = 10]) -> f32[1, 2, T] causal over T {
    y = tanh(first: conv1d(x, 3, kernel = 2, pad = causal))
    y = y + tanh(second: conv1d(y, 3, kernel = 2, dilation = 2, pad = causal))
    return last: conv1d(y, 2, kernel = 2, dilation = 4, pad = causal)
}
)"},
    {"made", R"(
model made(x: f32[2, D = 4]) -> f32[2, D] strictly causal over D {
    y = tanh(first: masked_linear(x, [0, 1, 2, 3], [0, 1, 2, 0, 1, 2]))
    return last: masked_linear(y, [0, 1, 2, 0, 1, 2], [0, 1, 2, 3], strict = true)
}
)"},
    {"attentive", R"(
model attentive(x: f32[1, T = 5, 4]) -> f32[1, T, 4] causal over T {
    return mix: multi_head_attention(x, x, heads = 2, mask = (i, j) => j <= i)
}
)"},
};

/// A model with one read more than it had.
struct Mutant {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string label; ///< of the op that reads more
  Index tap;
  /// Whether the op and tap can be told from the others of the path: in a masked layer, taking any
  /// of the reads away may mend the model.
  bool isCertain = true;
};

/// Makes the mutants of a simplified model.
class Mutation {
public:
  explicit Mutation(mlir::ModuleOp module) : module(module) {
    int64_t number = 0;
    for (mlir::Operation &op : modelOf(module).front()) {
      if (auto conv = llvm::dyn_cast<ir::ConvOp>(op))
        mutateConv(conv, number);
      else if (auto contract = llvm::dyn_cast<ir::ContractOp>(op))
        mutateContract(contract, number);
      else if (auto attention = llvm::dyn_cast<ir::AttentionOp>(op))
        mutateAttention(attention, number);
      ++number;
    }
  }

  std::vector<Mutant> mutants;

private:
  using Change = llvm::function_ref<void(mlir::OpBuilder &, mlir::Operation *)>;

  void add(mlir::Operation *op, int64_t number, Index tap, bool isCertain, Change change) {
    mlir::OwningOpRef<mlir::ModuleOp> copy(module.clone());
    mlir::Operation *own = &*std::next(modelOf(*copy).front().begin(), number);
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
  void mutateConv(ir::ConvOp conv, int64_t number) {
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
    if (nonzero || conv.getPadLow().front() == 0)
      return;
    int64_t step = conv.getDilations().front();
    last.front() += step;
    add(conv, number, last, true, [&](mlir::OpBuilder &builder, mlir::Operation *own) {
      auto later = llvm::cast<ir::ConvOp>(own);
      llvm::SmallVector<int64_t> low(later.getPadLow()), high(later.getPadHigh());
      low.front() -= step;
      high.front() += step;
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

  /// Every entry that the mask of a layer hides.
  void mutateContract(ir::ContractOp contract, int64_t number) {
    auto nonzero = possiblyNonzero(contract.getRhs());
    if (!nonzero)
      return;
    const auto *summed = llvm::find_if(contract.getRhsAxes(), [&](int64_t label) {
      return !llvm::is_contained(contract.getResultAxes(), label);
    });
    ir::forEachIndex(nonzero->shape(), [&](llvm::ArrayRef<int64_t> where) {
      if (nonzero->at(where) == 0)
        add(contract, number, {where[summed - contract.getRhsAxes().begin()]}, false,
            [&](mlir::OpBuilder &builder, mlir::Operation *own) {
              own->setOperand(1, opened(builder, own->getOperand(1), where));
            });
    });
  }

  /// Every key that the mask hides from a query.
  void mutateAttention(ir::AttentionOp attention, int64_t number) {
    std::optional<RankTensor> admitted = constantElements(attention.getMask());
    ir::forEachIndex(admitted->shape(), [&](llvm::ArrayRef<int64_t> where) {
      if (admitted->at(where) == 0)
        add(attention, number, {where[1]}, true,
            [&](mlir::OpBuilder &builder, mlir::Operation *own) {
              mlir::Value mask = own->getOperand(3);
              own->setOperand(
                  3, ir::OrOp::create(builder, mask.getLoc(), mask, marks(builder, mask, where)));
            });
    });
  }

  mlir::ModuleOp module;
};

Parameters genericParameters(mlir::ModuleOp module) {
  Parameters parameters;
  module.walk([&](ir::ParameterOp op) {
    reference::Tensor tensor(tensorType(op).getShape().vec());
    double phase = static_cast<double>(parameters.size()) * 0.7;
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.values[i] = 0.6 * std::sin(phase + 1.9 * static_cast<double>(i + 1));
    parameters.emplace(op.getKey().str(), tensor);
  });
  return parameters;
}

CausalAnalysis analysed(mlir::ModuleOp module) {
  mlir::func::FuncOp model = modelOf(module);
  return *analyseCausality(model, model->getAttrOfType<ir::CausalAttr>(ir::names::causal));
}

bool isOfMutant(const PathStep &step, const Mutant &mutant) {
  return ir::labelText(step.op->getLoc()) == mutant.label && step.tap == mutant.tap;
}

class Mutations : public testing::TestWithParam<CausalText> {};

TEST_P(Mutations, AreCaughtWithOpAndTap) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  frontend::Options options;
  options.library = QUERN_SOURCE_DIR "/frontend/library";
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  auto module = frontend::compileText("test.qn", GetParam().text, options, context, stream);
  ASSERT_TRUE(module) << messages;
  mlir::PassManager simplify(&context);
  buildSimplify(simplify);
  ASSERT_TRUE(mlir::succeeded(simplify.run(*module)));
  CausalAnalysis original = analysed(*module);
  ASSERT_TRUE(judge(original).isCausal);
  expectSameDependence(original, perturb(*module, genericParameters(*module), original));

  size_t leaks = 0;
  for (const Mutant &mutant : Mutation(*module).mutants) {
    CausalAnalysis analysis = analysed(*mutant.module);
    expectSameDependence(analysis,
                         perturb(*mutant.module, genericParameters(*mutant.module), analysis));
    ASSERT_FALSE(HasFailure()) << mutant.label << " " << indexText(mutant.tap);
    Verdict verdict = judge(analysis);
    if (verdict.isCausal)
      continue;
    ++leaks;
    Counterexample found = findCounterexample(analysis, verdict.worst);
    EXPECT_TRUE(
        llvm::any_of(found.steps, [&](const PathStep &step) { return isOfMutant(step, mutant); }))
        << mutant.label << " " << indexText(mutant.tap);
    if (mutant.isCertain)
      EXPECT_TRUE(isOfMutant(found.steps[found.blamed], mutant))
          << mutant.label << " " << indexText(mutant.tap) << " blamed on "
          << found.steps[found.blamed].text();
  }
  EXPECT_GT(leaks, 0U);
}

INSTANTIATE_TEST_SUITE_P(Models, Mutations, testing::ValuesIn(models),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace quern::passes
