#include "codegen/halide/UniqueNames.h"

#include <Halide.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

namespace {

/// How often each prefix was asked for.
thread_local std::map<std::string, int> counts;

/// A letter and digits: what the version for letters gives.
bool isNumbered(const std::string &name) {
  return name.size() > 1 && std::isalpha(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin() + 1, name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

} // namespace

// Declared in Halide.h with its promises. The dynamic linker takes a program's definition before a
// library's.
std::string Halide::Internal::unique_name(char prefix) {
  return prefix + std::to_string(counts[std::string("'") + prefix]++);
}

std::string Halide::Internal::unique_name(const std::string &prefix) {
  std::string name = prefix;
  std::replace(name.begin(), name.end(), '$', '_');
  int count = counts[name]++;
  return count == 0 && name == prefix && !isNumbered(name) ? name
                                                           : name + "$" + std::to_string(count);
}

void quern::codegen::restartUniqueNames() { counts.clear(); }
