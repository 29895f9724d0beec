#include "tools/quern/conv/TuningCache.h"

#include "codegen/OutputFile.h"
#include "runtime/ModelImage.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <fmt/format.h>

#include <fstream>

namespace quern::tools {
namespace {

/// The first line of an entry: of all that follows.
std::string checksum(llvm::StringRef text) {
  return fmt::format("{:016x}", runtime::hashBytes(text.data(), text.size()));
}

} // namespace

TuningCache::TuningCache(std::string folder, std::string machine)
    : folder(std::move(folder)), machine(std::move(machine)) {
  if (!this->folder.empty()) {
    this->folder += "/tuning";
    (void)llvm::sys::fs::create_directories(this->folder);
  }
}

std::string TuningCache::path(const std::string &what) const {
  std::string key = machine + "\n" + what;
  return fmt::format("{}/{:016x}.json", folder, runtime::hashBytes(key.data(), key.size()));
}

std::optional<Json> TuningCache::find(const std::string &what) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(path(what));
  if (!file)
    return std::nullopt;
  auto [sum, text] = (*file)->getBuffer().split('\n');
  if (sum != checksum(text))
    return std::nullopt;
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  // The whole key is in the entry: a file name alone could be that of another.
  if (!json.is_object() || json["machine"] != machine || json["what"] != what)
    return std::nullopt;
  return json["measured"];
}

llvm::Error TuningCache::insert(const std::string &what, const Json &measured) const {
  if (folder.empty())
    return llvm::createStringError("the cache's folder cannot be written");
  Json json{{"machine", machine}, {"what", what}, {"measured", measured}};
  std::string text = json.dump(1), sum = checksum(text) + "\n";
  return codegen::writeOutput(path(what), {llvm::ArrayRef(sum.data(), sum.size()),
                                           llvm::ArrayRef(text.data(), text.size())});
}

void noteNotKept(const std::string &why, const char *next) {
  fmt::print(stderr,
             "note: what is measured is not kept, since {}: {} will measure it anew; QUERN_CACHE "
             "names another folder\n",
             why, next);
}

std::string processorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0)
      return line.substr(line.find(':') + 2);
  return "unknown processor";
}

} // namespace quern::tools
