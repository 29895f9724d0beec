// What was measured, on disk: so that a sweep that was interrupted goes on where it was, and a
// model is tuned once.
#pragma once

#include "llvm/Support/Error.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace quern::tools {

using Json = nlohmann::ordered_json;

/// What was measured on one machine, by what it is of. An entry begins with a checksum and is
/// written beside its place and renamed; one that is damaged is as good as none.
class TuningCache {
public:
  /// In an empty `folder` nothing can be kept. `machine` names all that times depend on.
  TuningCache(std::string folder, std::string machine);

  std::optional<Json> find(const std::string &what) const;
  /// Fails where it cannot be kept: the next run measures again.
  llvm::Error insert(const std::string &what, const Json &measured) const;

private:
  std::string path(const std::string &what) const;
  std::string folder, machine;
};

/// Tells the user that something is not kept, why, and who will measure it anew.
void noteNotKept(const std::string &why, const char *next);

/// The model of this machine's processor as the system names it.
std::string processorName();

} // namespace quern::tools
