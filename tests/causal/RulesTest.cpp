// Names every op of the dialect that has no causality rule.
#include "passes/causal/Reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace quern::passes {
namespace {

TEST(Rules, EveryOpHasOne) {
  mlir::MLIRContext context;
  context.loadDialect<ir::QuernDialect>();
  // A scan's body is analysed; the others come after the analysis.
  const std::set<std::string> structure{"quern.scan", "quern.fused", "quern.yield", "quern.launch",
                                        "quern.segment_dot"};
  std::vector<std::string> lacking;
  size_t ops = 0;
  for (mlir::RegisteredOperationName op : context.getRegisteredOperations()) {
    std::string name = op.getStringRef().str();
    if (op.getDialectNamespace() != "quern" || structure.contains(name))
      continue;
    ++ops;
    if (!hasReadRule(name))
      lacking.push_back(name);
  }
  EXPECT_GT(ops, 30U);
  EXPECT_THAT(lacking, testing::IsEmpty());
}

} // namespace
} // namespace quern::passes
