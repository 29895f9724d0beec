// Zip archives, as .npz files and torch checkpoints are: stored and deflated members, zip64.
// Format: PKWARE's APPNOTE.TXT 6.3.
#pragma once

#include "runtime/formats/Npy.h"

namespace quern::runtime {

/// One member, as the central directory has it, checked against the archive's size.
struct ZipEntry {
  std::string name;
  uint64_t compressedBytes;
  uint64_t bytes;
  /// Of the member's (compressed) data in the archive.
  uint64_t dataOffset;
  uint32_t crc;
  bool deflated;
};

/// A view of an archive that lies in memory, usually in a MappedFile, which must outlive it.
class ZipArchive {
public:
  /// Checks the whole directory. Refuses what only a hostile or damaged archive has: members that
  /// overlap or reach outside, sizes that deflate cannot yield, the same name twice, absolute
  /// names, "..", control characters; and what we do not read: encryption, other compression
  /// methods, archives in several parts.
  static Result<ZipArchive> open(std::span<const std::byte> archive, std::string_view name);

  const std::vector<ZipEntry> &entries() const { return members; }
  const ZipEntry *find(std::string_view name) const;
  /// The member's bytes, decompressed where needed, checked against its CRC-32.
  Result<std::vector<std::byte>> read(const ZipEntry &entry) const;
  /// The bytes in place of a member that is not deflated, checked like those of read().
  Result<std::span<const std::byte>> stored(const ZipEntry &entry) const;

private:
  std::span<const std::byte> dataOf(const ZipEntry &entry) const;
  Status check(const ZipEntry &entry, std::span<const std::byte> bytes) const;

  std::span<const std::byte> archive;
  std::string label;
  std::vector<ZipEntry> members;
};

struct NamedArray {
  std::string name;
  Array array;
};

/// All arrays of an .npz, without the ".npy" of their names.
Result<std::vector<NamedArray>> readNpz(const std::string &path);

/// Writes arrays as an uncompressed .npz, atomically, 64-byte aligned. Fails from 4 GiB on.
Status writeNpz(const std::string &path, std::span<const std::pair<std::string, ArrayView>> arrays);

} // namespace quern::runtime
