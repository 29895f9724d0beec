#include "codegen/halide/KernelCache.h"

#include "runtime/ModelImage.h"
#include "runtime/formats/File.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>

namespace quern::codegen {
namespace {

namespace fs = llvm::sys::fs;

/// In front of an entry's bytes.
struct EntryHeader {
  char magic[8];
  uint64_t checksum; ///< of all that follows this field
  uint64_t threadScratchBytes, serialScratchBytes, multiplications;
  uint64_t size;
};
constexpr char entryMagic[8] = {'Q', 'U', 'E', 'R', 'N', 'K', 'R', '1'};

std::string pathOf(const std::string &folder, const std::string &key) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, key + ".kernel");
  return path.str().str();
}

/// An entry, or the beginning of one that a killed process left.
bool isEntry(llvm::StringRef path) { return path.ends_with(".kernel") || path.ends_with(".part"); }

uint64_t checksumOf(const EntryHeader &header, llvm::StringRef bytes) {
  const uint64_t numbers[] = {header.threadScratchBytes, header.serialScratchBytes,
                              header.multiplications, header.size};
  return runtime::hashBytes(bytes.data(), bytes.size(),
                            runtime::hashBytes(numbers, sizeof(numbers)));
}

} // namespace

KernelCache::KernelCache(std::string folder, uint64_t limitBytes)
    : folder(std::move(folder)), limitBytes(limitBytes) {}

std::optional<CachedKernel> KernelCache::find(const std::string &key) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(pathOf(folder, key), /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  llvm::StringRef content = (*file)->getBuffer();
  EntryHeader header{};
  if (content.size() < sizeof(header))
    return std::nullopt;
  std::memcpy(&header, content.data(), sizeof(header));
  llvm::StringRef bytes = content.drop_front(sizeof(header));
  if (std::memcmp(header.magic, entryMagic, sizeof(entryMagic)) != 0 ||
      header.size != bytes.size() || header.checksum != checksumOf(header, bytes))
    return std::nullopt;
  // Marks it as used, for prune(); a read-only cache still serves.
  int descriptor = 0;
  if (!fs::openFileForReadWrite(pathOf(folder, key), descriptor, fs::CD_OpenExisting,
                                fs::OF_None)) {
    (void)fs::setLastAccessAndModificationTime(descriptor, std::chrono::system_clock::now());
    fs::file_t handle = fs::convertFDToNativeFile(descriptor);
    (void)fs::closeFile(handle);
  }
  return CachedKernel{bytes.str(), header.threadScratchBytes, header.serialScratchBytes,
                      header.multiplications};
}

void KernelCache::insert(const std::string &key, const CachedKernel &kernel) const {
  if (folder.empty() || fs::create_directories(folder))
    return;
  EntryHeader header{};
  std::memcpy(header.magic, entryMagic, sizeof(entryMagic));
  header.threadScratchBytes = kernel.threadScratchBytes;
  header.multiplications = kernel.multiplications;
  header.serialScratchBytes = kernel.serialScratchBytes;
  header.size = kernel.bytes.size();
  header.checksum = checksumOf(header, kernel.bytes);
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(&header, 1)),
                                              std::as_bytes(std::span(kernel.bytes))};
  (void)runtime::writeBytes(pathOf(folder, key), parts);
}

void KernelCache::prune() const {
  struct Entry {
    llvm::sys::TimePoint<> used;
    uint64_t size;
    std::string path;
  };
  if (folder.empty())
    return;
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; it != end && !error; it.increment(error)) {
    fs::file_status status;
    if (!isEntry(it->path()) || fs::status(it->path(), status))
      continue;
    entries.push_back({status.getLastModificationTime(), status.getSize(), it->path()});
    total += status.getSize();
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return a.used < b.used; });
  for (const Entry &entry : entries) {
    if (total <= limitBytes)
      return;
    total -= entry.size;
    (void)fs::remove(entry.path);
  }
}

std::string contentKey(std::initializer_list<llvm::StringRef> texts) {
  llvm::SHA256 hash;
  for (llvm::StringRef text : texts) {
    // The length keeps neighbours apart.
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  }
  return llvm::toHex(hash.final(), /*LowerCase=*/true).substr(0, 32);
}

std::string buildIdentity() {
  // The linker's build id of this program: a hash of all that it contains.
  static const std::string identity = [] {
    std::string found;
    dl_iterate_phdr(
        [](dl_phdr_info *info, size_t, void *out) {
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            if (info->dlpi_phdr[i].p_type != PT_NOTE)
              continue;
            // Addresses are numbers there. NOLINTBEGIN(performance-no-int-to-ptr)
            const char *at =
                reinterpret_cast<const char *>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            // NOLINTEND(performance-no-int-to-ptr)
            const char *end = at + info->dlpi_phdr[i].p_memsz;
            while (at + sizeof(ElfW(Nhdr)) <= end) {
              ElfW(Nhdr) note;
              std::memcpy(&note, at, sizeof(note));
              const char *name = at + sizeof(note), *value = name + (note.n_namesz + 3) / 4 * 4;
              if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
                  std::memcmp(name, "GNU", 4) == 0)
                *static_cast<std::string *>(out) =
                    llvm::toHex(llvm::StringRef(value, note.n_descsz), true);
              at = value + (note.n_descsz + 3) / 4 * 4;
            }
          }
          return 1; // The first object is the program itself.
        },
        &found);
    return found;
  }();
  return identity;
}

} // namespace quern::codegen
