// What the analysis says an output depends on is what moves when an input does: exactly, since the
// weights are generic.
#include "tests/causal/Perturbation.h"

#include "tests/causal/RandomCausalModel.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

namespace quern::passes {
namespace {

std::string textOf(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  return text;
}

class RandomCausalModels : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomCausalModels, OutputsMoveWithWhatTheyDependOn) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  context.disableMultithreading();
  for (uint64_t seed = GetParam() * 15; seed < GetParam() * 15 + 15; ++seed) {
    RandomCausalModel model = makeRandomCausalModel(context, seed);
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*model.module)));
    SimplifiedModel simplified(*model.module);
    auto &analysis = simplified.analysis;
    ASSERT_TRUE(mlir::succeeded(analysis));
    expectSameDependence(*analysis, perturb(*model.module, model.parameters, *analysis));
    if (HasFailure()) {
      ADD_FAILURE() << "seed " << seed << "\n" << textOf(*model.module);
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomCausalModels, testing::Range<uint64_t>(0, 12));

} // namespace
} // namespace quern::passes
