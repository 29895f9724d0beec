#include "runtime/Weights.h"

#include "runtime/Processor.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace quern::runtime {

namespace {

/// Replaces what follows the last slash of `file` by `name` and says whether such a file can be
/// read.
bool readableBeside(char (&file)[PATH_MAX], const char *name) {
  char *slash = std::strrchr(file, '/');
  if (!slash)
    return false;
  auto room = static_cast<size_t>(file + sizeof file - slash - 1);
  int length = std::snprintf(slash + 1, room, "%s", name);
  return length >= 0 && static_cast<size_t>(length) < room && access(file, R_OK) == 0;
}

/// The side file `name` beside the shared library or program that holds `image`; else `name`
/// itself, as seen from the current folder. Where there is neither, `path` is where it should
/// have been.
bool locate(const char *name, const void *image, char (&path)[PATH_MAX]) {
  bool isRelative = name[0] != '/';
  if (isRelative) {
    Dl_info holder;
    if (dladdr(image, &holder) && holder.dli_fname) {
      std::snprintf(path, sizeof path, "%s", holder.dli_fname);
      if (readableBeside(path, name))
        return true;
    }
    // A program that was found on the PATH does not know its own folder from its name.
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    if (readableBeside(path, name))
      return true;
  }
  bool isHere = access(name, R_OK) == 0;
  if (isHere || !isRelative)
    std::snprintf(path, sizeof path, "%s", name);
  return isHere;
}

/// Below, the address cache holds the small pages of all weights together.
constexpr uint64_t leastCopied = uint64_t{4} << 20;
/// The part of the memory that copies may take.
constexpr uint64_t copiedPart = 8;

} // namespace

quern_status Weights::open(const quern_model &model, const ImageView &image,
                           const quern_options &options, Error &error) {
  quern_status status = find(model, image, options.weights_path, error);
  uint64_t bytes = image.header().weightsBytes;
  bool isRead = image.header().device == DeviceKind::none;
  if (status == QUERN_OK && isRead && !options.share_weights && bytes >= leastCopied &&
      bytes <= availableMemory() / copiedPart)
    copy(bytes);
  return status;
}

/// Leaves the weights where they are when the system has no memory for a copy.
void Weights::copy(uint64_t bytes) {
  if (!pages.reserve(bytes + tailPadding))
    return;
  std::memcpy(pages.base, data, bytes);
  data = pages.base;
  unmap();
}

quern_status Weights::find(const quern_model &model, const ImageView &image, const char *path,
                           Error &error) {
  uint64_t expected = image.header().weightsBytes;
  if (expected == 0 || model.weights) {
    if (path)
      return error.set(QUERN_INVALID_ARGUMENT, "%s: the model needs no weights file", path);
    if (expected && (model.weightsSize != expected ||
                     reinterpret_cast<uintptr_t>(model.weights) % bufferAlignment != 0))
      return error.set(QUERN_BAD_MODEL, "the embedded weights have the wrong size or alignment");
    data = static_cast<const unsigned char *>(model.weights);
    return QUERN_OK;
  }
  if (path)
    return map(path, image, error);
  char found[PATH_MAX];
  const char *name = image.text(image.header().weightsFile);
  if (!locate(name, model.image, found))
    return error.set(
        QUERN_WEIGHTS_UNREADABLE,
        "no readable weights file %s, nor one in the current folder; keep it beside the binary, "
        "or say where it is",
        found);
  return map(found, image, error);
}

quern_status Weights::map(const char *path, const ImageView &image, Error &error) {
  int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return error.set(QUERN_WEIGHTS_UNREADABLE, "cannot open the weights file %s: %s", path,
                     std::strerror(errno));
  WeightsFileHeader header{};
  struct stat info{};
  ssize_t got = fstat(file, &info) == 0 && S_ISREG(info.st_mode)
                    ? pread(file, &header, sizeof header, 0)
                    : -1;
  quern_status status = QUERN_OK;
  if (got != sizeof header || std::memcmp(header.magic, weightsMagic, sizeof weightsMagic) != 0)
    status = error.set(QUERN_WEIGHTS_UNREADABLE, "%s is not a weights file of ours", path);
  else if (header.version != weightsVersion)
    status = error.set(QUERN_WEIGHTS_UNREADABLE, "%s has version %u, this runtime reads %u", path,
                       header.version, weightsVersion);
  else if (header.identity != image.header().identity ||
           header.dataBytes != image.header().weightsBytes)
    status = error.set(QUERN_WEIGHTS_MISMATCH,
                       "%s belongs to another model, or to another compilation of this one", path);
  else if (header.dataOffset == 0 || header.dataOffset % weightsDataAlignment != 0 ||
           static_cast<uint64_t>(info.st_size) < header.dataOffset + header.dataBytes + tailPadding)
    status = error.set(QUERN_WEIGHTS_UNREADABLE, "%s is truncated or damaged", path);
  if (status == QUERN_OK) {
    mappedBytes = static_cast<uint64_t>(info.st_size);
    mapping = mmap(nullptr, mappedBytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapping == MAP_FAILED) {
      mapping = nullptr;
      status = error.set(QUERN_WEIGHTS_UNREADABLE, "cannot map %s: %s", path, std::strerror(errno));
    } else {
      madvise(mapping, mappedBytes, MADV_WILLNEED);
      data = static_cast<const unsigned char *>(mapping) + header.dataOffset;
    }
  }
  ::close(file);
  return status;
}

void Weights::unmap() {
  if (mapping)
    munmap(mapping, mappedBytes);
  mapping = nullptr;
}

void Weights::close() {
  unmap();
  pages.release();
  data = nullptr;
}

} // namespace quern::runtime
