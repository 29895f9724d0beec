// A produced program whose model says which colour a photograph has most of: photo[N = 2, 3, 8, 8]
// -> scores[2, 3] as labels, and doubles its second input. Linked with quern_main like any compiled
// model.
#include "tests/runtime/FakeModel.h"

using namespace quern::runtime;

namespace {

constexpr int side = 8;
constexpr int batch = 2;

int32_t run(quern_context *, halide_buffer_t *table) {
  auto *buffers = reinterpret_cast<abi::Buffer *>(table);
  const auto *photo = reinterpret_cast<const float *>(buffers[0].host);
  const auto *gain = reinterpret_cast<const double *>(buffers[1].host);
  auto *scores = reinterpret_cast<float *>(buffers[2].host);
  for (int plane = 0; plane < batch * 3; ++plane) {
    double sum = 0;
    for (int i = 0; i < side * side; ++i)
      sum += photo[plane * side * side + i];
    scores[plane] = static_cast<float>(*gain * sum / (side * side));
  }
  return 0;
}

int32_t runProfiled(quern_context *context, halide_buffer_t *table) {
  quern_profile_begin(context, 0);
  int32_t code = run(context, table);
  quern_profile_end(context, 0);
  return code;
}

std::vector<uint64_t> buildImage() {
  quern::tests::ImageBuilder builder;
  builder.header.name = builder.string("colour");
  builder.header.target = builder.string("host");
  builder.header.producer = builder.string("quern test");
  builder.header.weightsFile = builder.string("");
  builder.header.stepless = builder.string("");
  builder.inputs.push_back(builder.tensor("photo", QUERN_F32, {batch, 3, side, side}));
  builder.inputs.back().adapter = AdapterKind::photo;
  builder.photos.push_back({12, side, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}});
  builder.inputs.push_back(builder.tensor("gain", QUERN_F64, {}));
  builder.outputs.push_back(builder.tensor("scores", QUERN_F32, {batch, 3}));
  builder.outputs.back().adapter = AdapterKind::labels;
  builder.labelSets.push_back({0, 3, 2, 0});
  for (const char *name : {"red", "green", "blue"})
    builder.labelNames.push_back(builder.string(name));
  using quern::tests::ImageBuilder;
  builder.buffers.push_back(ImageBuilder::buffer(Space::input, 0, 0, {side, side, 3, batch}));
  builder.buffers.push_back(ImageBuilder::buffer(Space::input, 1, 0, {}, QUERN_F64));
  builder.buffers.push_back(ImageBuilder::buffer(Space::output, 0, 0, {3, batch}));
  builder.steps.push_back({builder.string("mean 2x3"), builder.string("colour_0"),
                           builder.string("colour.qn:2:5"), 384, 1544});
  return builder.build();
}

} // namespace

extern "C" const quern_model *quern_main_model(void) {
  static const std::vector<uint64_t> image = buildImage();
  static const quern_model model = {
      QUERN_ABI_VERSION, 0, image.data(), image.size() * 8, run, runProfiled,
      nullptr,           0, nullptr,      nullptr};
  return &model;
}
