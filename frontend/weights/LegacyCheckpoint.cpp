#include "frontend/weights/Pickle.h"
#include "frontend/weights/StateDict.h"
#include "frontend/weights/TorchCheckpoint.h"

#include "llvm/Support/Endian.h"

#include <fmt/format.h>

#include <unordered_map>

namespace quern::frontend::weights {

namespace {

using Kind = PickleValue::Kind;

// 0x1950a86a20f9469cfc6c, as a pickle's LONG1 holds it.
constexpr std::string_view magicNumber("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t protocolVersion = 1001;

Failure fail(std::string text) { return {std::move(text)}; }

// The three pickles before the state dict.
Status checkPreamble(std::span<const std::byte> bytes, size_t &offset) {
  Result<Pickle> magic = readPickle(bytes, offset);
  if (!magic || !magic->root->is(Kind::BigInteger) || magic->root->text != magicNumber) {
    // The pickle's own error matters where it names what was refused.
    const std::string detail = magic ? "" : fmt::format(" ({})", magic.error());
    return fail("it is a pickle, but not a checkpoint of torch" + detail);
  }

  Result<Pickle> protocol = readPickle(bytes, offset);
  if (!protocol)
    return protocol.failure();
  if (!protocol->root->is(Kind::Integer) || protocol->root->integer != protocolVersion)
    return fail(fmt::format("it is a checkpoint of another protocol than {}", protocolVersion));

  Result<Pickle> facts = readPickle(bytes, offset);
  if (!facts)
    return facts.failure();
  const PickleValue *littleEndian = nullptr;
  if (facts->root->is(Kind::Dict))
    for (size_t i = 0; i + 1 < facts->root->items.size(); i += 2)
      if (facts->root->items[i]->is(Kind::Text) && facts->root->items[i]->text == "little_endian")
        littleEndian = facts->root->items[i + 1];
  if (!littleEndian || !littleEndian->is(Kind::Bool))
    return fail("it does not say in which byte order it was written");
  if (!littleEndian->integer)
    return fail("it was written on a big-endian machine, which is not supported");
  return runtime::success();
}

using Storages = std::unordered_map<std::string_view, StorageId>;

// The storages that the state dict names, by key.
Result<Storages> namedStorages(const Pickle &stateDict) {
  Storages named;
  for (const PickleValue *value : stateDict.storages) {
    Result<StorageId> id = readStorageId(*value);
    if (!id)
      return id.failure();
    const StorageId &first = named.emplace(id->key, *id).first->second;
    if (first.dtype != id->dtype || first.elements != id->elements)
      return fail(fmt::format("storage {:?} is described in two ways", id->key));
  }
  return named;
}

} // namespace

bool looksLikeLegacyCheckpoint(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x80} && bytes[1] <= std::byte{5};
}

Result<WeightStore> readLegacyCheckpoint(const Blob &file) {
  size_t offset = 0;
  if (Status error = checkPreamble(file.bytes, offset); !error)
    return error.failure();
  Result<Pickle> stateDict = readPickle(file.bytes, offset);
  if (!stateDict)
    return stateDict.failure();
  Result<Pickle> keys = readPickle(file.bytes, offset);
  if (!keys)
    return keys.failure();
  Result<Storages> named = namedStorages(*stateDict);
  if (!named)
    return named.failure();

  if (!keys->root->is(Kind::List))
    return fail(fmt::format("its storages' keys are {}, not a list", kindName(keys->root->kind)));
  std::unordered_map<std::string_view, Blob> storages;
  for (const PickleValue *key : keys->root->items) {
    const auto found = key->is(Kind::Text) ? named->find(key->text) : named->end();
    if (found == named->end())
      return fail(fmt::format("its list of storages has {}, which no tensor uses",
                              key->is(Kind::Text) ? fmt::format("{:?}", key->text)
                                                  : std::string(kindName(key->kind))));
    const StorageId &id = found->second;
    if (file.bytes.size() - offset < sizeof(int64_t))
      return fail(fmt::format("it is cut short before storage {:?}", id.key));
    const auto elements =
        llvm::support::endian::read<int64_t, llvm::endianness::little>(file.bytes.data() + offset);
    offset += sizeof(int64_t);
    if (elements != id.elements)
      return fail(fmt::format("storage {:?} has {} elements, though {} were announced", id.key,
                              elements, id.elements));
    if (file.bytes.size() - offset < id.bytes())
      return fail(fmt::format("it is cut short within storage {:?}", id.key));
    if (!storages.emplace(id.key, file.slice(offset, id.bytes())).second)
      return fail(fmt::format("storage {:?} comes twice", id.key));
    offset += id.bytes();
  }
  if (offset != file.bytes.size())
    return fail(
        fmt::format("{} bytes behind the last storage belong to none", file.bytes.size() - offset));

  const StorageLookup lookup = [&](const StorageId &id) -> Result<Blob> {
    const auto found = storages.find(id.key);
    if (found == storages.end())
      return fail(fmt::format("storage {:?} is not in the file", id.key));
    return found->second;
  };
  Result<WeightStore> store = readStateDict(*stateDict->root, lookup, file.bytes.size());
  if (store)
    store->format = "torch (legacy)";
  return store;
}

} // namespace quern::frontend::weights
