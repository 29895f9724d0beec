// The analysis against the full pass as it is compiled: kernels compute padding, tails and vectors
// that the references know nothing of.
#include "ir/Infer.h"
#include "tests/causal/CompiledModel.h"
#include "tests/causal/Perturbation.h"
#include "tests/causal/RandomCausalModel.h"

#include <gtest/gtest.h>

namespace quern::passes {
namespace {

class CompiledCausalModels : public testing::TestWithParam<uint64_t> {};

TEST_P(CompiledCausalModels, OutputsMoveWithWhatTheyDependOn) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect, mlir::func::FuncDialect>();
  RandomCausalModel model = makeRandomCausalModel(context, 1000 + GetParam());
  SimplifiedModel simplified(*model.module);
  auto &analysis = simplified.analysis;
  ASSERT_TRUE(mlir::succeeded(analysis));
  CompiledModel compiled(*model.module, model.parameters);
  ASSERT_TRUE(compiled);
  llvm::ArrayRef<int64_t> shape = ir::tensorType(analysis->output()).getShape();
  expectSameDependence(
      *analysis,
      Perturbation([&](const reference::Tensor &input) { return compiled.run(input, shape); },
                   *analysis));
}

INSTANTIATE_TEST_SUITE_P(Seeds, CompiledCausalModels, testing::Range<uint64_t>(0, 16));

} // namespace
} // namespace quern::passes
