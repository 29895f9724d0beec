// Sampling, saved states, and what is refused.
#include "runtime/ModelImage.h"
#include "tests/steps/StepModel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace quern::tests {
namespace {

/// A model with a context; sequences are ended with the fixture.
class SequenceTest : public testing::Test {
protected:
  void open(const std::string &name, uint32_t threads = 1) {
    made = std::make_unique<StepModel>(name);
    ASSERT_TRUE(made->model);
    context = made->context(threads);
    ASSERT_TRUE(context);
    std::mt19937 random(3);
    inputs = made->inputs(random);
    elements = made->elements(inputs);
  }
  ~SequenceTest() override {
    for (quern_sequence *sequence : sequences)
      made->api.end(sequence);
    if (context)
      made->api.destroy(context);
  }
  quern_sequence *begin() {
    quern_sequence *sequence = nullptr;
    EXPECT_EQ(made->api.begin(context, StepModel::pointers(inputs).data(), &sequence), QUERN_OK)
        << error();
    sequences.push_back(sequence);
    return sequence;
  }
  quern_status advance(quern_sequence *sequence, uint64_t from, uint64_t to) {
    return made->api.advance(sequence, from, to, elements.data() + from * made->order.input_bytes,
                             nullptr);
  }
  /// The next `count` elements for a seed.
  Tensor sample(quern_sequence *sequence, uint64_t count, uint64_t seed = 11) {
    quern_sample_options options = QUERN_SAMPLE_OPTIONS_DEFAULT;
    options.seed = seed;
    Tensor drawn(count * made->order.input_bytes);
    EXPECT_EQ(made->api.sample(sequence, count, &options, drawn.data()), QUERN_OK) << error();
    return drawn;
  }
  Tensor predict(quern_sequence *sequence) {
    Tensor output(made->order.output_bytes);
    EXPECT_EQ(made->api.predict(sequence, output.data()), QUERN_OK) << error();
    return output;
  }
  std::string error() const { return made->api.lastError(context); }

  std::unique_ptr<StepModel> made;
  quern_context *context = nullptr;
  std::vector<quern_sequence *> sequences;
  std::vector<Tensor> inputs;
  Tensor elements;
};

/// In one go or element by element with predictions between, the sample is the same; and what was
/// drawn, fed to another sequence, gives the same predictions.
TEST_F(SequenceTest, SamplesFollowTheModel) {
  open("pixelcnn");
  size_t bytes = made->order.input_bytes;
  quern_sequence *drawn = begin(), *stepped = begin(), *fed = begin();
  elements = sample(drawn, made->order.positions);
  for (uint64_t position = 0; position < made->order.positions; ++position) {
    auto own = elements.begin() + static_cast<int64_t>(position * bytes);
    EXPECT_EQ(predict(stepped), predict(fed)) << position;
    EXPECT_EQ(sample(stepped, 1), Tensor(own, own + static_cast<int64_t>(bytes))) << position;
    ASSERT_EQ(advance(fed, position, position + 1), QUERN_OK) << error();
  }
}

TEST_F(SequenceTest, SameSeedSameSampleOnAnyThreads) {
  open("wavenet");
  Tensor expected;
  for (uint32_t threads : {1u, 2u, 3u, 4u}) {
    quern_context *own = made->context(threads);
    quern_sequence *sequence = nullptr;
    ASSERT_EQ(made->api.begin(own, nullptr, &sequence), QUERN_OK);
    ASSERT_EQ(advance(sequence, 0, 3), QUERN_OK);
    Tensor drawn = sample(sequence, 20);
    if (threads == 1)
      expected = drawn;
    EXPECT_EQ(drawn, expected) << threads << " threads";
    made->api.end(sequence);
    made->api.destroy(own);
  }
  quern_sequence *sequence = begin();
  ASSERT_EQ(advance(sequence, 0, 3), QUERN_OK);
  EXPECT_NE(sample(sequence, 20, 12), expected);
}

TEST_F(SequenceTest, GoesOnAfterSaveRestoreAndFork) {
  open("gated_pixelcnn");
  quern_sequence *sequence = begin();
  ASSERT_EQ(advance(sequence, 0, 9), QUERN_OK);
  predict(sequence);
  Tensor saved(made->api.bytes(sequence));
  ASSERT_EQ(made->api.save(sequence, saved.data(), saved.size()), QUERN_OK);
  quern_sequence *fork = nullptr, *other = begin();
  ASSERT_EQ(made->api.fork(sequence, &fork), QUERN_OK);
  sequences.push_back(fork);
  Tensor expected = sample(sequence, 12);
  EXPECT_EQ(sample(fork, 12), expected);
  ASSERT_EQ(made->api.restore(other, saved.data(), saved.size()), QUERN_OK) << error();
  EXPECT_EQ(made->api.position(other), 9u);
  EXPECT_EQ(sample(other, 12), expected);
  // And once more in the sequence that has gone on.
  ASSERT_EQ(made->api.restore(sequence, saved.data(), saved.size()), QUERN_OK);
  EXPECT_EQ(sample(sequence, 12), expected);
}

TEST_F(SequenceTest, RefusesDamagedAndForeignStates) {
  open("gated_pixelcnn");
  quern_sequence *sequence = begin();
  ASSERT_EQ(advance(sequence, 0, 5), QUERN_OK);
  Tensor prediction = predict(sequence), saved(made->api.bytes(sequence));
  ASSERT_EQ(made->api.save(sequence, saved.data(), saved.size()), QUERN_OK);
  auto refuses = [&](const Tensor &bytes, size_t size, const char *why) {
    EXPECT_EQ(made->api.restore(sequence, bytes.data(), size), QUERN_BAD_STATE) << why;
    EXPECT_EQ(made->api.position(sequence), 5u);
    EXPECT_EQ(predict(sequence), prediction) << why;
  };
  refuses(saved, saved.size() - 1, "truncated");
  refuses(saved, 10, "no header");
  for (size_t at : {size_t{0}, size_t{9}, size_t{20}, size_t{33}, size_t{44}, saved.size() / 2,
                    saved.size() - 1}) {
    Tensor damaged = saved;
    damaged[at] ^= std::byte{1};
    refuses(damaged, damaged.size(), "damaged");
  }
  // With a checksum that is right: the first state's memory would begin behind the position.
  Tensor forged = saved;
  uint64_t origin = 1000, facts[2] = {5, 1};
  constexpr size_t header = 48;
  std::memcpy(forged.data() + header, &origin, sizeof origin);
  uint64_t checksum = runtime::hashBytes(forged.data() + header, forged.size() - header,
                                         runtime::hashBytes(facts, sizeof facts));
  std::memcpy(forged.data() + header - sizeof checksum, &checksum, sizeof checksum);
  refuses(forged, forged.size(), "forged");
  StepModel other("pixelcnn");
  ASSERT_TRUE(other.model);
  quern_context *foreign = other.context();
  quern_sequence *stranger = nullptr;
  ASSERT_EQ(other.api.begin(foreign, nullptr, &stranger), QUERN_OK);
  EXPECT_EQ(other.api.restore(stranger, saved.data(), saved.size()), QUERN_BAD_STATE);
  EXPECT_STREQ(other.api.lastError(foreign), "the state was saved by another model");
  other.api.end(stranger);
  other.api.destroy(foreign);
}

TEST_F(SequenceTest, RefusesWrongPositionsAndUnknownLevels) {
  open("wavenet");
  quern_sequence *sequence = begin();
  ASSERT_EQ(advance(sequence, 0, 4), QUERN_OK);
  Tensor prediction = predict(sequence);
  EXPECT_EQ(advance(sequence, 3, 5), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "cannot advance from position 3 to 5: the sequence is at 4 of 40");
  EXPECT_EQ(advance(sequence, 4, 41), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(made->api.sample(sequence, 37, nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "cannot draw 37 elements: the sequence is at 4 of 40 positions");
  int32_t levels[2] = {3, 7};
  EXPECT_EQ(made->api.advance(sequence, 4, 5, levels, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "element 7 at position 4 is none of the 7 levels from 0 to 6");
  quern_sample_options options = QUERN_SAMPLE_OPTIONS_DEFAULT;
  options.temperature = -1;
  EXPECT_EQ(made->api.sample(sequence, 1, &options, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(made->api.position(sequence), 4u);
  EXPECT_EQ(predict(sequence), prediction);
}

/// What is no element is refused before anything is taken, so that the sequence goes on.
TEST_F(SequenceTest, RefusesFloatsThatAreNoElements) {
  open("pixelcnn");
  quern_sequence *sequence = begin();
  ASSERT_EQ(advance(sequence, 0, 2), QUERN_OK) << error();
  Tensor prediction = predict(sequence);
  size_t each = made->order.input_bytes / sizeof(float);
  auto refuses = [&](float value, const std::string &why) {
    std::vector<float> slots(2 * each, -1);
    slots.back() = value;
    EXPECT_EQ(made->api.advance(sequence, 2, 4, slots.data(), nullptr), QUERN_INVALID_ARGUMENT);
    EXPECT_EQ(error(), why);
    EXPECT_EQ(made->api.position(sequence), 2u);
    EXPECT_EQ(predict(sequence), prediction);
  };
  refuses(std::numeric_limits<float>::quiet_NaN(), "element nan at position 3 is no finite number");
  refuses(std::numeric_limits<float>::infinity(), "element inf at position 3 is no finite number");
  std::string levels = std::to_string(made->levels());
  refuses(77, "element 77 at position 3 is none of the " + levels + " levels from -1 to 1");
  refuses(0.1234F,
          "element 0.1234 at position 3 is none of the " + levels + " levels from -1 to 1");
  sample(sequence, 2);
}

TEST_F(SequenceTest, RefusesConditionsThatAreNoNumbers) {
  open("wavenet_conditioned");
  for (Tensor &input : inputs) {
    float none = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(input.data() + sizeof none, &none, sizeof none);
  }
  quern_sequence *sequence = nullptr;
  EXPECT_EQ(made->api.begin(context, StepModel::pointers(inputs).data(), &sequence),
            QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(sequence, nullptr);
  EXPECT_THAT(error(), testing::HasSubstr("element 1 of input 1"));
}

TEST_F(SequenceTest, StreamsTakeAllButNan) {
  open("look_ahead");
  quern_sequence *sequence = begin();
  std::vector<float> slot(made->order.input_bytes / sizeof(float),
                          std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(made->api.advance(sequence, 0, 1, slot.data(), nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "element nan at position 0 is no finite number");
  EXPECT_EQ(advance(sequence, 0, 1), QUERN_OK) << error();
}

TEST_F(SequenceTest, BoolsAreZeroOrOne) {
  open("switches");
  quern_sequence *sequence = begin();
  const unsigned char slots[] = {1, 0, 1, 2};
  EXPECT_EQ(made->api.advance(sequence, 0, 2, slots, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "element 2 at position 1 is neither 0 nor 1");
  EXPECT_EQ(made->api.advance(sequence, 0, 1, slots, nullptr), QUERN_OK) << error();
}

/// The sequence goes on as if nothing had been.
TEST_F(SequenceTest, AFlushLeavesTheSequenceAsItWas) {
  open("look_ahead");
  quern_sequence *flushed = begin(), *plain = begin();
  uint64_t half = made->order.positions / 2, late = made->order.latency;
  EXPECT_EQ(advance(flushed, 0, half), QUERN_OK) << error();
  EXPECT_EQ(made->api.flush(flushed, nullptr), QUERN_INVALID_ARGUMENT);
  Tensor missing(late * made->order.output_bytes);
  EXPECT_EQ(made->api.flush(flushed, missing.data()), QUERN_OK) << error();
  EXPECT_NE(missing, Tensor(missing.size()));
  EXPECT_EQ(advance(plain, 0, half), QUERN_OK) << error();
  uint64_t rest = made->order.positions - half;
  Tensor outputs[2];
  for (auto [at, sequence] : {std::pair(0, flushed), std::pair(1, plain)}) {
    outputs[at].resize((rest + late) * made->order.output_bytes);
    EXPECT_EQ(made->api.advance(sequence, half, made->order.positions,
                                elements.data() + half * made->order.input_bytes,
                                outputs[at].data()),
              QUERN_OK)
        << error();
  }
  EXPECT_EQ(outputs[0], outputs[1]);
}

TEST_F(SequenceTest, StepProgramsAloneRefuseAFullPass) {
  open("look_ahead");
  quern_model alone = *made->model;
  alone.run = alone.runProfiled = nullptr;
  made->api.destroy(context);
  ASSERT_EQ(made->api.create(&alone, nullptr, &context), QUERN_OK) << error();
  EXPECT_EQ(made->api.run(context, nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_THAT(error(), testing::HasSubstr("only the step programs of this model were compiled"));
  EXPECT_EQ(advance(begin(), 0, 1), QUERN_OK) << error();
  // They go before the model.
  made->api.end(sequences.back());
  sequences.pop_back();
  made->api.destroy(context);
  context = nullptr;
}

/// What would follow the last element is told by a model that is not strict, and by no other.
TEST_F(SequenceTest, ACompleteSequencePredictsUnlessItIsStrict) {
  open("wavenet");
  quern_sequence *sequence = begin();
  Tensor outputs(made->order.positions * made->order.output_bytes);
  ASSERT_EQ(made->api.advance(sequence, 0, made->order.positions, elements.data(), outputs.data()),
            QUERN_OK)
      << error();
  auto last = outputs.end() - static_cast<int64_t>(made->order.output_bytes);
  EXPECT_EQ(predict(sequence), Tensor(last, outputs.end()));
}

TEST_F(SequenceTest, ACompleteStrictSequencePredictsNothing) {
  open("pixelcnn");
  quern_sequence *sequence = begin();
  ASSERT_EQ(advance(sequence, 0, made->order.positions), QUERN_OK) << error();
  Tensor output(made->order.output_bytes);
  EXPECT_EQ(made->api.predict(sequence, output.data()), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "the sequence is complete");
}

TEST_F(SequenceTest, AnInclusiveModelNeedsAFirstElement) {
  open("wavenet");
  EXPECT_EQ(made->api.sample(begin(), 1, nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "the model predicts what follows an element: give it the first");
}

} // namespace
} // namespace quern::tests
