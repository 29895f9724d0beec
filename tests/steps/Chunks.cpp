#include "tests/steps/Chunks.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quern::tests {

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
  // A model may happen to give zeros alone.
  return error == 0 ? 0 : error / largest;
}

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

} // namespace quern::tests
