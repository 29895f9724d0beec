// Names every op of the dialect that lacks an emitter or a case.
#include "codegen/halide/Emitter.h"
#include "tests/ops/OpCase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace quern::tests {
namespace {

TEST(Coverage, EveryOpHasAnEmitterAndACase) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect>();
  // These hold ops together, are computed when a model is compiled, or lowered to others before.
  const std::set<std::string> structure{
      "quern.fused",     "quern.yield", "quern.launch", "quern.parameter", "quern.filter_transform",
      "quern.attention", "quern.scan"};
  std::string texts;
  for (Cases (*cases)() : {elementwiseCases, contractCases, convCases, windowCases, reduceCases,
                           shapeCases, resizeCases, fusedCases})
    for (const OpCase &c : cases())
      texts += c.text;
  std::vector<std::string> lacking;
  size_t ops = 0;
  for (mlir::RegisteredOperationName op : context.getRegisteredOperations()) {
    std::string name = op.getStringRef().str();
    if (op.getDialectNamespace() != "quern" || structure.contains(name))
      continue;
    ++ops;
    if (!codegen::findEmitter(name))
      lacking.push_back(name + " has no emitter");
    if (texts.find(name + " ") == std::string::npos)
      lacking.push_back(name + " has no case");
  }
  EXPECT_GT(ops, 30U);
  EXPECT_THAT(lacking, testing::IsEmpty());
}

} // namespace
} // namespace quern::tests
