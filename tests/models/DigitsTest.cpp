// The two networks that were trained on scikit-learn's handwritten digits must have learnt: tried
// on the quarter of them that neither saw.
#include "runtime/formats/Zip.h"
#include "tests/models/CompiledModel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::tests {
namespace {

const std::string models = QUERN_SOURCE_DIR "/models/";

/// Images of 8 x 8 pixels, 0 to 16, and the digits that they show.
struct HeldOut {
  int64_t count = 0;
  std::vector<float> pixels;
  std::vector<int32_t> labels;
};

template <typename T> void copyInto(std::vector<T> &values, std::span<const std::byte> bytes) {
  values.resize(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
}

HeldOut readHeldOut() {
  HeldOut result;
  auto archive = runtime::readNpz(models + "digits/held_out.npz");
  if (!archive) {
    ADD_FAILURE() << archive.error();
    return result;
  }
  for (const auto &[name, array] : *archive) {
    if (name == "images")
      copyInto(result.pixels, array.data);
    else if (name == "labels")
      copyInto(result.labels, array.data);
  }
  EXPECT_GT(result.labels.size(), 400U);
  EXPECT_EQ(result.pixels.size(), 64 * result.labels.size());
  result.count = static_cast<int64_t>(result.labels.size());
  return result;
}

// Of digits that it never saw, 97 in 100 are named rightly.
TEST(Digits, NamesHeldOutDigits) {
  HeldOut digits = readHeldOut();
  CompiledModel model("digits",
                      {.batch = digits.count, .weights = models + "digits/digits.safetensors"});
  ASSERT_FALSE(HasFailure());
  Values scores = model.run({{digits.count, 64}, digits.pixels});
  ASSERT_EQ(scores.shape, (std::vector<int64_t>{digits.count, 10}));
  int right = 0;
  for (size_t i = 0; i < digits.labels.size(); ++i) {
    auto first = scores.data.begin() + static_cast<std::ptrdiff_t>(10 * i);
    right += std::max_element(first, first + 10) - first == digits.labels[i];
  }
  EXPECT_GE(right, 0.97 * static_cast<double>(digits.count));
}

/// -log2 of the probability that 16 logits, `stride` apart, give a level.
double bitsOf(const float *logits, size_t stride, size_t level) {
  double total = 0;
  for (size_t l = 0; l < 16; ++l)
    total += std::exp(static_cast<double>(logits[l * stride]) - logits[level * stride]);
  return std::log2(total);
}

// A pixel of a digit that it never saw costs it 1.65 bits, as handwriting/train.py says; without a
// model it would be 4.
TEST(Handwriting, ExpectsHeldOutDigits) {
  HeldOut digits = readHeldOut();
  CompiledModel model("handwriting", {.batch = digits.count,
                                      .weights = models + "handwriting/handwriting.safetensors"});
  ASSERT_FALSE(HasFailure());
  Values images{{digits.count, 1, 8, 8}, digits.pixels};
  for (float &pixel : images.data)
    pixel = std::min(pixel, 15.0F) / 15;
  Values logits = model.run(images);
  ASSERT_EQ(logits.shape, (std::vector<int64_t>{digits.count, 16, 8, 8}));
  double bits = 0;
  for (size_t i = 0; i < images.data.size(); ++i) {
    const float *first = &logits.data[i / 64 * 1024 + i % 64];
    bits += bitsOf(first, 64, static_cast<size_t>(std::min(digits.pixels[i], 15.0F)));
  }
  EXPECT_NEAR(bits / static_cast<double>(images.data.size()), 1.65, 0.005);
}

} // namespace
} // namespace quern::tests
