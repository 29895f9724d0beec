#include "frontend/weights/ElementTypes.h"
#include "frontend/weights/Safetensors.h"
#include "runtime/formats/File.h"

#include "llvm/Support/Endian.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <tuple>

namespace quern::frontend::weights {

namespace {

constexpr size_t dataAlignment = 64;

// By falling element size, so that no tensor needs a gap before it, then by name.
std::vector<const Weight *> inFileOrder(std::span<const Weight> weights) {
  std::vector<const Weight *> ordered;
  for (const Weight &weight : weights)
    ordered.push_back(&weight);
  std::sort(ordered.begin(), ordered.end(), [](const Weight *a, const Weight *b) {
    const size_t sizeA = runtime::dtypeBytes(a->dtype);
    const size_t sizeB = runtime::dtypeBytes(b->dtype);
    return std::tie(sizeB, a->name) < std::tie(sizeA, b->name);
  });
  return ordered;
}

} // namespace

Status writeSafetensors(std::span<const Weight> weights,
                        const std::map<std::string, std::string> &metadata,
                        const std::string &path) {
  const std::vector<const Weight *> ordered = inFileOrder(weights);

  std::vector<std::string> fields;
  if (!metadata.empty())
    fields.push_back(fmt::format(R"("__metadata__":{})", nlohmann::json(metadata).dump()));
  size_t offset = 0;
  for (const Weight *weight : ordered) {
    if (weight->name == "__metadata__")
      return Failure{fmt::format("{}: cannot write: safetensors keeps the name {:?} for itself",
                                 path, weight->name)};
    const size_t end = offset + weight->data.bytes.size();
    fields.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                                 nlohmann::json(weight->name).dump(),
                                 safetensorsName(weight->dtype), fmt::join(weight->shape, ","),
                                 offset, end));
    offset = end;
  }

  // The format asks for spaces as padding of the header.
  std::string text = fmt::format("{{{}}}", fmt::join(fields, ","));
  const size_t lengthBytes = sizeof(uint64_t);
  text.append((dataAlignment - (lengthBytes + text.size()) % dataAlignment) % dataAlignment, ' ');
  std::array<std::byte, lengthBytes> length;
  llvm::support::endian::write<uint64_t, llvm::endianness::little>(length.data(), text.size());

  std::vector<std::span<const std::byte>> pieces = {length, std::as_bytes(std::span(text))};
  for (const Weight *weight : ordered)
    pieces.push_back(weight->data.bytes);
  return runtime::writeBytes(path, pieces);
}

} // namespace quern::frontend::weights
