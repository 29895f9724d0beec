// How much of the machine's processors and memory we may use. Containers limit processes by control
// groups; a thread more than their quota is not faster but is stopped, with the loop that waits for
// it, until the next period; a byte more than their memory ends the process.
#include "runtime/Processor.h"

#include <sched.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstring>

namespace quern::runtime {

namespace {

constexpr size_t lineBytes = PATH_MAX + 256;

/// A text file that is read line by line; has no lines if it cannot be opened.
class Lines {
public:
  explicit Lines(const char *path) : file(std::fopen(path, "re")) {}
  Lines(const Lines &) = delete;
  Lines &operator=(const Lines &) = delete;
  ~Lines() {
    if (file)
      std::fclose(file);
  }
  /// The next line without its end, in `text`; overlong lines come in pieces.
  bool next() {
    if (!file || !std::fgets(text, sizeof text, file))
      return false;
    text[std::strcspn(text, "\n")] = '\0';
    return true;
  }
  char text[lineBytes];

private:
  FILE *file;
};

/// Whether `word` is one of the comma-separated words of `list`.
bool hasWord(const char *list, const char *word) {
  size_t length = std::strlen(word);
  for (const char *at = list; *at; at += std::strcspn(at, ",") + (at[std::strcspn(at, ",")] == ','))
    if (std::strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
      return true;
  return false;
}

/// The number that the file `name` of `folder` begins with, and the one behind it; false where the
/// file does not begin with one, as "max", which is no limit, does not.
bool numbers(const char *folder, const char *name, long long &first, long long *second = nullptr) {
  char path[lineBytes + 32];
  std::snprintf(path, sizeof path, "%s/%s", folder, name);
  Lines file(path);
  if (!file.next())
    return false;
  return second ? std::sscanf(file.text, "%lld %lld", &first, second) == 2
                : std::sscanf(file.text, "%lld", &first) == 1;
}

/// Processors rounded up; 0 for no limit.
uint64_t processors(long long quota, long long period) {
  if (quota <= 0 || period <= 0)
    return 0;
  long long count = (quota + period - 1) / period;
  return count > UINT16_MAX ? 0 : static_cast<uint64_t>(count);
}

uint64_t processorsOfVersion2(const char *folder) {
  long long quota = 0;
  long long period = 0;
  return numbers(folder, "cpu.max", quota, &period) ? processors(quota, period) : 0;
}

uint64_t processorsOfVersion1(const char *folder) {
  long long quota = 0;
  long long period = 0;
  return numbers(folder, "cpu.cfs_quota_us", quota) && numbers(folder, "cpu.cfs_period_us", period)
             ? processors(quota, period)
             : 0;
}

uint64_t memoryOfVersion2(const char *folder) {
  long long bytes = 0;
  return numbers(folder, "memory.max", bytes) && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

uint64_t memoryOfVersion1(const char *folder) {
  long long bytes = 0;
  return numbers(folder, "memory.limit_in_bytes", bytes) && bytes > 0 ? static_cast<uint64_t>(bytes)
                                                                      : 0;
}

/// Something that control groups limit, and where they say so; 0 is no limit.
struct Resource {
  const char *controller;
  uint64_t (*ofVersion1)(const char *folder);
  uint64_t (*ofVersion2)(const char *folder);
};

constexpr Resource processorTime{"cpu", processorsOfVersion1, processorsOfVersion2};
constexpr Resource memory{"memory", memoryOfVersion1, memoryOfVersion2};

uint64_t lesser(uint64_t a, uint64_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

/// The smallest limit from `mount`/`group` up to `mount`. Within a container the group's path may
/// be that of the host, which is not mounted here; its last existing ancestor is then the mount
/// itself.
uint64_t limitUpwards(const char *mount, const char *group, uint64_t (*limitOf)(const char *)) {
  char folder[lineBytes];
  size_t mountLength = std::strlen(mount);
  int length = std::snprintf(folder, sizeof folder, "%s%s", mount, group);
  if (length < 0 || static_cast<size_t>(length) >= sizeof folder)
    return limitOf(mount);
  uint64_t limit = 0;
  for (;;) {
    limit = lesser(limit, limitOf(folder));
    char *slash = std::strrchr(folder, '/');
    if (!slash || static_cast<size_t>(slash - folder) < mountLength)
      return limit;
    *slash = '\0';
  }
}

struct Mounts {
  char version1[lineBytes] = "";
  char version2[lineBytes] = "";
};

/// Finds where the control groups of a controller are mounted: fields of /proc/self/mountinfo are
/// "id parent device root mount options … - type source super-options".
void findMounts(const char *root, const char *controller, Mounts &mounts) {
  char path[lineBytes];
  std::snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
  Lines lines(path);
  while (lines.next()) {
    char *tail = std::strstr(lines.text, " - ");
    char mount[lineBytes];
    char type[64];
    char options[1024];
    if (!tail || std::sscanf(lines.text, "%*s %*s %*s %*s %4000s", mount) != 1 ||
        std::sscanf(tail, " - %63s %*s %1023s", type, options) != 2)
      continue;
    if (std::strcmp(type, "cgroup2") == 0 && !mounts.version2[0])
      std::snprintf(mounts.version2, sizeof mounts.version2, "%s%.4000s", root, mount);
    if (std::strcmp(type, "cgroup") == 0 && hasWord(options, controller) && !mounts.version1[0])
      std::snprintf(mounts.version1, sizeof mounts.version1, "%s%.4000s", root, mount);
  }
}

uint64_t controlGroupLimit(const char *root, const Resource &resource) {
  Mounts mounts;
  findMounts(root, resource.controller, mounts);
  char path[lineBytes];
  std::snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  // Lines are "number:controllers:group"; version 2 has number 0 and no controllers.
  Lines lines(path);
  uint64_t limit = 0;
  while (lines.next()) {
    char *controllers = std::strchr(lines.text, ':');
    char *group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
    if (!group)
      continue;
    *group++ = '\0';
    ++controllers;
    if (std::strcmp(group, "/") == 0)
      group = group + 1;
    if (!*controllers && mounts.version2[0])
      limit = lesser(limit, limitUpwards(mounts.version2, group, resource.ofVersion2));
    else if (hasWord(controllers, resource.controller) && mounts.version1[0])
      limit = lesser(limit, limitUpwards(mounts.version1, group, resource.ofVersion1));
  }
  return limit;
}

} // namespace

uint32_t controlGroupQuota(const char *root) {
  return static_cast<uint32_t>(controlGroupLimit(root, processorTime));
}

uint64_t controlGroupMemory(const char *root) { return controlGroupLimit(root, memory); }

uint32_t availableProcessors() {
  // Machines with more than 1024 processors make the plain call fail; one thread per processor is
  // then no sensible default either.
  cpu_set_t mask;
  uint64_t count = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    count = static_cast<uint64_t>(CPU_COUNT(&mask));
  count = lesser(count, controlGroupQuota(""));
  return count == 0 ? 1 : static_cast<uint32_t>(count);
}

uint64_t availableMemory() {
  long pages = sysconf(_SC_PHYS_PAGES);
  long pageBytes = sysconf(_SC_PAGESIZE);
  uint64_t bytes = pages > 0 && pageBytes > 0
                       ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(pageBytes)
                       : 0;
  return lesser(bytes, controlGroupMemory(""));
}

} // namespace quern::runtime
