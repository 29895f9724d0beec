#include "frontend/weights/WeightStore.h"

#include "runtime/DType.h"

#include "llvm/Support/ConvertUTF.h"

#include <fmt/format.h>

#include <cstring>

namespace quern::frontend::weights {

NewBlob allocateBlob(size_t size) {
  std::shared_ptr<std::byte[]> memory = std::make_shared_for_overwrite<std::byte[]>(size);
  const std::span<std::byte> bytes(memory.get(), size);
  return {bytes, {bytes, std::move(memory)}};
}

int64_t Weight::elementCount() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

Weight alignedWeight(const Weight &weight) {
  const auto address = reinterpret_cast<uintptr_t>(weight.data.bytes.data());
  if (address % runtime::dtypeBytes(weight.dtype) == 0)
    return weight;
  const auto [writable, blob] = allocateBlob(weight.data.bytes.size());
  std::memcpy(writable.data(), weight.data.bytes.data(), writable.size());
  return {weight.name, weight.dtype, weight.shape, blob};
}

Status WeightStore::add(Weight weight) {
  const auto *text = reinterpret_cast<const llvm::UTF8 *>(weight.name.data());
  if (weight.name.empty() || !llvm::isLegalUTF8String(&text, text + weight.name.size()))
    return Failure{fmt::format("the tensor name {:?} is {}", weight.name,
                               weight.name.empty() ? "empty" : "not UTF-8")};
  const Result<uint64_t> bytes = runtime::arrayBytes(weight.dtype, weight.shape);
  if (!bytes || *bytes != weight.data.bytes.size())
    return Failure{fmt::format("tensor {:?}: {} {} does not fill its {} bytes", weight.name,
                               runtime::dtypeName(weight.dtype), runtime::shapeText(weight.shape),
                               weight.data.bytes.size())};
  if (!positions.emplace(weight.name, entries.size()).second)
    return Failure{fmt::format("two tensors are named {:?}", weight.name)};
  entries.push_back(std::move(weight));
  return runtime::success();
}

const Weight *WeightStore::find(std::string_view name) const {
  const auto found = positions.find(std::string(name));
  return found == positions.end() ? nullptr : &entries[found->second];
}

} // namespace quern::frontend::weights
