#include "runtime/formats/Zip.h"

#include "runtime/formats/File.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

namespace quern::tests {
namespace {

using namespace quern::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

/// Changes a copy of an archive where its directory says something.
class Tampered {
public:
  explicit Tampered(const std::string &name) : file(contentOf(fixture(name))) {}

  /// Of the first member's directory entry.
  Tampered &set(size_t field, uint64_t value, size_t bytes) {
    size_t entry = file.find("PK\x01\x02");
    std::memcpy(file.data() + entry + field, &value, bytes);
    return *this;
  }
  Tampered &replaceAll(const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = file.find(from, at)) != std::string::npos; at += to.size())
      file.replace(at, from.size(), to);
    return *this;
  }
  std::string error() const {
    Result<ZipArchive> archive = ZipArchive::open(bytesOf(file), "z");
    if (!archive)
      return archive.error();
    for (const ZipEntry &entry : archive->entries())
      if (auto bytes = archive->read(entry); !bytes)
        return bytes.error();
    return "";
  }

  std::string file;
};

TEST(Zip, ReadsWhatNumpyWrites) {
  for (const char *name : {"stored.npz", "deflated.npz"}) {
    Result<std::vector<NamedArray>> arrays = readNpz(fixture(name));
    ASSERT_TRUE(arrays) << arrays.error();
    ASSERT_EQ(arrays->size(), 2u);
    EXPECT_EQ((*arrays)[0].name, "a");
    EXPECT_THAT((*arrays)[0].array.shape, ElementsAre(2, 3));
    EXPECT_EQ((*arrays)[1].name, "b.c");
    EXPECT_EQ((*arrays)[1].array.dtype, QUERN_I64);
    int64_t last;
    std::memcpy(&last, &(*arrays)[1].array.data[499 * 8], 8);
    EXPECT_EQ(last, 4);
  }
}

TEST(Zip, OffersStoredMembersInPlace) {
  std::string file = contentOf(fixture("stored.npz"));
  Result<ZipArchive> archive = ZipArchive::open(bytesOf(file), "z");
  ASSERT_TRUE(archive) << archive.error();
  const ZipEntry *entry = archive->find("a.npy");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(archive->find("a"), nullptr);
  auto bytes = archive->stored(*entry);
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(parseNpy(*bytes, "a"));
  file[entry->dataOffset + entry->bytes - 1] ^= 1;
  EXPECT_EQ(archive->stored(*entry).error(), "z: a.npy: damaged: its checksum differs");
}

TEST(Zip, WritesWhatItReads) {
  TemporaryFolder folder;
  std::vector<float> data = {1, 2, 3};
  ArrayView array{QUERN_F32, {3}, std::as_bytes(std::span(data))};
  std::pair<std::string, ArrayView> arrays[] = {{"x", array}, {"some/longer.name", array}};
  std::string path = folder.path("a.npz");
  Status written = writeNpz(path, arrays);
  ASSERT_TRUE(written) << written.error();
  Result<std::vector<NamedArray>> again = readNpz(path);
  ASSERT_TRUE(again) << again.error();
  ASSERT_EQ(again->size(), 2u);
  EXPECT_EQ((*again)[1].name, "some/longer.name");
  EXPECT_EQ(std::memcmp((*again)[1].array.data.data(), data.data(), 12), 0);
  std::string file = contentOf(path);
  Result<ZipArchive> archive = ZipArchive::open(bytesOf(file), "z");
  for (const ZipEntry &entry : archive->entries())
    EXPECT_EQ(entry.dataOffset % 64, 0u);
}

TEST(Zip, RefusesEveryTruncation) {
  for (const char *name : {"stored.npz", "deflated.npz"}) {
    std::string file = contentOf(fixture(name));
    for (size_t size = 0; size < file.size(); ++size)
      EXPECT_FALSE(ZipArchive::open(bytesOf(file.substr(0, size)), "z")) << name << " " << size;
  }
}

TEST(Zip, RefusesImpossibleSizes) {
  EXPECT_EQ(Tampered("stored.npz").error(), "");
  EXPECT_THAT(Tampered("stored.npz").set(24, 1 << 20, 4).error(), HasSubstr("impossible size"));
  EXPECT_THAT(Tampered("deflated.npz").set(24, 1 << 30, 4).error(), HasSubstr("impossible size"));
  EXPECT_THAT(Tampered("deflated.npz").set(24, 1000, 4).error(), HasSubstr("damaged deflate"));
  EXPECT_THAT(Tampered("deflated.npz").set(24, 100, 4).error(), HasSubstr("damaged deflate"));
  EXPECT_THAT(Tampered("deflated.npz").set(20, 1 << 30, 4).error(), HasSubstr("truncated"));
  EXPECT_THAT(Tampered("stored.npz").set(42, 1 << 30, 4).error(), HasSubstr("truncated"));
  EXPECT_THAT(Tampered("stored.npz").set(28, 65535, 2).error(), HasSubstr("damaged directory"));
}

TEST(Zip, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(Tampered("stored.npz").set(8, 1, 2).error(), HasSubstr("encrypted"));
  EXPECT_THAT(Tampered("stored.npz").set(10, 12, 2).error(),
              HasSubstr("unsupported compression method 12"));
  EXPECT_THAT(Tampered("stored.npz").set(16, 1, 4).error(), HasSubstr("checksum differs"));
}

TEST(Zip, RefusesHostileNames) {
  auto named = [](const std::string &name) {
    return Tampered("stored.npz").replaceAll("b.c.npy", name).error();
  };
  EXPECT_EQ(named("b/c.npy"), "");
  EXPECT_EQ(named("b..cnpy"), "");
  EXPECT_EQ(named("/.c.npy"), "z: member refused: absolute name");
  EXPECT_EQ(named("../.npy"), "z: member refused: '..' in name");
  EXPECT_EQ(named("ab\\..\\y"), "z: member refused: '..' in name");
  EXPECT_EQ(named("b/c/x.."), "");
  EXPECT_EQ(named("bc/x/.."), "z: member refused: '..' in name");
  EXPECT_EQ(named("b\nc.npy"), "z: member refused: control character in name");
}

TEST(Zip, RefusesTheSameBytesTwice) {
  // The first member's directory entry is made to point at the second's data.
  std::string file = contentOf(fixture("stored.npz"));
  size_t second = file.find("PK\x03\x04", 4);
  EXPECT_THAT(Tampered("stored.npz").set(42, second, 4).error(), HasSubstr("overlaps"));
  Tampered doubled("stored.npz");
  doubled.file = contentOf(fixture("stored.npz"));
  EXPECT_THAT(doubled.replaceAll("a.npy", "c.npy").replaceAll("b.c.npy", "x/c.npy").error(), "");
}

TEST(Zip, SurvivesRandomChanges) {
  std::mt19937 random(5);
  for (const char *name : {"stored.npz", "deflated.npz"}) {
    const std::string original = contentOf(fixture(name));
    for (int round = 0; round < 20000; ++round) {
      Tampered tampered(name);
      tampered.file = original;
      // Mostly in the directory at the end, where the lies are.
      size_t from = random() % 4 ? original.find("PK\x01\x02") : 0;
      for (auto changes = 1 + random() % 4; changes > 0; --changes)
        tampered.file[from + random() % (original.size() - from)] = static_cast<char>(random());
      tampered.error();
    }
  }
}

/// A zip64 archive of one stored member: sizes and offset in the 64-bit extra field, a zip64 end
/// record.
std::string zip64Archive(uint64_t bytes) {
  auto number = [](uint64_t value, size_t size) {
    return std::string(reinterpret_cast<const char *>(&value), size);
  };
  std::string data = "zip64";
  uint64_t crc = 0xcf37ba6a;
  std::string name = "m";
  std::string common = number(45, 2) + number(0, 2) + number(0, 2) + number(0, 4) + number(crc, 4) +
                       number(UINT32_MAX, 4) + number(UINT32_MAX, 4) + number(1, 2);
  std::string local = "PK\x03\x04" + common + number(20, 2) + name + number(1, 2) + number(16, 2) +
                      number(bytes, 8) + number(bytes, 8) + data;
  std::string entry = "PK\x01\x02" + number(45, 2) + common + number(28, 2) + number(0, 2) +
                      number(0, 2) + number(0, 2) + number(0, 4) + number(UINT32_MAX, 4) + name +
                      number(1, 2) + number(24, 2) + number(bytes, 8) + number(bytes, 8) +
                      number(0, 8);
  std::string end64 = "PK\x06\x06" + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 4) +
                      number(0, 4) + number(1, 8) + number(1, 8) + number(entry.size(), 8) +
                      number(local.size(), 8);
  std::string locator =
      "PK\x06\x07" + number(0, 4) + number(local.size() + entry.size(), 8) + number(1, 4);
  std::string end = "PK\x05\x06" + number(0, 4) + number(UINT16_MAX, 2) + number(UINT16_MAX, 2) +
                    number(UINT32_MAX, 4) + number(UINT32_MAX, 4) + number(0, 2);
  return local + entry + end64 + locator + end;
}

TEST(Zip, ReadsZip64) {
  std::string file = zip64Archive(5);
  Result<ZipArchive> archive = ZipArchive::open(bytesOf(file), "z");
  ASSERT_TRUE(archive) << archive.error();
  ASSERT_EQ(archive->entries().size(), 1u);
  EXPECT_EQ(archive->entries()[0].bytes, 5u);
  auto data = archive->stored(archive->entries()[0]);
  EXPECT_EQ(std::memcmp(data->data(), "zip64", 5), 0);
  for (uint64_t bytes : {uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - 30}) {
    file = zip64Archive(bytes);
    EXPECT_FALSE(ZipArchive::open(bytesOf(file), "z")) << bytes;
  }
}

} // namespace
} // namespace quern::tests
