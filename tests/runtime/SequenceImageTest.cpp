// What the image of a sequence may say.
#include "runtime/DType.h"
#include "runtime/ImageView.h"
#include "tests/runtime/FakeSequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace quern::tests {
namespace {

using runtime::ImageView;

/// What is wrong with the image after `change`, if anything.
std::string problemWith(const std::function<void(ImageBuilder &)> &change) {
  ImageBuilder builder = imageOfSequence();
  change(builder);
  std::vector<uint64_t> words = builder.build();
  ImageView view;
  const char *problem = view.open(words.data(), words.size() * 8);
  return problem ? problem : "";
}

TEST(SequenceImage, RefusesImpossibleSequences) {
  const std::string order = "the order in the model image is impossible",
                    state = "a state in the model image is impossible",
                    program = "a step program in the model image is impossible",
                    buffer = "a buffer reaches beyond its state",
                    stray = "the model image has states or places without an order";
  auto huge = ~uint64_t{0};
  std::vector<std::pair<std::string, std::function<void(ImageBuilder &)>>> lies = {
      {order, [](ImageBuilder &b) { b.sequences[0].axes = 3; }},
      {order, [](ImageBuilder &b) { b.sequences[0].axes = runtime::maxOrderedAxes + 1; }},
      {order, [](ImageBuilder &b) { b.sequences[0].axes = 1; }},
      {order, [](ImageBuilder &b) { b.sequences[0].isStrict = 2; }},
      {order, [](ImageBuilder &b) { b.sequences[0].extents[1] = 5; }},
      {order, [](ImageBuilder &b) { b.sequences[0].extents[2] = 1; }},
      {order, [](ImageBuilder &b) { b.sequences[0].inputAxes[0] = 3; }},
      {order, [](ImageBuilder &b) { b.sequences[0].input = 1; }},
      {order, [](ImageBuilder &b) { b.sequences[0].inputState = 3; }},
      {order, [](ImageBuilder &b) { b.sequences[0].output = 1; }},
      {order, [](ImageBuilder &b) { b.sequences[0].outputState = 3; }},
      {order, [&](ImageBuilder &b) { b.sequences[0].lag = huge; }},
      {order, [](ImageBuilder &b) { b.sequences[0].parameters = 3; }},
      {order, [](ImageBuilder &b) { b.sequences[0].parameterStride = 0; }},
      {order, [](ImageBuilder &b) { b.outputs[0] = b.tensor("y", QUERN_I32, {2, 3, 4}); }},
      {order, [](ImageBuilder &b) { b.states[0].slotBytes = 4; }},
      {order, [](ImageBuilder &b) { b.inputStates[0] = 3; }},
      {order, [](ImageBuilder &b) { b.inputStates.clear(); }},
      {order,
       [](ImageBuilder &b) {
         b.sequences[0].distribution = runtime::DistributionKind::categorical;
         b.sequences[0].levels = b.sequences[0].parameters = 3;
         b.states[1].slotBytes = 24;
         b.inputs[0] = b.tensor("x", QUERN_I32, {2, 3, 4});
         b.inputs[0].adapter = runtime::AdapterKind::text;
         b.texts = {{0, 2}};
         b.labelNames = {b.string("a"), b.string("b")};
       }},
      {order, [](ImageBuilder &b) { b.places[3] = 12; }},
      {order, [](ImageBuilder &b) { b.places.pop_back(); }},
      {order, [](ImageBuilder &b) { b.states[0].strides[1] = 3; }},
      {order, [](ImageBuilder &b) { b.states[1].before = b.sequences[0].isStrict = 0; }},
      {order, [](ImageBuilder &b) { b.sequences[0].lag = 1; }},
      {order, [](ImageBuilder &b) { b.states[0].rates[1] = 2; }},
      {order, [](ImageBuilder &b) { b.states[1].rates[0] = 2; }},
      {state, [](ImageBuilder &b) { b.states[1].rates[2] = 0; }},
      {state, [](ImageBuilder &b) { b.states[1].rates[2] = uint64_t{1} << 40; }},
      {state, [](ImageBuilder &b) { b.states[0].slotBytes = 0; }},
      {state, [](ImageBuilder &b) { b.states[0].room = 0; }},
      {state, [&](ImageBuilder &b) { b.states[0].room = huge; }},
      {state, [&](ImageBuilder &b) { b.states[0].before = huge; }},
      {state, [&](ImageBuilder &b) { b.states[0].after = huge - 2; }},
      {state, [&](ImageBuilder &b) { b.states[0].strides[0] = huge; }},
      {state, [](ImageBuilder &b) { b.states[0].slotBytes = b.states[0].room = 1 << 24; }},
      {program, [](ImageBuilder &b) { b.programs[0].level = 3; }},
      {program, [](ImageBuilder &b) { b.programs[0].isAfter = 2; }},
      {program, [](ImageBuilder &b) { b.programs[0].lag = 1; }},
      {program, [](ImageBuilder &b) { b.programs[0].from = 12; }},
      {program, [](ImageBuilder &b) { b.programs[0].until = 13; }},
      {program, [](ImageBuilder &b) { b.programs[0].phases[0] = 1; }},
      {program, [](ImageBuilder &b) { b.programs[1].periods[3] = 0; }},
      {program, [&](ImageBuilder &b) { b.programs[0].firstBuffer = huge; }},
      {program, [&](ImageBuilder &b) { b.programs[0].bufferCount = huge; }},
      // Memory may have been moved for the row's last element.
      {buffer, [](ImageBuilder &b) { b.states[0].before = 2; }},
      // Six slots before the current position's, and four behind it.
      {buffer, [](ImageBuilder &b) { b.buffers.end()[-3].byteOffset = -uint64_t{7 * 8}; }},
      {buffer, [](ImageBuilder &b) { b.buffers.end()[-3].byteOffset = 5 * 8; }},
      {buffer, [](ImageBuilder &b) { b.buffers.end()[-5].byteOffset = 8 * 2; }},
      {buffer, [](ImageBuilder &b) { b.buffers.end()[-2].axes[1].extent = 19; }},
      {buffer, [](ImageBuilder &b) { b.buffers.end()[-1].byteOffset = 8; }},
      // A constant state has its slots among the weights, all of them, and no others.
      {state, [](ImageBuilder &b) { b.states[2].isConstant = 2; }},
      {state, [](ImageBuilder &b) { b.states[2].isConstant = 0; }},
      {state, [](ImageBuilder &b) { b.states[2].before = 1; }},
      {state, [](ImageBuilder &b) { b.states[2].after = 1; }},
      {state, [](ImageBuilder &b) { b.states[2].weightsOffset = 256; }},
      {state, [&](ImageBuilder &b) { b.states[2].weightsOffset = huge << 32; }},
      {order, [](ImageBuilder &b) { b.states[2].room = 11; }},
      {order, [](ImageBuilder &b) { b.sequences[0].outputState = 2; }},
      {order, [](ImageBuilder &b) { b.sequences[0].inputState = 2; }},
      {buffer, [](ImageBuilder &b) { b.buffers.end()[-4].byteOffset = 8; }},
      {"a buffer belongs to an unknown state", [](ImageBuilder &b) { b.buffers.back().io = 3; }},
      {"a buffer belongs to an unknown state",
       [](ImageBuilder &b) { b.buffers.back().isFixed = 2; }},
      {stray,
       [](ImageBuilder &b) {
         b.sequences.clear();
         b.programs.clear();
       }},
      {"the model image has step programs without an order, or more than one",
       [](ImageBuilder &b) { b.sequences.clear(); }},
      {"the model image has step programs without an order, or more than one",
       [](ImageBuilder &b) { b.sequences.push_back(b.sequences[0]); }},
      {"the model image has step programs without an order, or more than one",
       [](ImageBuilder &b) { b.programs.clear(); }}};
  for (size_t i = 0; i < lies.size(); ++i)
    EXPECT_EQ(problemWith(lies[i].second), lies[i].first) << "lie " << i;
}

/// A draw needs an element that holds it.
TEST(SequenceImage, LevelsFitTheGeneratedInput) {
  auto open = [](quern_dtype input, quern_dtype output, uint64_t levels) {
    return problemWith([&](ImageBuilder &b) {
      b.inputs[0] = b.tensor("x", input, {2, 3, 4});
      b.outputs[0] = b.tensor("y", output, {2, 3, 4, 3});
      b.sequences[0].distribution = runtime::DistributionKind::gaussianMixture;
      b.sequences[0].levels = levels;
      b.sequences[0].components = 1;
      b.sequences[0].parameters = 3;
      b.states[0].slotBytes = 2 * runtime::dtypeBytes(input);
      b.states[1].slotBytes = 6 * runtime::dtypeBytes(output);
      // What programs read and write is no matter here.
      b.buffers.clear();
      b.programs.resize(1);
      b.programs[0].firstBuffer = b.programs[0].bufferCount = 0;
    });
  };
  const std::string refusal = "the order in the model image is impossible";
  for (quern_dtype output : {QUERN_F32, QUERN_F64, QUERN_F16, QUERN_BF16})
    EXPECT_EQ(open(QUERN_F32, output, 0), "");
  EXPECT_EQ(open(QUERN_F32, QUERN_I32, 0), refusal);
  EXPECT_EQ(open(QUERN_I32, QUERN_F32, 0), refusal) << "no integers, but any numbers";
  for (auto [type, most] : {std::pair(QUERN_BOOL, 2), std::pair(QUERN_I8, 128),
                            std::pair(QUERN_U8, 256), std::pair(QUERN_I16, 32768)}) {
    EXPECT_EQ(open(type, QUERN_F32, static_cast<uint64_t>(most)), "");
    EXPECT_EQ(open(type, QUERN_F32, static_cast<uint64_t>(most) + 1), refusal);
  }
}

/// As many positions as an input has elements, and as many axes.
TEST(SequenceImage, OrdersAreAsLargeAsInputs) {
  auto open = [](std::vector<int64_t> extents) {
    return problemWith([&](ImageBuilder &b) {
      runtime::SequenceEntry &order = b.sequences[0];
      order.axes = static_cast<uint32_t>(extents.size());
      std::ranges::fill(order.extents, 0);
      uint64_t positions = 1;
      for (size_t axis = extents.size(); axis-- > 0;) {
        order.extents[axis] = static_cast<uint64_t>(extents[axis]);
        order.inputAxes[axis] = static_cast<uint32_t>(axis);
        b.states[0].strides[axis] = b.states[1].strides[axis] = positions;
        positions *= order.extents[axis];
      }
      b.inputs[0] = b.tensor("x", QUERN_F32, extents);
      b.outputs[0] = b.tensor("y", QUERN_F32, extents);
      b.states.resize(2);
      for (runtime::StateEntry &state : b.states)
        state.slotBytes = sizeof(float), state.room = positions;
      b.buffers.clear();
      b.programs.resize(1);
      b.programs[0].firstBuffer = b.programs[0].bufferCount = 0;
      b.places.clear();
    });
  };
  EXPECT_EQ(open({2'000'000'000}), "");
  EXPECT_EQ(open({2, 3, 1, 2, 2, 3, 4, 2}), "");
  EXPECT_EQ(open({3'000'000'000}), "the order in the model image is impossible");
  EXPECT_EQ(open({50'000, 50'000}), "the order in the model image has too many positions");
}

} // namespace
} // namespace quern::tests
