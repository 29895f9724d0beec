// What a model tells of itself without being run.
#include "runtime/DType.h"
#include "runtime/ImageView.h"

namespace quern::runtime {

namespace {

/// Checks the model's image; on failure the thread's error says why.
quern_status open(const quern_model *model, ImageView &view) {
  Error &error = threadError();
  error.clear();
  return openModel(model, view, error);
}

quern_status describe(const quern_model *model, bool isInput, size_t index, quern_tensor *tensor) {
  ImageView view;
  if (quern_status status = open(model, view); status != QUERN_OK)
    return status;
  auto tensors = isInput ? view.inputs() : view.outputs();
  if (index >= tensors.size())
    return threadError().set(QUERN_INVALID_ARGUMENT, "there is no %s %zu: the model has %zu",
                             isInput ? "input" : "output", index, tensors.size());
  if (!tensor)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the tensor to fill in is null");
  const TensorEntry &entry = tensors[index];
  *tensor = {view.text(entry.name), entry.shape, tensorBytes(entry),
             static_cast<quern_dtype>(entry.dtype), entry.rank};
  return QUERN_OK;
}

} // namespace
} // namespace quern::runtime

using namespace quern::runtime;

const char *quern_model_name(const quern_model *model) {
  ImageView view;
  return open(model, view) == QUERN_OK ? view.text(view.header().name) : nullptr;
}

const char *quern_model_target(const quern_model *model) {
  ImageView view;
  return open(model, view) == QUERN_OK ? view.text(view.header().target) : nullptr;
}

size_t quern_input_count(const quern_model *model) {
  ImageView view;
  return open(model, view) == QUERN_OK ? view.inputs().size() : 0;
}

size_t quern_output_count(const quern_model *model) {
  ImageView view;
  return open(model, view) == QUERN_OK ? view.outputs().size() : 0;
}

quern_status quern_input(const quern_model *model, size_t index, quern_tensor *tensor) {
  return describe(model, true, index, tensor);
}

quern_status quern_output(const quern_model *model, size_t index, quern_tensor *tensor) {
  return describe(model, false, index, tensor);
}

size_t quern_dtype_bytes(quern_dtype dtype) { return dtypeBytes(dtype); }
const char *quern_dtype_name(quern_dtype dtype) { return dtypeName(dtype); }
