// The pretrained EfficientNet-Lite0 on the demo's photographs. The weights are too large to commit:
// without the demo's data
// ($QUERN_DEMO_DATA, or .deps/demo as ./dev leaves it) these tests are skipped.
#include "runtime/formats/Image.h"
#include "tests/models/CompiledModel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace quern::tests {
namespace {

struct Photograph {
  std::string file;
  /// Class and probability, likeliest first: seen with PyTorch.
  std::vector<std::pair<int, double>> best;
};

std::vector<Photograph> photographs() {
  return {{"chelsea.png", {{285, 0.381}, {281, 0.259}, {282, 0.217}}},
          {"coffee.png", {{967, 0.779}, {968, 0.101}}},
          {"rocket.jpg", {{657, 0.208}}}};
}

std::string demoFolder() {
  const char *own = std::getenv("QUERN_DEMO_DATA");
  return own != nullptr ? own : QUERN_SOURCE_DIR "/.deps/demo";
}

/// The pretrained weights in the demo's folder: converted, or else as the package has them.
std::optional<std::string> pretrainedWeights() {
  std::error_code missing;
  std::optional<std::string> found;
  for (const auto &entry : std::filesystem::directory_iterator(demoFolder(), missing)) {
    std::string name = entry.path().filename().string();
    if (name == "efficientnet_lite0.safetensors" || (!found && name.ends_with(".pth")))
      found = entry.path().string();
  }
  return found;
}

/// A photograph as the network sees it: 224 x 224 pixels, less the mean of ImageNet, over its
/// deviation.
Values normalised(const runtime::Image &image) {
  constexpr std::array<double, 3> mean = {0.485, 0.456, 0.406}, deviation = {0.229, 0.224, 0.225};
  Values values{{1, 3, image.height, image.width}, {}};
  size_t pixels = image.rgb.size() / 3;
  for (size_t channel = 0; channel < 3; ++channel)
    for (size_t i = 0; i < pixels; ++i)
      values.data.push_back(static_cast<float>(
          (image.rgb[3 * i + channel] / 255.0 - mean[channel]) / deviation[channel]));
  return values;
}

class PhotographTest : public testing::Test {
protected:
  void SetUp() override {
    std::optional<std::string> weights = pretrainedWeights();
    if (!weights)
      GTEST_SKIP() << "no pretrained weights in " << demoFolder();
    model.emplace("efficientnet_lite0", CompiledModel::Options{.weights = *weights});
  }

  std::optional<CompiledModel> model;
};

TEST_F(PhotographTest, ProbabilitiesAgreeWithTorchOnTheSamePixels) {
  ASSERT_FALSE(HasFailure());
  for (const Photograph &photograph : photographs()) {
    std::string golden = fmt::format("{}/tests/models/goldens/{}", QUERN_SOURCE_DIR,
                                     std::filesystem::path(photograph.file).stem().string());
    auto image = runtime::readImage(golden + ".png");
    ASSERT_TRUE(image) << image.error();
    Values expected = readValues(golden + ".npy");
    Values actual = model->run(normalised(*image));
    EXPECT_LE(relativeError(actual.data, expected.data), 1e-4) << photograph.file;
    for (auto [label, probability] : photograph.best)
      EXPECT_NEAR(expected.data.at(static_cast<size_t>(label)), probability, 6e-4)
          << photograph.file;
  }
}

// Decoding, resizing and cutting are the program's here. Photographs are resized to the bytes that
// Pillow makes of them; JPEG decoders differ by a level here and there.
TEST_F(PhotographTest, NamesWhatIsOnThePhotographs) {
  ASSERT_FALSE(HasFailure());
  std::vector<std::string> arguments = {"--json"};
  for (const Photograph &photograph : photographs()) {
    arguments.push_back(demoFolder() + "/" + photograph.file);
    if (!std::filesystem::exists(arguments.back()))
      GTEST_SKIP() << "no " << arguments.back();
  }
  ProgramResult program = model->run(arguments);
  ASSERT_EQ(program.exitCode, 0) << program.errors;
  auto printed = nlohmann::json::parse(program.output, nullptr, false);
  ASSERT_TRUE(printed.is_object()) << program.output;
  for (size_t photo = 0; const Photograph &photograph : photographs()) {
    auto guesses = printed.at("results").at(photo++).at("outputs").at(0).at("labels").at(0);
    ASSERT_EQ(guesses.size(), 5U) << guesses;
    for (size_t i = 0; i < photograph.best.size(); ++i) {
      auto [label, probability] = photograph.best[i];
      EXPECT_EQ(guesses[i].at("index"), label) << photograph.file;
      EXPECT_NEAR(guesses[i].at("probability").get<double>(), probability, 0.003)
          << photograph.file;
    }
  }
}

} // namespace
} // namespace quern::tests
