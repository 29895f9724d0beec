#include "frontend/weights/Load.h"

#include "frontend/weights/NpzWeights.h"
#include "frontend/weights/Safetensors.h"
#include "frontend/weights/TorchCheckpoint.h"
#include "runtime/formats/File.h"

#include <fmt/format.h>

namespace quern::frontend::weights {

namespace {

bool looksLikeZip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'};
}

} // namespace

Result<WeightStore> readWeights(const Blob &file) {
  // Safetensors first: its header's length may well begin like a pickle or an archive, which in
  // turn never have a brace as their ninth byte.
  if (looksLikeSafetensors(file.bytes))
    return readSafetensors(file);
  if (looksLikeLegacyCheckpoint(file.bytes))
    return readLegacyCheckpoint(file);
  if (!looksLikeZip(file.bytes))
    return Failure{"not a weights file: neither safetensors nor .npz nor a checkpoint of torch"};
  const Result<runtime::ZipArchive> archive = runtime::ZipArchive::open(file.bytes, "archive");
  if (!archive)
    return archive.failure();
  return looksLikeZipCheckpoint(*archive) ? readZipCheckpoint(file, *archive)
                                          : readNpzWeights(file, *archive);
}

Result<WeightStore> loadWeights(const std::string &path) {
  Result<runtime::MappedFile> mapped = runtime::MappedFile::open(path);
  if (!mapped)
    return mapped.failure();
  const auto owner = std::make_shared<const runtime::MappedFile>(std::move(*mapped));
  Result<WeightStore> store = readWeights({owner->bytes(), owner});
  if (!store)
    return Failure{fmt::format("{}: {}", path, store.error())};
  return store;
}

} // namespace quern::frontend::weights
