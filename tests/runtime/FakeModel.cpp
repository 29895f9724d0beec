#include "tests/runtime/FakeModel.h"

using quern::runtime::abi::Buffer;

extern "C" {
int halide_do_par_for(void *userContext, quern::runtime::abi::Task task, int min, int size,
                      uint8_t *closure);
void *halide_malloc(void *userContext, size_t size);
void halide_free(void *userContext, void *block);
void halide_error(void *userContext, const char *message);
}

namespace quern::tests {

FakeBehaviour fakeBehaviour;

namespace {

struct Doubling {
  const float *from;
  float *to;
};

/// Doubles 8 numbers by way of scratch.
int doubleSome(void *userContext, int index, uint8_t *closure) {
  auto *work = reinterpret_cast<Doubling *>(closure);
  auto *scratch = static_cast<float *>(halide_malloc(userContext, fakeBehaviour.taskScratch));
  for (int i = 0; i < 8; ++i)
    scratch[i] = work->from[index * 8 + i];
  for (int i = 0; i < 8; ++i)
    work->to[index * 8 + i] = 2 * scratch[i];
  halide_free(userContext, scratch);
  return 0;
}

int doubleAll(void *userContext, Buffer *from, Buffer *to) {
  Doubling work{reinterpret_cast<const float *>(from->host), reinterpret_cast<float *>(to->host)};
  int count = from->dim[0].extent / 8;
  int code =
      halide_do_par_for(userContext, doubleSome, 0, count, reinterpret_cast<uint8_t *>(&work));
  if (fakeBehaviour.code)
    halide_error(userContext, "the fake kernel fails\n");
  return code ? code : fakeBehaviour.code;
}

int addWeights(void *userContext, Buffer *from, Buffer *weights, Buffer *to) {
  void *scratch = nullptr;
  if (fakeBehaviour.serialScratch)
    scratch = halide_malloc(userContext, fakeBehaviour.serialScratch);
  for (int i = 0; i < from->dim[0].extent; ++i)
    reinterpret_cast<float *>(to->host)[i] = reinterpret_cast<const float *>(from->host)[i] +
                                             reinterpret_cast<const float *>(weights->host)[i];
  if (scratch)
    halide_free(userContext, scratch);
  return 0;
}

int32_t run(quern_context *context, halide_buffer_t *table) {
  auto *buffers = reinterpret_cast<Buffer *>(table);
  if (int code = doubleAll(context, &buffers[0], &buffers[1]))
    return code;
  return addWeights(context, &buffers[1], &buffers[2], &buffers[3]);
}

int32_t runProfiled(quern_context *context, halide_buffer_t *table) {
  auto *buffers = reinterpret_cast<Buffer *>(table);
  quern_profile_begin(context, 0);
  int code = doubleAll(context, &buffers[0], &buffers[1]);
  quern_profile_end(context, 0);
  if (code)
    return code;
  quern_profile_begin(context, 1);
  code = addWeights(context, &buffers[1], &buffers[2], &buffers[3]);
  quern_profile_end(context, 1);
  return code;
}

} // namespace

FakeModel::FakeModel(std::string_view weightsFile) {
  for (int i = 0; i < size; ++i)
    weights[i] = static_cast<float>(i);
  runtime::ImageHeader &header = image.header;
  header.name = image.string("fake");
  header.target = image.string("host");
  header.producer = image.string("a test");
  header.weightsFile = image.string(weightsFile);
  header.stepless = image.string("");
  header.identity = 42;
  header.arenaBytes = size * sizeof(float);
  header.weightsBytes = size * sizeof(float);
  header.threadScratchBytes = runtime::scratchBytesOf(256);
  image.inputs.push_back(image.tensor("x", QUERN_F32, {1, size}));
  image.outputs.push_back(image.tensor("y", QUERN_F32, {1, size}));
  using runtime::Space;
  for (Space space : {Space::input, Space::arena, Space::weights, Space::output})
    image.buffers.push_back(ImageBuilder::buffer(space, 0, 0, {size, 1}));
  image.steps.push_back({image.string("double"), image.string("fake_double"),
                         image.string("fake.qn:2:7"), size, 2 * size * sizeof(float)});
  image.steps.push_back({image.string("add"), image.string("fake_add"), image.string(""), size,
                         3 * size * sizeof(float)});
  rebuild();
}

void FakeModel::rebuild() {
  words = image.build();
  bool isEmbedded = image.header.weightsFile.length == 0;
  model = {QUERN_ABI_VERSION,
           0,
           words.data(),
           words.size() * 8,
           run,
           runProfiled,
           isEmbedded ? weights : nullptr,
           isEmbedded ? size * sizeof(float) : 0,
           nullptr,
           nullptr};
}

} // namespace quern::tests
