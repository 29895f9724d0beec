#include "codegen/halide/Emitter.h"

#include <map>

namespace quern::codegen {
namespace {

/// Inside a function, so that it exists before the first registration whatever the order of files.
std::map<std::string, Emitter, std::less<>> &registry() {
  static std::map<std::string, Emitter, std::less<>> emitters;
  return emitters;
}

} // namespace

EmitterRegistration::EmitterRegistration(llvm::StringRef opName, Emitter emitter) {
  registry()[opName.str()] = emitter;
}

Emitter findEmitter(llvm::StringRef opName) {
  auto entry = registry().find(opName.str());
  return entry == registry().end() ? nullptr : entry->second;
}

} // namespace quern::codegen
