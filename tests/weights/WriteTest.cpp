// Safetensors are written the same each time, aligned, and whole or not at all.
#include "frontend/weights/AtomicFile.h"
#include "frontend/weights/Load.h"
#include "frontend/weights/Safetensors.h"
#include "tests/weights/Fixtures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>

namespace quern::frontend::weights::tests {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Status write(const std::string &path, const std::string &text) {
  const std::span<const std::byte> piece = std::as_bytes(std::span(text));
  return writeFileAtomically(path, {&piece, 1});
}

std::string textOf(const std::string &path) {
  const std::vector<std::byte> bytes = bytesOf(path);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

TEST(WriteTest, WhatIsReadIsWhatWasWritten) {
  const TemporaryFolder folder;
  for (const std::string &name : goodFixtures()) {
    const Result<WeightStore> store = loadWeights(fixture(name));
    ASSERT_TRUE(store) << store.error();
    const std::string path = folder.path(name);
    const Status written = writeSafetensors(store->weights(), store->metadata, path);
    ASSERT_TRUE(written) << written.error();
    const Result<WeightStore> again = loadWeights(path);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->metadata, store->metadata);
    ASSERT_EQ(again->weights().size(), store->weights().size());
    for (const Weight &weight : store->weights()) {
      const Weight *same = again->find(weight.name);
      ASSERT_NE(same, nullptr) << weight.name;
      EXPECT_EQ(same->dtype, weight.dtype);
      EXPECT_EQ(same->shape, weight.shape);
      EXPECT_TRUE(std::ranges::equal(same->data.bytes, weight.data.bytes)) << weight.name;
    }
  }
}

TEST(WriteTest, TheSameTensorsMakeTheSameFile) {
  const TemporaryFolder folder;
  const Result<WeightStore> store = loadWeights(fixture("legacy.pt"));
  ASSERT_TRUE(store) << store.error();
  std::vector<Weight> weights = store->weights();
  ASSERT_TRUE(writeSafetensors(weights, {}, folder.path("a")));
  std::ranges::reverse(weights);
  ASSERT_TRUE(writeSafetensors(weights, {}, folder.path("b")));
  EXPECT_EQ(textOf(folder.path("a")), textOf(folder.path("b")));
}

TEST(WriteTest, DataAreAligned) {
  const TemporaryFolder folder;
  const Result<WeightStore> store = loadWeights(fixture("legacy.pt"));
  ASSERT_TRUE(store) << store.error();
  ASSERT_TRUE(writeSafetensors(store->weights(), {}, folder.path("a")));
  EXPECT_EQ((8 + static_cast<uint8_t>(textOf(folder.path("a"))[0])) % 64, 0);
  const Result<WeightStore> again = loadWeights(folder.path("a"));
  ASSERT_TRUE(again) << again.error();
  for (const Weight &weight : again->weights())
    EXPECT_EQ(alignedWeight(weight).data.owner, weight.data.owner) << weight.name;
}

TEST(WriteTest, NoTensorsMakeAFileToo) {
  const TemporaryFolder folder;
  ASSERT_TRUE(writeSafetensors({}, {}, folder.path("a")));
  const Result<WeightStore> again = loadWeights(folder.path("a"));
  ASSERT_TRUE(again) << again.error();
  EXPECT_TRUE(again->weights().empty());
}

TEST(WriteTest, RefusesTheReservedName) {
  const TemporaryFolder folder;
  const std::vector<Weight> weights = {makeWeight("__metadata__", {1}, {1})};
  EXPECT_FALSE(writeSafetensors(weights, {}, folder.path("a")));
  EXPECT_THAT(folder.files(), ElementsAre());
}

TEST(AtomicFileTest, ReplacesAFileAndALinksTarget) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write(folder.path("a"), "old"));
  std::filesystem::create_symlink("a", folder.path("link"));
  ASSERT_TRUE(write(folder.path("link"), "new"));
  EXPECT_EQ(textOf(folder.path("a")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link")));
  EXPECT_THAT(folder.files(), ElementsAre("a", "link"));
}

TEST(AtomicFileTest, RefusesWhatIsNoPlainFile) {
  const TemporaryFolder folder;
  const Status missing = write(folder.path("no/such/folder"), "x");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), HasSubstr("no/such/folder: cannot write: "));
  std::filesystem::create_directory(folder.path("d"));
  EXPECT_THAT(write(folder.path("d"), "x").error(), HasSubstr("it is a folder"));
  EXPECT_THAT(write("/dev/null", "x").error(), HasSubstr("it is not a plain file"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THAT(folder.files(), ElementsAre("d"));
}

// Runs `action` in a process of its own; its wait status.
template <typename Action> int inChild(Action action) {
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(action() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(AtomicFileTest, LeavesTheOldFileWhenSpaceRunsOut) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write(folder.path("a"), "old"));
  const int status = inChild([&] {
    // A limit on a file's size stands in for a full disk: write() fails half-way just so.
    const rlimit limit = {1 << 16, 1 << 16};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
    const Status written = write(folder.path("a"), std::string(1 << 20, 'x'));
    return !written && written.error().find("cannot write: File too large") != std::string::npos;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(textOf(folder.path("a")), "old");
  EXPECT_THAT(folder.files(), ElementsAre("a"));
}

TEST(AtomicFileTest, LeavesNothingWhenASignalEndsTheProcess) {
  const TemporaryFolder folder;
  const int status = inChild([&] {
    // The write stops at the limit on a file's size, and there the signal arrives.
    const rlimit limit = {1 << 16, 1 << 16};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, [](int /*signal*/) { ::raise(SIGTERM); });
    return static_cast<bool>(write(folder.path("a"), std::string(1 << 20, 'x')));
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_THAT(folder.files(), ElementsAre());
}

} // namespace
} // namespace quern::frontend::weights::tests
