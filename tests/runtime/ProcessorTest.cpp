#include "runtime/Processor.h"

#include "runtime/ModelImage.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>

namespace quern::tests {
namespace {

/// A folder that stands for / with /proc and /sys of some machine.
struct FakeRoot : testing::Test {
  FakeRoot() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quern-root-XXXXXX").string();
    root = mkdtemp(pattern.data());
  }
  ~FakeRoot() override { std::filesystem::remove_all(root); }

  void write(const std::string &file, const std::string &text) {
    std::filesystem::path path = root.string() + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  uint32_t quota() { return runtime::controlGroupQuota(root.c_str()); }

  std::filesystem::path root;
};

using ControlGroupTest = FakeRoot;

TEST_F(ControlGroupTest, NoFilesMeanNoLimit) { EXPECT_EQ(quota(), 0u); }

TEST_F(ControlGroupTest, Version2TakesTheSmallestOnTheWayUp) {
  write("/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");
  write("/proc/self/cgroup", "0::/user/job\n");
  write("/sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 0u);
  write("/sys/fs/cgroup/user/cpu.max", "250000 100000\n");
  EXPECT_EQ(quota(), 3u);
  write("/sys/fs/cgroup/user/job/cpu.max", "20000 100000\n");
  EXPECT_EQ(quota(), 1u);
}

TEST_F(ControlGroupTest, Version2OfAContainerLiesAtTheMount) {
  write("/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2u);
  write("/proc/self/cgroup", "0::/docker/on-the-host\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(ControlGroupTest, Version1ReadsQuotaAndPeriod) {
  write("/proc/self/mountinfo",
        "31 1 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 1 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n");
  write("/proc/self/cgroup", "3:cpuset:/\n2:cpu,cpuacct:/job\n0::/\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 0u);
  write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(ControlGroupTest, MemoryIsLimitedToo) {
  write("/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
                                "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  write("/proc/self/cgroup", "0::/job\n");
  write("/sys/fs/cgroup/job/memory.max", "max\n");
  EXPECT_EQ(runtime::controlGroupMemory(root.c_str()), 0u);
  write("/sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(runtime::controlGroupMemory(root.c_str()), 1073741824u);
  EXPECT_EQ(quota(), 0u);
  write("/proc/self/cgroup", "4:memory:/job\n0::/job\n");
  write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "536870912\n");
  EXPECT_EQ(runtime::controlGroupMemory(root.c_str()), 536870912u);
}

TEST_F(ControlGroupTest, NonsenseIsNoLimit) {
  write("/proc/self/mountinfo", "30\n\n - - -\n1 2 3 4 /sys/fs/cgroup rw - cgroup2 x y\n");
  write("/proc/self/cgroup", "::\n:\nx\n0::\n0::" + std::string(9000, '/') + "\n");
  write("/sys/fs/cgroup/cpu.max", "lots of them\n");
  EXPECT_EQ(quota(), 0u);
}

TEST(Processor, OffersMemory) { EXPECT_GT(runtime::availableMemory(), uint64_t{1} << 20); }

TEST(Processor, OffersAtLeastOneProcessor) {
  uint32_t count = runtime::availableProcessors();
  EXPECT_GE(count, 1u);
  // A mask of one processor leaves one.
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &before))
      CPU_SET(i, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(runtime::availableProcessors(), 1u);
  sched_setaffinity(0, sizeof before, &before);
}

#if defined(__x86_64__)
TEST(Processor, AgreesWithTheCompilersDetection) {
  uint64_t features = runtime::processorFeatures();
  auto has = [&](runtime::X86Feature feature) {
    return (features >> static_cast<uint32_t>(feature) & 1) != 0;
  };
  EXPECT_EQ(has(runtime::X86Feature::avx2), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(has(runtime::X86Feature::fma), __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(has(runtime::X86Feature::avx512f), __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(has(runtime::X86Feature::avx512vnni), __builtin_cpu_supports("avx512vnni") != 0);
}

TEST(Processor, NamesFeatures) {
  char text[64];
  runtime::featureNames(0b110, text, sizeof text);
  EXPECT_STREQ(text, "avx, avx2");
  runtime::featureNames(uint64_t{1} << 50, text, sizeof text);
  EXPECT_STREQ(text, "some that this runtime does not know");
  runtime::featureNames(~uint64_t{0}, text, sizeof text);
  EXPECT_LT(std::string(text).size(), sizeof text);
}
#endif

} // namespace
} // namespace quern::tests
