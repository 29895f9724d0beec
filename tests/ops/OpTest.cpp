// Every op against its naive meaning, on the CPU and on an OpenCL device.
#include "tests/ops/OpHarness.h"

#include <gtest/gtest.h>

namespace quern::tests {
namespace {

struct Family {
  const char *name;
  Cases (*cases)();
};

class Ops : public testing::TestWithParam<std::tuple<Family, const char *>> {};

TEST_P(Ops, AgreeWithTheReference) {
  const auto &[family, target] = GetParam();
  checkCases(family.cases(), target);
}

INSTANTIATE_TEST_SUITE_P(
    All, Ops,
    testing::Combine(testing::Values(Family{"Elementwise", elementwiseCases},
                                     Family{"Contract", contractCases}, Family{"Conv", convCases},
                                     Family{"Window", windowCases}, Family{"Reduce", reduceCases},
                                     Family{"Shape", shapeCases}, Family{"Resize", resizeCases},
                                     Family{"Fused", fusedCases}),
                     testing::Values("host", "host-opencl")),
    [](const auto &instance) {
      bool device = std::string(std::get<1>(instance.param)) != "host";
      return std::string(std::get<0>(instance.param).name) + (device ? "OpenCl" : "Cpu");
    });

/// The code of older processors, where this one runs it (it runs all below its own level).
TEST(OpsOnOtherTargets, NarrowVectors) {
  for (const char *target : {"x86-64-v2", "x86-64-v3"}) {
    checkCases(convCases(), target);
    checkCases(contractCases(), target);
  }
}

} // namespace
} // namespace quern::tests
