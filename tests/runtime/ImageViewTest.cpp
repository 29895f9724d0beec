#include "runtime/ImageView.h"

#include "runtime/DType.h"
#include "runtime/SequenceState.h"
#include "tests/runtime/FakeModel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace quern::tests {
namespace {

using runtime::ImageView;

/// Reads what every program is handed at every position where it runs, from states as long as the
/// image says.
uint64_t sumOfStates(const ImageView &view) {
  uint64_t sum = 0;
  uint64_t bytes = runtime::SequenceState::bytesOf(view.states());
  // A lie may ask for more memory than the machine has.
  if (std::max(bytes, view.header().weightsBytes) > 1 << 20 || positionsOf(*view.sequence()) > 64)
    return bytes;
  std::vector<unsigned char> memory(bytes), weights(view.header().weightsBytes);
  std::vector<runtime::StateMemory> states(view.states().size());
  runtime::SequenceState state;
  state.open(view, states.data(), memory.data(), weights.data());
  for (uint64_t position = 0; position < positionsOf(*view.sequence()); ++position) {
    runtime::Place place = runtime::placeOf(*view.sequence(), position);
    state.reach(place);
    for (const runtime::ProgramEntry &program : view.programs()) {
      runtime::Place box = place;
      bool isDue = true;
      for (uint32_t axis = program.level; axis < runtime::maxOrderedAxes; ++axis) {
        uint64_t last = view.sequence()->extents[axis] - 1;
        isDue = isDue &&
                (axis >= view.sequence()->axes || place.at[axis] == (program.isAfter ? last : 0));
        box.at[axis] = 0;
      }
      if (!isDue)
        continue;
      for (const runtime::BufferEntry &buffer :
           view.buffers().subspan(program.firstBuffer, program.bufferCount)) {
        if (buffer.space != runtime::Space::state)
          continue;
        unsigned char *slot =
            buffer.isFixed ? state.firstSlot(buffer.io) : state.slot(buffer.io, box);
        uint64_t last = 0;
        for (int axis = 0; axis < buffer.rank; ++axis)
          last += static_cast<uint64_t>(buffer.axes[axis].extent - 1) *
                  static_cast<uint64_t>(buffer.axes[axis].stride);
        uint64_t size = (last + 1) * runtime::dtypeBytes(static_cast<quern_dtype>(buffer.dtype));
        unsigned char *first = slot + static_cast<int64_t>(buffer.byteOffset);
        const auto &space = view.states()[buffer.io].isConstant ? weights : memory;
        EXPECT_GE(first, space.data());
        EXPECT_LE(first + size, space.data() + space.size());
        if (first >= space.data() && first + size <= space.data() + space.size())
          sum += first[0] + first[size - 1];
      }
    }
  }
  return sum;
}

/// Reads all that a view offers; with a sanitiser or a guard page behind the image, a lie in it
/// shows.
uint64_t readAll(const ImageView &view) {
  uint64_t sum = 0;
  auto text = [&](runtime::StringRef string) { sum += std::strlen(view.text(string)); };
  text(view.header().name);
  text(view.header().target);
  text(view.header().producer);
  text(view.header().weightsFile);
  text(view.header().stepless);
  for (auto tensors : {view.inputs(), view.outputs()})
    for (const runtime::TensorEntry &tensor : tensors) {
      text(tensor.name);
      sum += runtime::tensorBytes(tensor);
      if (tensor.adapter == runtime::AdapterKind::photo)
        sum += view.photos()[tensor.adapterIndex].crop;
      if (tensor.adapter == runtime::AdapterKind::labels)
        for (uint64_t i = 0; i < view.labelSets()[tensor.adapterIndex].nameCount; ++i)
          text(view.labelNames()[view.labelSets()[tensor.adapterIndex].firstName + i]);
    }
  for (const runtime::BufferEntry &buffer : view.buffers())
    sum += buffer.byteOffset;
  for (const runtime::StepEntry &step : view.steps())
    text(step.location);
  for (uint32_t place : view.places())
    sum += place;
  if (view.sequence())
    sum += positionsOf(*view.sequence()) + sumOfStates(view);
  return sum;
}

/// A fake model that has both adapters.
std::vector<uint64_t> imageWithAdapters() {
  FakeModel fake;
  ImageBuilder &builder = fake.image;
  builder.inputs.push_back(builder.tensor("photo", QUERN_F32, {1, 3, 8, 8}));
  builder.inputs.back().adapter = runtime::AdapterKind::photo;
  builder.photos.push_back({10, 8, {0, 0, 0}, {1, 1, 1}});
  builder.outputs.push_back(builder.tensor("scores", QUERN_F32, {1, 2}));
  builder.outputs.back().adapter = runtime::AdapterKind::labels;
  builder.labelSets.push_back({0, 2, 1, 0});
  builder.labelNames = {builder.string("cat"), builder.string("dog")};
  return builder.build();
}

/// A fake model that is sampled position by position: a raster of 3 x 4 with a halo of one column
/// in its states, which do not hold all of it, one program for rows and one for elements, in an
/// order of its own.
ImageBuilder imageOfSequence() {
  FakeModel fake;
  ImageBuilder builder = fake.image;
  builder.inputs = {builder.tensor("x", QUERN_F32, {2, 3, 4})};
  builder.outputs = {builder.tensor("y", QUERN_F32, {2, 3, 4})};
  runtime::SequenceEntry order{};
  order.axes = 2;
  order.isStrict = 1;
  order.extents[0] = 3;
  order.extents[1] = 4;
  order.inputAxes[0] = 1;
  order.inputAxes[1] = 2;
  order.outputState = 1;
  order.distribution = runtime::DistributionKind::bernoulli;
  order.levels = 2;
  order.parameters = order.parameterStride = 1;
  order.high = 1;
  builder.sequences = {order};
  builder.states = {{8, 6, 4, 9, {5, 1, 0, 0}, {1, 1, 1, 1}, 0, 0},
                    {8, 1, 0, 9, {5, 1, 0, 0}, {1, 1, 1, 1}, 0, 0},
                    {8, 0, 0, 12, {4, 1, 0, 0}, {1, 1, 1, 1}, 1, 64}};
  builder.inputStates = {0};
  using runtime::Space;
  runtime::BufferEntry row = ImageBuilder::buffer(Space::state, 0, 0, {2, 4}),
                       left = ImageBuilder::buffer(Space::state, 0, 0, {2}),
                       out = ImageBuilder::buffer(Space::state, 1, 0, {2}),
                       all = ImageBuilder::buffer(Space::state, 0, 0, {2, 13}),
                       constant = ImageBuilder::buffer(Space::state, 2, 0, {2});
  left.byteOffset = static_cast<uint64_t>(-int64_t{8});
  all.isFixed = 1;
  builder.buffers = {row, constant, left, all, out};
  builder.programs = {{0, 1, 1, 1, 0, 0, 12, {1, 1, 1, 1}, {}},
                      {1, 4, 2, 0, 0, 0, 12, {1, 1, 1, 1}, {}}};
  for (uint32_t place = 12; place-- > 0;)
    builder.places.push_back(place);
  return builder;
}

/// What is wrong with the image after `change`, if anything.
std::string problemWith(const std::function<void(ImageBuilder &)> &change) {
  ImageBuilder builder = imageOfSequence();
  change(builder);
  std::vector<uint64_t> words = builder.build();
  ImageView view;
  const char *problem = view.open(words.data(), words.size() * 8);
  return problem ? problem : "";
}

TEST(ImageView, OpensASequence) {
  std::vector<uint64_t> words = imageOfSequence().build();
  ImageView view;
  const char *problem = view.open(words.data(), words.size() * 8);
  ASSERT_EQ(problem, nullptr) << problem;
  ASSERT_TRUE(view.sequence());
  EXPECT_EQ(positionsOf(*view.sequence()), 12u);
  EXPECT_EQ(view.places().size(), 12u);
  EXPECT_GT(readAll(view), 0u);
}

TEST(ImageView, RefusesImpossibleSequences) {
  const std::string order = "the order in the model image is impossible",
                    state = "a state in the model image is impossible",
                    program = "a step program in the model image is impossible",
                    buffer = "a buffer reaches beyond its state",
                    stray = "the model image has states or places without an order";
  auto huge = ~uint64_t{0};
  std::vector<std::pair<std::string, std::function<void(ImageBuilder &)>>> lies = {
      {order, [](ImageBuilder &b) { b.sequences[0].axes = 5; }},
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

TEST(ImageView, OpensWhatIsRight) {
  std::vector<uint64_t> words = imageWithAdapters();
  ImageView view;
  ASSERT_EQ(view.open(words.data(), words.size() * 8), nullptr);
  EXPECT_EQ(view.inputs().size(), 2u);
  EXPECT_STREQ(view.text(view.labelNames()[1]), "dog");
  EXPECT_STREQ(view.text(view.header().name), "fake");
  EXPECT_GT(readAll(view), 0u);
}

class ImageSweep : public testing::TestWithParam<std::vector<uint64_t>> {};

INSTANTIATE_TEST_SUITE_P(Images, ImageSweep,
                         testing::Values(imageWithAdapters(), imageOfSequence().build()),
                         [](const auto &info) {
                           return std::string(info.index == 0 ? "adapters" : "sequence");
                         });

TEST_P(ImageSweep, RefusesEveryTruncation) {
  const std::vector<uint64_t> &words = GetParam();
  for (size_t size = 0; size < words.size() * 8; ++size) {
    ImageView view;
    EXPECT_NE(view.open(words.data(), size), nullptr) << size;
    // Also with a header that says so: a copy, so that nothing lies behind it.
    if (size < sizeof(runtime::ImageHeader) || size % 8)
      continue;
    std::vector<uint64_t> cut(words.begin(), words.begin() + static_cast<ptrdiff_t>(size / 8));
    reinterpret_cast<runtime::ImageHeader *>(cut.data())->imageBytes = size;
    ImageBuilder::seal(cut);
    EXPECT_NE(view.open(cut.data(), size), nullptr) << size;
  }
}

TEST_P(ImageSweep, RefusesEveryFlippedBit) {
  std::vector<uint64_t> words = GetParam();
  for (size_t bit = 0; bit < words.size() * 64; ++bit) {
    words[bit / 64] ^= uint64_t{1} << bit % 64;
    ImageView view;
    EXPECT_NE(view.open(words.data(), words.size() * 8), nullptr) << bit;
    words[bit / 64] ^= uint64_t{1} << bit % 64;
  }
}

TEST_P(ImageSweep, SurvivesLiesWithARightChecksum) {
  const std::vector<uint64_t> &original = GetParam();
  std::mt19937_64 random(7);
  int opened = 0;
  constexpr int rounds = 60000;
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint64_t> words = original;
    auto *bytes = reinterpret_cast<unsigned char *>(words.data());
    for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      size_t at = random() % (words.size() * 8);
      switch (random() % 3) {
      case 0:
        bytes[at] = static_cast<unsigned char>(random());
        break;
      case 1:
        words[at / 8] = random() % 2 ? ~uint64_t{0} >> random() % 64 : random();
        break;
      default:
        bytes[at] ^= static_cast<unsigned char>(1u << random() % 8);
      }
    }
    ImageBuilder::seal(words);
    ImageView view;
    if (view.open(words.data(), words.size() * 8) == nullptr) {
      ++opened;
      readAll(view);
    }
  }
  // Changes of names, counts of flops and the like are no lies that could be seen.
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, rounds);
}

TEST(ImageView, ChecksWhatIndexes) {
  auto open = [](quern_dtype type, bool isInput) {
    FakeModel fake;
    ImageBuilder &builder = fake.image;
    auto &tensors = isInput ? builder.inputs : builder.outputs;
    tensors.push_back(builder.tensor("indices", type, {2}));
    tensors.back().indexed = 3;
    fake.rebuild();
    ImageView view;
    const char *problem = view.open(fake.words.data(), fake.words.size() * 8);
    return std::string(problem ? problem : "");
  };
  const std::string refusal = "what an input or output indexes is impossible";
  EXPECT_EQ(open(QUERN_I32, true), "");
  EXPECT_EQ(open(QUERN_F32, true), refusal);
  EXPECT_EQ(open(QUERN_I32, false), refusal);
}

TEST(ImageView, ChecksWhatBuffersCover) {
  auto open = [](runtime::BufferEntry entry) {
    FakeModel fake;
    fake.image.buffers.push_back(entry);
    fake.rebuild();
    ImageView view;
    const char *problem = view.open(fake.words.data(), fake.words.size() * 8);
    return std::string(problem ? problem : "");
  };
  using runtime::Space;
  EXPECT_EQ(open(ImageBuilder::buffer(Space::arena, 0, 0, {64})), "");
  EXPECT_EQ(open(ImageBuilder::buffer(Space::arena, 0, 128, {32})), "");
  EXPECT_EQ(open(ImageBuilder::buffer(Space::arena, 0, 0, {65})),
            "a buffer reaches beyond its space");
  EXPECT_EQ(open(ImageBuilder::buffer(Space::weights, 0, 256, {1})),
            "a buffer reaches beyond its space");
  EXPECT_EQ(open(ImageBuilder::buffer(Space::arena, 0, 2, {1})),
            "a buffer reaches beyond its space");
  EXPECT_EQ(open(ImageBuilder::buffer(Space::input, 1, 0, {1})),
            "a buffer belongs to an unknown input or output");
  runtime::BufferEntry entry = ImageBuilder::buffer(Space::arena, 0, 0, {2, 2});
  entry.axes[1].stride = -1;
  EXPECT_EQ(open(entry), "a buffer has an impossible shape");
  entry.axes[1].stride = INT32_MAX;
  EXPECT_EQ(open(entry), "a buffer reaches beyond its space");
  for (auto &axis : entry.axes)
    axis = {INT32_MAX, INT32_MAX};
  entry.rank = 8;
  EXPECT_EQ(open(entry), "a buffer has an impossible shape");
}

} // namespace
} // namespace quern::tests
