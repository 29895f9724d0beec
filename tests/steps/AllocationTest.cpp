// A sequence that goes on allocates nothing, whatever the model's steps are made of.
#include "tests/runtime/CountedMalloc.h"
#include "tests/steps/StepModel.h"

#include <gtest/gtest.h>

namespace quern::tests {
namespace {

class StepAllocation : public testing::TestWithParam<const char *> {};

TEST_P(StepAllocation, AdvancingAndSamplingNeedNone) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  std::mt19937 random(1);
  std::vector<Tensor> inputs = made.inputs(random);
  Tensor elements = made.elements(inputs), outputs(made.order.positions * made.order.output_bytes);
  for (uint32_t threads : {1u, 2u, 4u}) {
    quern_context *context = made.context(threads);
    quern_sequence *sequence = nullptr;
    ASSERT_EQ(made.api.begin(context, StepModel::pointers(inputs).data(), &sequence), QUERN_OK);
    uint64_t half = made.order.positions / 2;
    countAllocations();
    int status = made.api.advance(sequence, 0, half, elements.data(), outputs.data());
    status |= made.api.predict(sequence, outputs.data());
    status |= made.api.sample(sequence, made.order.positions - half, nullptr, elements.data());
    EXPECT_EQ(allocationsCounted(), 0) << threads << " threads";
    EXPECT_EQ(status, QUERN_OK) << made.api.lastError(context);
    made.api.end(sequence);
    made.api.destroy(context);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, StepAllocation,
                         testing::Values("any_order", "gated_pixelcnn", "gpt", "lstm",
                                         "pixelcnn_colours", "wavenet"),
                         [](const auto &info) { return std::string(info.param); });

} // namespace
} // namespace quern::tests
