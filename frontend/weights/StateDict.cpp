#include "frontend/weights/StateDict.h"

#include "runtime/DType.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstring>
#include <optional>

namespace quern::frontend::weights {

namespace {

using Kind = PickleValue::Kind;

constexpr size_t largestRank = 64;
constexpr int deepestNesting = 4;

template <typename... Args> Failure fail(fmt::format_string<Args...> format, Args &&...args) {
  return {fmt::format(format, std::forward<Args>(args)...)};
}

std::optional<quern_dtype> storageDType(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, quern_dtype>, 10> types = {
      {{"FloatStorage", QUERN_F32},
       {"HalfStorage", QUERN_F16},
       {"BFloat16Storage", QUERN_BF16},
       {"DoubleStorage", QUERN_F64},
       {"LongStorage", QUERN_I64},
       {"IntStorage", QUERN_I32},
       {"ShortStorage", QUERN_I16},
       {"CharStorage", QUERN_I8},
       {"ByteStorage", QUERN_U8},
       {"BoolStorage", QUERN_BOOL}}};
  for (const auto &[name, dtype] : types)
    if (name == type)
      return dtype;
  return std::nullopt;
}

bool hasTensors(const PickleValue &dict) {
  for (size_t i = 1; i < dict.items.size(); i += 2)
    if (dict.items[i]->is(Kind::Tensor))
      return true;
  return false;
}

const PickleValue *lookUp(const PickleValue &dict, std::string_view key) {
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2)
    if (dict.items[i]->is(Kind::Text) && dict.items[i]->text == key)
      return dict.items[i + 1];
  return nullptr;
}

// The dictionary of tensors in `value`, searched under the names that training scripts use; `path`
// tells where it was.
const PickleValue *findStateDict(const PickleValue &value, std::vector<std::string> &path) {
  constexpr std::array<std::string_view, 8> usualKeys = {
      "state_dict", "model_state_dict", "model", "module", "net", "network", "params", "weights"};
  if (!value.is(Kind::Dict))
    return nullptr;
  if (hasTensors(value))
    return &value;
  if (path.size() == deepestNesting)
    return nullptr;
  for (std::string_view key : usualKeys) {
    const PickleValue *inner = lookUp(value, key);
    if (!inner)
      continue;
    path.emplace_back(key);
    if (const PickleValue *found = findStateDict(*inner, path))
      return found;
    path.pop_back();
  }
  return nullptr;
}

Failure noTensors(const PickleValue &root) {
  if (!root.is(Kind::Dict))
    return fail("it holds {}, not a dictionary of tensors", kindName(root.kind));
  constexpr size_t mostShown = 8;
  std::vector<std::string> keys;
  for (size_t i = 0; i < root.items.size() && keys.size() < mostShown; i += 2)
    if (root.items[i]->is(Kind::Text))
      keys.push_back(fmt::format("{:?}", root.items[i]->text));
  return fail("it holds no dictionary of tensors, neither as a whole nor under a usual name such "
              "as \"state_dict\"; its keys: {}{}",
              fmt::join(keys, ", "), root.items.size() / 2 > mostShown ? ", …" : "");
}

// The sizes in a tuple of integers, none negative.
std::optional<std::vector<int64_t>> readSizes(const PickleValue &tuple) {
  if ((!tuple.is(Kind::Tuple) && !tuple.is(Kind::List)) || tuple.items.size() > largestRank)
    return std::nullopt;
  std::vector<int64_t> sizes;
  for (const PickleValue *item : tuple.items) {
    if (!item->is(Kind::Integer) || item->integer < 0)
      return std::nullopt;
    sizes.push_back(item->integer);
  }
  return sizes;
}

// A tensor as torch describes it: a strided view of a storage, in elements.
struct StridedView {
  Blob storage;
  quern_dtype dtype = QUERN_F32;
  int64_t offset = 0;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;

  // One more than the last element it touches, counted from the storage's start; nothing if that
  // overflows.
  std::optional<int64_t> end() const {
    int64_t last = offset;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      int64_t step = 0;
      if (shape[axis] == 0)
        return offset;
      if (__builtin_mul_overflow(shape[axis] - 1, strides[axis], &step) ||
          __builtin_add_overflow(last, step, &last))
        return std::nullopt;
    }
    int64_t end = 0;
    return __builtin_add_overflow(last, 1, &end) ? std::nullopt : std::optional(end);
  }

  bool isContiguous() const {
    int64_t expected = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (shape[axis] != 1 && strides[axis] != expected)
        return false;
      expected *= shape[axis];
    }
    return true;
  }
};

// Copies the elements along the last axis, the others counted through like an odometer.
template <size_t elementSize>
void copyStrided(const StridedView &view, std::span<std::byte> target) {
  const size_t rank = view.shape.size();
  const int64_t innerSize = view.shape[rank - 1];
  const size_t innerStride = static_cast<size_t>(view.strides[rank - 1]) * elementSize;
  std::vector<int64_t> index(rank, 0);
  int64_t row = view.offset;
  for (std::byte *out = target.data(); out != target.data() + target.size();) {
    const std::byte *in = view.storage.bytes.data() + static_cast<size_t>(row) * elementSize;
    for (int64_t i = 0; i < innerSize; ++i, out += elementSize)
      std::memcpy(out, in + static_cast<size_t>(i) * innerStride, elementSize);
    for (size_t axis = rank - 1; axis-- > 0;) {
      row += view.strides[axis];
      if (++index[axis] < view.shape[axis])
        break;
      row -= view.strides[axis] * view.shape[axis];
      index[axis] = 0;
    }
  }
}

void copyStrided(const StridedView &view, std::span<std::byte> target) {
  switch (runtime::dtypeBytes(view.dtype)) {
  case 1:
    return copyStrided<1>(view, target);
  case 2:
    return copyStrided<2>(view, target);
  case 4:
    return copyStrided<4>(view, target);
  default:
    return copyStrided<8>(view, target);
  }
}

class TensorReader {
public:
  TensorReader(const StorageLookup &storageLookup, size_t copyLimit)
      : lookup(storageLookup), copyBudget(copyLimit) {}

  // `tensor`: (storage, offset, size, stride, requires_grad, backward_hooks[, metadata])
  Result<Weight> read(std::string name, const PickleValue &tensor);

private:
  Result<StridedView> readView(const PickleValue &tensor);

  const StorageLookup &lookup;
  size_t copyBudget;
};

Result<StridedView> TensorReader::readView(const PickleValue &tensor) {
  const auto &arguments = tensor.items;
  if (arguments.size() < 4 || !arguments[0]->is(Kind::Storage) || !arguments[1]->is(Kind::Integer))
    return fail("it is not described by a storage, an offset, a size and strides");
  auto shape = readSizes(*arguments[2]);
  auto strides = readSizes(*arguments[3]);
  if (!shape || !strides || shape->size() != strides->size())
    return fail(
        "its size and strides are not two tuples of as many numbers, none negative, at most {}",
        largestRank);

  Result<StorageId> id = readStorageId(*arguments[0]);
  if (!id)
    return id.failure();
  Result<Blob> storage = lookup(*id);
  if (!storage)
    return storage.failure();
  const size_t element = runtime::dtypeBytes(id->dtype);
  StridedView view{storage->slice(static_cast<size_t>(id->viewOffset) * element,
                                  static_cast<size_t>(id->viewElements) * element),
                   id->dtype, arguments[1]->integer, std::move(*shape), std::move(*strides)};

  const std::optional<int64_t> end = view.end();
  if (view.offset < 0 || !end || *end > id->viewElements)
    return fail("size {}, strides {} and offset {} reach beyond its storage of {} elements",
                runtime::shapeText(view.shape), runtime::shapeText(view.strides), view.offset,
                id->viewElements);
  return view;
}

Result<Weight> TensorReader::read(std::string name, const PickleValue &tensor) {
  Result<StridedView> view = readView(tensor);
  if (!view)
    return fail("tensor {:?}: {}", name, view.error());
  const Result<uint64_t> bytes = runtime::arrayBytes(view->dtype, view->shape);
  if (!bytes || *bytes > view->storage.bytes.size())
    return fail(
        "tensor {:?}: size {} has more elements than its storage; save a contiguous copy of it",
        name, runtime::shapeText(view->shape));

  if (*bytes == 0 || view->isContiguous()) {
    const size_t start =
        *bytes == 0 ? 0 : static_cast<size_t>(view->offset) * runtime::dtypeBytes(view->dtype);
    return Weight{std::move(name), view->dtype, std::move(view->shape),
                  view->storage.slice(start, *bytes)};
  }
  if (*bytes > copyBudget)
    return fail("tensor {:?}: the strided views of this file are larger than its storages", name);
  copyBudget -= *bytes;
  NewBlob copy = allocateBlob(*bytes);
  copyStrided(*view, copy.writable);
  return Weight{std::move(name), view->dtype, std::move(view->shape), std::move(copy.blob)};
}

} // namespace

Result<StorageId> readStorageId(const PickleValue &value) {
  const auto &items = value.items;
  const bool legacy = items.size() == 6; // its last item: None, or (key, offset, size) of a view
  if ((items.size() != 5 && !legacy) || !items[0]->is(Kind::Text) || items[0]->text != "storage" ||
      !items[1]->is(Kind::Global) || !items[2]->is(Kind::Text) || !items[4]->is(Kind::Integer))
    return fail("a persistent id does not describe a storage");
  const std::optional<quern_dtype> dtype = storageDType(items[1]->text);
  if (!dtype)
    return fail("storages of the type torch.{} are not supported", items[1]->text);

  const int64_t mostElements = int64_t{1} << 59;
  StorageId id{*dtype, items[2]->text, items[4]->integer, 0, items[4]->integer};
  if (id.elements < 0 || id.elements > mostElements)
    return fail("storage {:?} claims {} elements", id.key, id.elements);
  if (!legacy || items[5]->is(Kind::None))
    return id;

  const auto &view = items[5]->items;
  if (!items[5]->is(Kind::Tuple) || view.size() != 3 || !view[1]->is(Kind::Integer) ||
      !view[2]->is(Kind::Integer))
    return fail("storage {:?}: its view is not a key, an offset and a size", id.key);
  id.viewOffset = view[1]->integer;
  id.viewElements = view[2]->integer;
  if (id.viewOffset < 0 || id.viewElements < 0 || id.viewOffset > id.elements ||
      id.viewElements > id.elements - id.viewOffset)
    return fail("storage {:?}: a view of {} elements from {} is not within its {}", id.key,
                id.viewElements, id.viewOffset, id.elements);
  return id;
}

Result<WeightStore> readStateDict(const PickleValue &root, const StorageLookup &lookup,
                                  size_t copyLimit) {
  std::vector<std::string> path;
  const PickleValue *dict = findStateDict(root, path);
  if (!dict)
    return noTensors(root);

  WeightStore store;
  if (!path.empty())
    store.notes.push_back(fmt::format("took the tensors under \"{}\"", fmt::join(path, ".")));
  TensorReader reader(lookup, copyLimit);
  for (size_t i = 0; i + 1 < dict->items.size(); i += 2) {
    const PickleValue &key = *dict->items[i];
    const PickleValue &value = *dict->items[i + 1];
    if (!value.is(Kind::Tensor)) {
      if (key.is(Kind::Text))
        store.notes.push_back(fmt::format("left out {:?}, {}", key.text, kindName(value.kind)));
      continue;
    }
    if (!key.is(Kind::Text))
      return fail("a tensor is named by {}", kindName(key.kind));
    Result<Weight> weight = reader.read(std::string(key.text), value);
    if (!weight)
      return weight.failure();
    if (Status error = store.add(std::move(*weight)); !error)
      return error.failure();
  }
  return store;
}

} // namespace quern::frontend::weights
