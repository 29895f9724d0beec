// How much of the machine's processors we may use. Containers limit processes by control groups; a
// thread more than their quota is not faster but is stopped, with the loop that waits for it, until
// the next period.
#include "runtime/Processor.h"

#include <sched.h>

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

/// Processors rounded up; 0 for no limit.
uint32_t processors(long long quota, long long period) {
  if (quota <= 0 || period <= 0)
    return 0;
  long long count = (quota + period - 1) / period;
  return count > UINT16_MAX ? 0 : static_cast<uint32_t>(count);
}

uint32_t quotaOfVersion2(const char *folder) {
  char path[lineBytes + 32];
  std::snprintf(path, sizeof path, "%s/cpu.max", folder);
  Lines file(path);
  long long quota = 0;
  long long period = 0;
  // "max 100000" when there is no limit.
  if (!file.next() || std::sscanf(file.text, "%lld %lld", &quota, &period) != 2)
    return 0;
  return processors(quota, period);
}

long long number(const char *folder, const char *name) {
  char path[lineBytes + 32];
  std::snprintf(path, sizeof path, "%s/%s", folder, name);
  Lines file(path);
  long long value = -1;
  if (!file.next() || std::sscanf(file.text, "%lld", &value) != 1)
    return -1;
  return value;
}

uint32_t quotaOfVersion1(const char *folder) {
  return processors(number(folder, "cpu.cfs_quota_us"), number(folder, "cpu.cfs_period_us"));
}

uint32_t lesser(uint32_t a, uint32_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

/// The smallest quota from `mount`/`group` up to `mount`. Within a container the group's path may
/// be that of the host, which is not mounted here; its last existing ancestor is then the mount
/// itself.
uint32_t quotaUpwards(const char *mount, const char *group, uint32_t (*quotaOf)(const char *)) {
  char folder[lineBytes];
  size_t mountLength = std::strlen(mount);
  int length = std::snprintf(folder, sizeof folder, "%s%s", mount, group);
  if (length < 0 || static_cast<size_t>(length) >= sizeof folder)
    return quotaOf(mount);
  uint32_t quota = 0;
  for (;;) {
    quota = lesser(quota, quotaOf(folder));
    char *slash = std::strrchr(folder, '/');
    if (!slash || static_cast<size_t>(slash - folder) < mountLength)
      return quota;
    *slash = '\0';
  }
}

struct Mounts {
  char version1[lineBytes] = "";
  char version2[lineBytes] = "";
};

/// Finds where the control groups are mounted: fields of /proc/self/mountinfo are "id parent device
/// root mount options … - type source super-options".
void findMounts(const char *root, Mounts &mounts) {
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
    if (std::strcmp(type, "cgroup") == 0 && hasWord(options, "cpu") && !mounts.version1[0])
      std::snprintf(mounts.version1, sizeof mounts.version1, "%s%.4000s", root, mount);
  }
}

} // namespace

uint32_t controlGroupQuota(const char *root) {
  Mounts mounts;
  findMounts(root, mounts);
  char path[lineBytes];
  std::snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  // Lines are "number:controllers:group"; version 2 has number 0 and no controllers.
  Lines lines(path);
  uint32_t quota = 0;
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
      quota = lesser(quota, quotaUpwards(mounts.version2, group, quotaOfVersion2));
    else if (hasWord(controllers, "cpu") && mounts.version1[0])
      quota = lesser(quota, quotaUpwards(mounts.version1, group, quotaOfVersion1));
  }
  return quota;
}

uint32_t availableProcessors() {
  // Machines with more than 1024 processors make the plain call fail; one thread per processor is
  // then no sensible default either.
  cpu_set_t mask;
  uint32_t count = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    count = static_cast<uint32_t>(CPU_COUNT(&mask));
  count = lesser(count, controlGroupQuota(""));
  return count == 0 ? 1 : count;
}

} // namespace quern::runtime
