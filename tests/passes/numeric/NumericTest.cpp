// Random models give the same numbers before and after each pass, on the references in double
// precision.
#include "passes/Pipeline.h"
#include "passes/Plan.h"
#include "tests/passes/numeric/RandomModel.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern::passes {
namespace {

std::string textOf(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  return text;
}

/// Fails the test unless all values agree to 1e-9 of the largest.
void expectEqual(const std::vector<reference::Tensor> &expected,
                 const std::vector<reference::Tensor> &actual, const std::string &what) {
  ASSERT_EQ(expected.size(), actual.size()) << what;
  for (size_t output = 0; output < expected.size(); ++output) {
    ASSERT_EQ(expected[output].shape, actual[output].shape) << what;
    double scale = 1e-30, worst = 0;
    for (size_t i = 0; i < expected[output].values.size(); ++i) {
      double a = expected[output].values[i], b = actual[output].values[i];
      if (std::isnan(a) && std::isnan(b))
        continue;
      scale = std::max(scale, std::abs(a));
      worst = std::max(worst, std::isnan(a - b) ? INFINITY : std::abs(a - b));
    }
    ASSERT_LE(worst / scale, 1e-9) << what << ", output " << output;
  }
}

class RandomModels : public testing::TestWithParam<uint64_t> {
protected:
  RandomModels() {
    context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
    context.disableMultithreading();
  }
  mlir::MLIRContext context;
};

/// Interprets the model after every pass and compares with the answer from before the first.
class Comparison : public mlir::PassInstrumentation {
public:
  Comparison(const RandomModel &model, std::string what)
      : model(model), what(std::move(what)), before(textOf(*model.module)),
        expected(interpret(*model.module, model.parameters, model.inputs)) {}

  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override {
    if (testing::Test::HasFailure())
      return;
    auto module = llvm::cast<mlir::ModuleOp>(op);
    std::string place = what + ", after " + pass->getArgument().str();
    try {
      expectEqual(expected, interpret(module, model.parameters, model.inputs), place);
    } catch (const std::exception &error) {
      ADD_FAILURE() << place << ": " << error.what();
    }
    std::string after = textOf(module);
    if (testing::Test::HasFailure())
      ADD_FAILURE() << "before:\n" << before << "\nafter:\n" << after;
    before = std::move(after);
  }

private:
  const RandomModel &model;
  std::string what, before;
  std::vector<reference::Tensor> expected;
};

TEST_P(RandomModels, EachPassKeepsTheNumbers) {
  for (uint64_t seed = GetParam() * 20; seed < GetParam() * 20 + 20; ++seed) {
    RandomModel model = makeRandomModel(context, seed);
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*model.module)));
    mlir::PassManager pm(&context);
    buildPipeline(pm, PipelineOptions());
    pm.addInstrumentation(std::make_unique<Comparison>(model, "seed " + std::to_string(seed)));
    ASSERT_TRUE(mlir::succeeded(pm.run(*model.module))) << "seed " << seed;
    if (HasFailure())
      return;
  }
}

TEST_P(RandomModels, TheSameModelGivesTheSameBytes) {
  std::string first;
  for (int round = 0; round < 2; ++round) {
    RandomModel model = makeRandomModel(context, GetParam());
    ASSERT_TRUE(mlir::succeeded(runPipeline(*model.module)));
    std::string plan;
    llvm::raw_string_ostream out(plan);
    writePlan(*model.module, "host", {}, out);
    std::string text = textOf(*model.module) + plan;
    if (round == 0)
      first = text;
    EXPECT_EQ(text, first);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomModels, testing::Range<uint64_t>(0, 20));

} // namespace
} // namespace quern::passes
