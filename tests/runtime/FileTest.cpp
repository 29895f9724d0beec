// Files appear whole or not at all, and nothing is left of what a signal ended.
#include "runtime/formats/File.h"

#include "runtime/formats/ScratchFolder.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace quern::tests {
namespace {

using namespace quern::runtime;
using testing::HasSubstr;

Status write(const std::string &path, const std::string &text, const WriteOptions &options = {}) {
  std::span<const std::byte> part = std::as_bytes(std::span(text));
  return writeBytes(path, {&part, 1}, options);
}

/// Runs `action` in a process of its own; its wait status.
template <typename Action> int inChild(Action action) {
  pid_t child = ::fork();
  if (child == 0)
    ::_exit(action() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

/// Lets write() fail half-way, as on a full disk, and with a signal.
void limitFileSize() {
  const rlimit limit = {1 << 16, 1 << 16};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(File, IsWrittenWholeOrNotAtAll) {
  TemporaryFolder folder;
  std::string target = folder.write("out", "old");
  std::string text = "new";
  std::span<const std::byte> part = std::as_bytes(std::span(text));
  std::span<const std::byte> parts[] = {part, part};
  ASSERT_TRUE(writeBytes(target, parts));
  EXPECT_EQ(contentOf(target), "newnew");
  EXPECT_EQ(folder.fileCount(), 1U);
  EXPECT_EQ(write(folder.path("no/such/folder"), "x").error(),
            folder.path("no/such/folder") + ": cannot write: No such file or directory");
  EXPECT_THAT(write(folder.path(), "x").error(), HasSubstr("is a folder"));
  EXPECT_EQ(folder.fileCount(), 1U);
}

TEST(File, IsKnownNotToBeWritableBeforehand) {
  TemporaryFolder folder;
  std::string old = folder.write("out", "old");
  EXPECT_TRUE(checkWritable(old));
  EXPECT_TRUE(checkWritable(folder.path("new")));
  EXPECT_TRUE(checkWritable("/dev/null"));
  EXPECT_TRUE(checkWritable("-"));
  EXPECT_EQ(contentOf(old), "old");
  EXPECT_EQ(folder.fileCount(), 1U);
  for (const std::string &path : {folder.path("no/such/folder"), folder.path(), old + "/below",
                                  folder.path(std::string(300, 'x')), std::string("/proc/out")}) {
    Status known = checkWritable(path), tried = write(path, "x");
    ASSERT_FALSE(known) << path;
    ASSERT_FALSE(tried) << path;
    EXPECT_EQ(known.error(), tried.error());
  }
}

TEST(File, IsWrittenThroughALink) {
  TemporaryFolder folder;
  std::string target = folder.write("a", "old");
  std::filesystem::create_symlink("a", folder.path("link"));
  ASSERT_TRUE(write(folder.path("link"), "new"));
  EXPECT_EQ(contentOf(target), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link")));
  EXPECT_EQ(folder.fileCount(), 2U);
}

TEST(File, GoesToDevicesAsItComes) {
  EXPECT_TRUE(write("/dev/null", "x"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THAT(write("/dev/full", "x").error(), HasSubstr("No space left on device"));
}

mode_t modeOf(const std::string &path) {
  struct stat info = {};
  ::stat(path.c_str(), &info);
  return info.st_mode & 07777;
}

TEST(File, HasThePermissionsThatPeopleExpect) {
  TemporaryFolder folder;
  mode_t before = ::umask(027);
  WriteOptions program;
  program.isExecutable = true;
  EXPECT_TRUE(write(folder.path("text"), "x"));
  EXPECT_TRUE(write(folder.path("program"), "x", program));
  EXPECT_EQ(modeOf(folder.path("text")), 0640U);
  EXPECT_EQ(modeOf(folder.path("program")), 0750U);
  // An older file's are kept.
  ::chmod(folder.path("text").c_str(), 0604);
  EXPECT_TRUE(write(folder.path("text"), "y"));
  EXPECT_EQ(modeOf(folder.path("text")), 0604U);
  EXPECT_TRUE(write(folder.path("text"), "y", program));
  EXPECT_EQ(modeOf(folder.path("text")), 0705U);
  ::umask(before);
}

TEST(File, MayHaveTheLongestName) {
  TemporaryFolder folder;
  EXPECT_TRUE(write(folder.path(std::string(255, 'n')), "x"));
}

TEST(File, LeavesTheOldFileWhenSpaceRunsOut) {
  TemporaryFolder folder;
  std::string target = folder.write("a", "old");
  int status = inChild([&] {
    limitFileSize();
    std::signal(SIGXFSZ, SIG_IGN);
    Status written = write(target, std::string(1 << 20, 'x'));
    return !written && written.error().find("cannot write: File too large") != std::string::npos;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(contentOf(target), "old");
  EXPECT_EQ(folder.fileCount(), 1U);
}

TEST(File, LeavesNothingWhenASignalEndsTheProcess) {
  TemporaryFolder folder;
  int status = inChild([&] {
    limitFileSize(); // the signal arrives in the middle of writing
    return static_cast<bool>(write(folder.path("a"), std::string(1 << 20, 'x')));
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) << status;
  EXPECT_EQ(folder.fileCount(), 0U);
}

TEST(ScratchFolder, IsGoneAtTheEnd) {
  std::string file;
  {
    Result<ScratchFolder> folder = ScratchFolder::create();
    ASSERT_TRUE(folder) << folder.error();
    file = folder->file("a");
    ASSERT_TRUE(write(file, "x"));
  }
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(file).parent_path()));
}

TEST(ScratchFolder, IsGoneWhenASignalEndsTheProcess) {
  TemporaryFolder place;
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGABRT}) {
    int status = inChild([&] {
      ::setenv("TMPDIR", place.path().c_str(), 1);
      Result<ScratchFolder> one = ScratchFolder::create(), other = ScratchFolder::create();
      for (int i = 0; i < 300; ++i)
        if (!write(one->file(std::to_string(i)), "x"))
          return false;
      return place.fileCount() == 2 && ::raise(signal) == 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    EXPECT_EQ(place.fileCount(), 0U) << signal;
  }
}

TEST(ScratchFolder, SurvivesASignalThatIsIgnored) {
  int status = inChild([] {
    std::signal(SIGHUP, SIG_IGN);
    Result<ScratchFolder> folder = ScratchFolder::create();
    ::raise(SIGHUP);
    return static_cast<bool>(write(folder->file("a"), "x"));
  });
  EXPECT_EQ(status, 0);
}

TEST(ScratchFolder, SaysWhyThereIsNone) {
  int status = inChild([] {
    ::setenv("TMPDIR", "/no/such/folder", 1);
    Result<ScratchFolder> folder = ScratchFolder::create();
    return !folder && folder.error().find("TMPDIR") != std::string::npos;
  });
  EXPECT_EQ(status, 0);
}

TEST(File, IsMappedOrRead) {
  TemporaryFolder folder;
  std::string path = folder.write("in", "some bytes");
  Result<MappedFile> mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped) << mapped.error();
  EXPECT_EQ(mapped->bytes().size(), 10U);
  EXPECT_EQ(MappedFile::open(folder.write("empty", ""))->bytes().size(), 0U);
  EXPECT_THAT(MappedFile::open(folder.path()).error(), HasSubstr("not a regular file"));
  EXPECT_THAT(MappedFile::open(folder.path("x")).error(), HasSubstr("cannot open"));
  EXPECT_EQ(readBytes(path)->size(), 10U);
  EXPECT_THAT(readBytes(path, 9).error(), HasSubstr("more than 9 bytes"));
}

TEST(File, ThatHasNoEndIsReadAsFarAsItMatters) {
  auto most = [](std::span<const std::byte> start) { return start.size() + 1000; };
  EXPECT_EQ(readFinite("/dev/zero", most)->size(), 64U + 1000 + 1);
  EXPECT_EQ(readFinite("/dev/zero", [](auto) { return 8; })->size(), 9U);
  EXPECT_EQ(readFinite("/dev/null", most)->size(), 0U);
  TemporaryFolder folder;
  std::string contents(2000, 'x');
  EXPECT_EQ(readFinite(folder.write("long", contents), most)->size(), 2000U);
  EXPECT_THAT(readFinite(folder.path("x"), most).error(), HasSubstr("cannot open"));
}

} // namespace
} // namespace quern::tests
