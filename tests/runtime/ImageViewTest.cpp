#include "runtime/ImageView.h"

#include "runtime/DType.h"
#include "runtime/SequenceState.h"
#include "tests/runtime/FakeSequence.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  EXPECT_EQ(open(QUERN_F32, true), "");
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
