// A sequence that is carried on step by step gives what the full pass gives, whatever the steps.
#include "tests/steps/StepModel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace quern::tests {
namespace {

/// The models of the folder that are small enough to be run in full.
std::vector<std::string> modelNames() {
  std::vector<std::string> names;
  for (const auto &file :
       std::filesystem::directory_iterator(QUERN_SOURCE_DIR "/tests/steps/models"))
    if (std::string stem = file.path().stem().string(); !stem.ends_with("_large"))
      names.push_back(stem);
  std::sort(names.begin(), names.end());
  return names;
}

/// The largest difference over the largest value; infinite where something is no number.
double difference(const Tensor &actual, const Tensor &expected) {
  if (actual.size() != expected.size() || expected.empty())
    return INFINITY;
  auto *a = reinterpret_cast<const float *>(actual.data());
  auto *e = reinterpret_cast<const float *>(expected.data());
  double largest = 0, error = 0;
  for (size_t i = 0; i < expected.size() / sizeof(float); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(e[i]))
      return INFINITY;
    largest = std::max(largest, std::abs(static_cast<double>(e[i])));
    error = std::max(error, std::abs(static_cast<double>(a[i]) - static_cast<double>(e[i])));
  }
  return error / largest;
}

class Steps : public testing::TestWithParam<std::string> {};

/// Advances over all elements in chunks of 1 to `most`; returns the outputs in their order.
Tensor inChunks(const StepModel &made, quern_context *context, const std::vector<Tensor> &inputs,
                uint64_t most, std::mt19937 &random) {
  Tensor elements = made.elements(inputs);
  Tensor outputs(made.order.positions * made.order.output_bytes, std::byte{0xff});
  quern_sequence *sequence = nullptr;
  EXPECT_EQ(made.api.begin(context, StepModel::pointers(inputs).data(), &sequence), QUERN_OK)
      << made.api.lastError(context);
  auto due = [&](uint64_t position) {
    return position == made.order.positions ? position
           : position > made.order.latency  ? position - made.order.latency
                                            : 0;
  };
  for (uint64_t from = 0; sequence && from < made.order.positions;) {
    uint64_t to = std::min(from + 1 + random() % most, made.order.positions);
    EXPECT_EQ(made.api.advance(sequence, from, to, elements.data() + from * made.order.input_bytes,
                               outputs.data() + due(from) * made.order.output_bytes),
              QUERN_OK)
        << made.api.lastError(context);
    from = to;
  }
  made.api.end(sequence);
  return outputs;
}

TEST_P(Steps, AgreeWithTheFullPass) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  quern_context *context = made.context();
  std::mt19937 random(1);
  for (uint64_t most : {1, 5}) {
    std::vector<Tensor> inputs = made.inputs(random);
    Tensor expected = made.fullPass(context, inputs);
    double error = difference(inChunks(made, context, inputs, most, random), expected);
    EXPECT_TRUE(error <= 1e-5) << "in steps of up to " << most << ": " << error;
  }
  made.api.destroy(context);
}

TEST_P(Steps, ComputeEachElementOnce) {
  StepModel made(GetParam());
  ASSERT_TRUE(made.model);
  EXPECT_GT(made.work().full, 0);
  EXPECT_EQ(made.work().steps, made.work().full + made.work().further);
}

INSTANTIATE_TEST_SUITE_P(Models, Steps, testing::ValuesIn(modelNames()),
                         [](const auto &info) { return info.param; });

} // namespace
} // namespace quern::tests
