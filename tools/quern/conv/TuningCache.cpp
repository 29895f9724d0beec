#include "tools/quern/conv/TuningCache.h"

#include "codegen/OutputFile.h"
#include "runtime/ModelImage.h"
#include "tools/quern/conv/ConvJson.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <fmt/format.h>

#include <fstream>

namespace quern::tools {

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

std::optional<std::vector<ConvRecord>> TuningCache::find(const std::string &what) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(path(what));
  if (!file)
    return std::nullopt;
  Json json = Json::parse((*file)->getBuffer().str(), nullptr, /*allow_exceptions=*/false);
  // The whole key is in the entry: a file name alone could be that of another.
  if (!json.is_object() || json.value("machine", "") != machine || json.value("what", "") != what)
    return std::nullopt;
  return recordsFrom(json["records"]);
}

void TuningCache::insert(const std::string &what, const std::vector<ConvRecord> &records) const {
  if (folder.empty())
    return;
  Json json{{"machine", machine}, {"what", what}, {"records", Json::array()}};
  for (const ConvRecord &record : records)
    json["records"].push_back(toJson(record));
  std::string text = json.dump(1);
  // A cache that cannot be written is no error: the next run measures again.
  llvm::consumeError(codegen::writeOutput(path(what), {llvm::ArrayRef(text.data(), text.size())}));
}

std::string processorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0)
      return line.substr(line.find(':') + 2);
  return "unknown processor";
}

} // namespace quern::tools
