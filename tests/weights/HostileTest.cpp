// What is ill-formed or wants to run something is refused, with the reason.
#include "frontend/weights/Load.h"
#include "runtime/formats/Zip.h"
#include "tests/weights/Fixtures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace quern::frontend::weights::tests {

namespace {

TEST(HostileTest, EachFileIsRefusedForItsReason) {
  std::ifstream file(fixture("hostile.json"));
  const nlohmann::json expected = nlohmann::json::parse(file);
  ASSERT_GT(expected.size(), 100U);
  for (const auto &[name, reason] : expected.items()) {
    const Result<WeightStore> store = loadWeights(fixture("hostile/" + name));
    ASSERT_FALSE(store) << name << " was read";
    EXPECT_THAT(store.error(), testing::HasSubstr(reason.get<std::string>())) << name;
    EXPECT_THAT(store.error(), testing::StartsWith(fixture("hostile/" + name) + ": "));
  }
  EXPECT_FALSE(std::filesystem::exists("quern-was-here"));
}

TEST(HostileTest, AFileCutAnywhereIsRefused) {
  for (const std::string &name : goodFixtures()) {
    const std::vector<std::byte> whole = bytesOf(fixture(name));
    ASSERT_TRUE(readWeights(heapBlob(whole)));
    for (size_t size = 0; size < whole.size(); ++size)
      ASSERT_FALSE(readWeights(heapBlob(std::span(whole).first(size))))
          << name << " cut to " << size << " bytes was read";
  }
}

TEST(HostileTest, AnElementThatChangedIsSeenByItsChecksum) {
  for (const std::string name : {"zip.pt", "sample.npz"}) {
    std::vector<std::byte> file = bytesOf(fixture(name));
    const Result<runtime::ZipArchive> archive = runtime::ZipArchive::open(file, name);
    ASSERT_TRUE(archive) << archive.error();
    const auto data = std::ranges::find_if(archive->entries(), [](const runtime::ZipEntry &entry) {
      return !entry.deflated &&
             (entry.name.ends_with(".npy") || entry.name.find("/data/") != std::string::npos);
    });
    ASSERT_NE(data, archive->entries().end()) << name;
    file[data->dataOffset + data->bytes - 1] ^= std::byte{1};
    const Result<WeightStore> store = readWeights(heapBlob(file));
    ASSERT_FALSE(store) << name << " was read";
    EXPECT_THAT(store.error(), testing::HasSubstr("damaged: its checksum differs"));
  }
}

TEST(HostileTest, NestingIsNoBurden) {
  // A recursive reader would need a stack as deep as this.
  std::string header = "{\"a\":";
  header.append(10'000'000, '[');
  std::string file;
  for (size_t shift = 0; shift < 64; shift += 8)
    file += static_cast<char>(static_cast<uint64_t>(header.size()) >> shift);
  file += header;
  const Result<WeightStore> store = readWeights(heapBlob(std::as_bytes(std::span(file))));
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error(), testing::HasSubstr("is a list"));
}

} // namespace
} // namespace quern::frontend::weights::tests
