#include "runtime/main/ArrayFile.h"

#include "runtime/formats/File.h"
#include "runtime/formats/Zip.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace quern::runtime {
namespace {

constexpr std::string_view memberSuffix = ".npy";

bool startsWith(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

bool isZip(std::span<const std::byte> bytes) {
  return startsWith(bytes, "PK\x03\x04") || startsWith(bytes, "PK\x05\x06");
}

std::vector<std::string> arrayNames(const ZipArchive &archive) {
  std::vector<std::string> names;
  for (const ZipEntry &entry : archive.entries())
    if (entry.name.ends_with(memberSuffix))
      names.push_back(entry.name.substr(0, entry.name.size() - memberSuffix.size()));
  return names;
}

Failure noSuchArray(const ArrayFile &file, const std::string &wanted,
                    const std::vector<std::string> &names) {
  if (names.empty())
    return {fmt::format("{}: holds no arrays", file.path)};
  // Thousands of names help nobody.
  constexpr size_t shown = 20;
  std::span some(names.data(), std::min(names.size(), shown));
  return {fmt::format("{0}: holds no array '{1}' but {2}{3}; choose one as {0}:{4}", file.path,
                      wanted, fmt::join(some, ", "), names.size() > shown ? ", ..." : "",
                      names.front())};
}

Result<FoundArray> findInArchive(const ArrayFile &file, std::span<const std::byte> content,
                                 const std::string &wanted) {
  Result<ZipArchive> archive = ZipArchive::open(content, file.path);
  if (!archive)
    return archive.failure();
  std::vector<std::string> names = arrayNames(*archive);
  std::string chosen = file.array.empty() ? wanted : file.array;
  // What numpy.savez calls an array that is given no name.
  const std::string unnamed = "arr_0";
  if (file.array.empty() && names == std::vector{unnamed})
    chosen = unnamed;
  const ZipEntry *entry = archive->find(chosen + std::string(memberSuffix));
  if (!entry)
    return noSuchArray(file, chosen, names);
  Result<std::vector<std::byte>> member = archive->read(*entry);
  if (!member)
    return member.failure();
  Result<ArrayView> view = parseNpy(*member, fmt::format("{}:{}", file.path, chosen));
  if (!view)
    return view.failure();
  // A vector's bytes stay where they are when it is moved.
  return FoundArray{std::move(*member), *view};
}

} // namespace

ArrayFile::ArrayFile(const std::string &argument) : argument(argument), path(argument) {
  constexpr std::string_view mark = ".npz:";
  size_t at = argument.rfind(mark);
  // A file may be called so.
  if (at == std::string::npos || ::access(argument.c_str(), F_OK) == 0)
    return;
  path = argument.substr(0, at + mark.size() - 1);
  array = argument.substr(at + mark.size());
}

bool holdsArrays(std::span<const std::byte> content) {
  return startsWith(content, "\x93NUMPY") || isZip(content);
}

Result<std::vector<std::byte>> readContent(const ArrayFile &file, size_t most) {
  return readFinite(file.path, [most](std::span<const std::byte> start) {
    return holdsArrays(start) ? SIZE_MAX : most;
  });
}

std::vector<std::string> arrayNames(const ArrayFile &file) {
  if (!file.path.ends_with(".npz") || !file.array.empty())
    return {};
  Result<MappedFile> content = MappedFile::open(file.path);
  if (!content)
    return {};
  Result<ZipArchive> archive = ZipArchive::open(content->bytes(), file.path);
  return archive ? arrayNames(*archive) : std::vector<std::string>();
}

Result<FoundArray> findArray(const ArrayFile &file, std::span<const std::byte> content,
                             const std::string &wanted) {
  if (isZip(content))
    return findInArchive(file, content, wanted);
  if (!file.array.empty())
    return Failure{
        fmt::format("{}: is no .npz file, so it has no array '{}'", file.path, file.array)};
  Result<ArrayView> view = parseNpy(content, file.path);
  if (!view)
    return view.failure();
  return FoundArray{{}, *view};
}

} // namespace quern::runtime
