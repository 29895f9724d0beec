#include "runtime/formats/ResizeImage.h"
#include "runtime/main/Photo.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gmock/gmock.h>

#include <random>

namespace quern::tests {
namespace {

using namespace quern::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Image, BecomesRgbWhateverItIs) {
  for (const char *name : {"rgb.png", "rgba.png", "rgb16.png"}) {
    Result<Image> image = readImage(fixture(name));
    ASSERT_TRUE(image) << image.error();
    EXPECT_EQ(image->width, 2);
    EXPECT_EQ(image->height, 1);
    EXPECT_THAT(image->rgb, ElementsAre(255, 0, 0, 0, 255, 0)) << name;
  }
  for (const char *name : {"grey.png", "grey_alpha.png"}) {
    Result<Image> image = readImage(fixture(name));
    ASSERT_TRUE(image) << image.error();
    EXPECT_THAT(image->rgb, ElementsAre(7, 7, 7, 200, 200, 200)) << name;
  }
}

TEST(Image, SaysWhyThereIsNone) {
  EXPECT_EQ(decodeImage({}, "x").error(), "x: empty file");
  EXPECT_EQ(decodeImage(bytesOf("hello, world"), "x").error(), "x: not an image of a known format");
  EXPECT_THAT(decodeImage(bytesOf("RIFF\x10   WEBPVP8 "), "x").error(), HasSubstr("a WebP image"));
  EXPECT_THAT(readImage(fixture("none.png")).error(), HasSubstr("cannot open"));
  EXPECT_THAT(decodeImage(bytesOf("P6 60000 60000 255\n"), "x").error(), HasSubstr("too large"));
  std::string large = contentOf(fixture("rgb.png"));
  large.replace(16, 8, std::string("\0\1\x86\xa0\0\1\x86\xa0", 8));
  EXPECT_EQ(decodeImage(bytesOf(large), "x").error(),
            "x: image of 100000 x 100000 pixels is too large; at most 268435456 are read");
}

/// The colours in the middle of the quarters, row by row, as letters.
std::string quartersOf(const Image &image) {
  std::string colours;
  for (int y : {image.height / 4, image.height * 3 / 4})
    for (int x : {image.width / 4, image.width * 3 / 4}) {
      const uint8_t *rgb = &image.rgb[3 * static_cast<size_t>(y * image.width + x)];
      bool red = rgb[0] > 128, green = rgb[1] > 128, blue = rgb[2] > 128;
      colours += red && green && blue ? 'w' : red ? 'r' : green ? 'g' : blue ? 'b' : '?';
    }
  return colours;
}

TEST(Image, IsUprightHoweverTheCameraWasHeld) {
  for (char orientation = '1'; orientation <= '8'; ++orientation) {
    std::string file = contentOf(fixture(std::string("oriented_") + orientation + ".jpg"));
    Result<Image> image = decodeImage(bytesOf(file), "x");
    ASSERT_TRUE(image) << image.error();
    EXPECT_EQ(image->width, 48) << orientation;
    EXPECT_EQ(image->height, 32) << orientation;
    EXPECT_EQ(quartersOf(*image), "rgbw") << orientation;
  }
}

TEST(Image, ReadsTheOrientationInEitherByteOrder) {
  using namespace std::string_literals;
  const std::string upright = contentOf(fixture("oriented_1.jpg"));
  auto with = [&](const std::string &tiff) {
    std::string segment = "Exif\0\0"s + tiff;
    return "\xff\xd8\xff\xe1"s + '\0' + static_cast<char>(segment.size() + 2) + segment +
           upright.substr(2);
  };
  std::string big = "MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\3\0\0"s,
              little = "II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\3\0\0\0"s;
  for (const std::string &tiff : {big, little})
    EXPECT_EQ(quartersOf(*decodeImage(bytesOf(with(tiff)), "x")), "wbgr");
  // What is damaged says nothing.
  for (const std::string &tiff : {big, little})
    for (size_t size = 0; size + 2 < tiff.size(); ++size) {
      Result<Image> image = decodeImage(bytesOf(with(tiff.substr(0, size))), "x");
      ASSERT_TRUE(image) << image.error();
      EXPECT_EQ(quartersOf(*image), "rgbw") << size;
    }
  little[18] = 9;
  EXPECT_EQ(quartersOf(*decodeImage(bytesOf(with(little)), "x")), "rgbw");
}

TEST(Image, SurvivesTruncationAndChanges) {
  const std::string original = contentOf(fixture("blue.png"));
  // What may be missing is the checksum of the end's mark.
  for (size_t size = 8; size + 4 < original.size(); ++size)
    EXPECT_EQ(decodeImage(bytesOf(original.substr(0, size)), "x").error(),
              "x: the PNG image is cut short");
  const std::string jpeg = contentOf(fixture("blue.jpg"));
  EXPECT_TRUE(decodeImage(bytesOf(jpeg), "x")) << decodeImage(bytesOf(jpeg), "x").error();
  for (size_t size = 3; size + 2 < jpeg.size(); ++size)
    EXPECT_EQ(decodeImage(bytesOf(jpeg.substr(0, size)), "x").error(),
              "x: the JPEG image is cut short");
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string file = original;
    file[random() % file.size()] = static_cast<char>(random());
    if (Result<Image> image = decodeImage(bytesOf(file), "x")) {
      EXPECT_EQ(image->rgb.size(),
                static_cast<size_t>(image->width) * static_cast<size_t>(image->height) * 3);
    }
  }
}

TEST(Image, KeepsAPlainColourWhenResized) {
  Image image{9, 20, {}};
  for (int i = 0; i < 9 * 20; ++i)
    image.rgb.insert(image.rgb.end(), {255, 10, 20});
  for (auto [width, height] : {std::pair(5, 40), std::pair(90, 3), std::pair(1, 1)}) {
    Result<Image> resized = resizeImage(image, width, height);
    ASSERT_TRUE(resized) << resized.error();
    for (size_t i = 0; i < resized->rgb.size(); i += 3)
      EXPECT_THAT(std::vector(resized->rgb.begin() + static_cast<ptrdiff_t>(i),
                              resized->rgb.begin() + static_cast<ptrdiff_t>(i + 3)),
                  ElementsAre(255, 10, 20));
  }
  EXPECT_FALSE(resizeImage(image, 1 << 20, 1 << 20));
}

TEST(Image, IsResizedAsPillowDoes) {
  Result<Image> image = readImage(fixture("noise.png"));
  ASSERT_TRUE(image) << image.error();
  for (auto [width, height] : {std::pair(7, 9), std::pair(7, 50), std::pair(40, 11),
                               std::pair(60, 70), std::pair(23, 10), std::pair(1, 1)}) {
    std::string name = "noise_" + std::to_string(width) + "x" + std::to_string(height) + ".png";
    Result<Image> expected = readImage(fixture(name));
    ASSERT_TRUE(expected) << expected.error();
    Result<Image> resized = resizeImage(*image, width, height);
    ASSERT_TRUE(resized) << resized.error();
    EXPECT_EQ(resized->width, width);
    EXPECT_EQ(resized->height, height);
    EXPECT_EQ(resized->rgb, expected->rgb) << name;
  }
}

/// Pixels whose red value is x or y of a gradient, so that the crop's place can be read off.
Image gradient(int width, int height, bool alongX) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      image.rgb.insert(image.rgb.end(), {static_cast<uint8_t>(alongX ? x : y), 0, 0});
  return image;
}

TEST(Photo, CropsTheMiddleOfTheResizedImage) {
  PhotoAdapter photo{16, 8, {0, 0, 0}, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}};
  std::vector<float> tensor(3 * 8 * 8);
  // Not resized: 16 is the shorter side already. The longer, 27, leaves 9.5 on each side.
  ASSERT_TRUE(adaptPhoto(gradient(27, 16, true), photo, tensor.data()));
  EXPECT_NEAR(tensor[0], 9, 1e-4);
  EXPECT_NEAR(tensor[7], 16, 1e-4);
  EXPECT_NEAR(tensor[63], 16, 1e-4);
  EXPECT_EQ(tensor[64], 0);
  ASSERT_TRUE(adaptPhoto(gradient(16, 25, false), photo, tensor.data()));
  EXPECT_NEAR(tensor[0], 8, 1e-4);
  EXPECT_NEAR(tensor[63], 15, 1e-4);
}

TEST(Photo, ScalesTheShorterSide) {
  PhotoAdapter photo{16, 16, {0, 0, 0}, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}};
  std::vector<float> tensor(3 * 16 * 16);
  // Halved: pixel i covers 2 i and 2 i + 1, whose mean is 2 i + 0.5; the middle begins at (64 - 32)
  // / 2 of the original.
  ASSERT_TRUE(adaptPhoto(gradient(64, 32, true), photo, tensor.data()));
  for (size_t i = 0; i < 16; ++i)
    EXPECT_NEAR(tensor[i], 16 + 2 * static_cast<double>(i) + 0.5, 1);
}

TEST(Photo, NormalisesEachChannel) {
  PhotoAdapter photo{4, 2, {0.5f, 0.25f, 0.0f}, {0.5f, 0.25f, 2.0f}};
  Image image{4, 4, std::vector<uint8_t>(48)};
  for (size_t i = 0; i < 48; i += 3)
    image.rgb[i] = 255;
  std::vector<float> tensor(12);
  ASSERT_TRUE(adaptPhoto(image, photo, tensor.data()));
  EXPECT_THAT(tensor, ElementsAre(1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 0, 0));
}

} // namespace
} // namespace quern::tests
