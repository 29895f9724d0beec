// The programs that `quern run` made, kept so that the same model need not be compiled again.
#pragma once

#include "runtime/formats/Result.h"

#include <cstdint>
#include <string>

namespace quern::tools {

class ProgramCache {
public:
  /// In the cache folder; where there is none that can be written, in a folder of the user's own in
  /// the system's temporary place. Fails where there is neither.
  static runtime::Result<ProgramCache> open();

  std::string pathOf(const std::string &name) const { return folder + "/" + name; }
  /// Whether the program is there; it counts as used then.
  bool has(const std::string &name) const;
  /// Keeps what was said when the program was compiled, for those who run it later. What cannot be
  /// written is not kept.
  void keepWarnings(const std::string &name, const std::string &text) const;
  std::string warningsOf(const std::string &name) const;
  /// Removes the longest unused programs until all together hold `limitBytes` at most; never the
  /// one of that name.
  void prune(const std::string &keep, uint64_t limitBytes = uint64_t{2} << 30) const;

private:
  explicit ProgramCache(std::string folder) : folder(std::move(folder)) {}
  std::string folder;
};

} // namespace quern::tools
