#include "frontend/weights/NpzWeights.h"

#include "frontend/weights/ZipMember.h"

#include <fmt/format.h>

namespace quern::frontend::weights {

Result<WeightStore> readNpzWeights(const Blob &file, const runtime::ZipArchive &archive) {
  constexpr std::string_view suffix = ".npy";
  WeightStore store;
  store.format = "npz";
  for (const runtime::ZipEntry &entry : archive.entries()) {
    if (!entry.name.ends_with(suffix))
      return Failure{fmt::format("it is neither a checkpoint nor an .npz: the member {:?} is no "
                                 "array",
                                 entry.name)};
    const Result<Blob> member = zipMember(file, archive, entry);
    if (!member)
      return member.failure();
    const Result<runtime::ArrayView> array = runtime::parseNpy(member->bytes, entry.name);
    if (!array)
      return array.failure();
    Weight weight{entry.name.substr(0, entry.name.size() - suffix.size()), array->dtype,
                  array->shape, Blob{array->data, member->owner}};
    if (Status added = store.add(std::move(weight)); !added)
      return added.failure();
  }
  return store;
}

} // namespace quern::frontend::weights
