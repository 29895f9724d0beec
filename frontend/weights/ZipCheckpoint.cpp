#include "frontend/weights/Pickle.h"
#include "frontend/weights/StateDict.h"
#include "frontend/weights/TorchCheckpoint.h"
#include "frontend/weights/ZipMember.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace quern::frontend::weights {

namespace {

constexpr std::string_view pickleName = "/data.pkl";
// A state dict takes some hundred bytes per tensor. What decompresses to more than this is a bomb.
constexpr uint64_t largestPickle = uint64_t{1} << 28;

const runtime::ZipEntry *findPickle(const runtime::ZipArchive &archive) {
  const auto found = std::ranges::find_if(archive.entries(), [](const runtime::ZipEntry &entry) {
    return entry.name.ends_with(pickleName) &&
           entry.name.find('/') == entry.name.size() - pickleName.size();
  });
  return found == archive.entries().end() ? nullptr : &*found;
}

// The storages of one archive, each taken out once.
class ZipStorages {
public:
  ZipStorages(const Blob &archiveFile, const runtime::ZipArchive &zip, std::string prefix)
      : file(archiveFile), archive(zip), folder(std::move(prefix)) {
    for (const runtime::ZipEntry &entry : archive.entries())
      members.emplace(entry.name, &entry);
  }

  Result<Blob> find(const StorageId &id) {
    const auto member = members.find(fmt::format("{}/data/{}", folder, id.key));
    if (member == members.end())
      return Failure{fmt::format("storage {:?} is not in the archive", id.key)};
    const runtime::ZipEntry &entry = *member->second;
    if (entry.bytes != id.bytes())
      return Failure{fmt::format("storage {:?} has {} bytes, though {} were announced", id.key,
                                 entry.bytes, id.bytes())};
    const auto known = taken.find(&entry);
    if (known != taken.end())
      return known->second;
    Result<Blob> blob = zipMember(file, archive, entry);
    if (blob)
      taken.emplace(&entry, *blob);
    return blob;
  }

private:
  const Blob &file;
  const runtime::ZipArchive &archive;
  std::string folder;
  std::unordered_map<std::string, const runtime::ZipEntry *> members;
  std::unordered_map<const runtime::ZipEntry *, Blob> taken;
};

// Newer files say in which byte order they are; older ones are in the only one there was.
Status checkByteOrder(const Blob &file, const runtime::ZipArchive &archive,
                      const std::string &folder) {
  const runtime::ZipEntry *entry = archive.find(folder + "/byteorder");
  if (!entry)
    return runtime::success();
  const Result<Blob> order = zipMember(file, archive, *entry);
  if (!order)
    return order.failure();
  const std::string_view text(reinterpret_cast<const char *>(order->bytes.data()),
                              order->bytes.size());
  if (text != "little")
    return Failure{"it was written on a big-endian machine, which is not supported"};
  return runtime::success();
}

} // namespace

bool looksLikeZipCheckpoint(const runtime::ZipArchive &archive) {
  return findPickle(archive) != nullptr;
}

Result<WeightStore> readZipCheckpoint(const Blob &file, const runtime::ZipArchive &archive) {
  const runtime::ZipEntry *entry = findPickle(archive);
  if (!entry)
    return Failure{"it holds no data.pkl"};
  const std::string folder = entry->name.substr(0, entry->name.size() - pickleName.size());
  if (Status order = checkByteOrder(file, archive, folder); !order)
    return order.failure();
  if (entry->bytes > largestPickle)
    return Failure{
        fmt::format("{}: {} bytes are more than a state dict takes", entry->name, entry->bytes)};
  const Result<Blob> text = zipMember(file, archive, *entry);
  if (!text)
    return text.failure();

  size_t offset = 0;
  const Result<Pickle> pickle = readPickle(text->bytes, offset);
  if (!pickle)
    return pickle.failure();
  if (offset != text->bytes.size())
    return Failure{fmt::format("{} goes on behind its end", entry->name)};

  uint64_t storageBytes = 0;
  for (const runtime::ZipEntry &member : archive.entries())
    storageBytes += member.bytes;
  ZipStorages storages(file, archive, folder);
  const StorageLookup lookup = [&](const StorageId &id) { return storages.find(id); };
  Result<WeightStore> store = readStateDict(*pickle->root, lookup, storageBytes);
  if (store)
    store->format = "torch (zip)";
  return store;
}

} // namespace quern::frontend::weights
