#include "tests/runtime/FakeSequence.h"

#include <algorithm>

namespace quern::tests {

ImageBuilder imageOfSequence() {
  FakeModel fake;
  ImageBuilder builder = fake.image;
  builder.inputs = {builder.tensor("x", QUERN_F32, {2, 3, 4})};
  builder.outputs = {builder.tensor("y", QUERN_F32, {2, 3, 4})};
  runtime::SequenceEntry order{};
  order.axes = 2;
  order.isStrict = 1;
  order.extents[0] = 3;
  order.extents[1] = 4;
  order.inputAxes[0] = 1;
  order.inputAxes[1] = 2;
  order.outputState = 1;
  order.distribution = runtime::DistributionKind::bernoulli;
  order.levels = 2;
  order.parameters = order.parameterStride = 1;
  order.high = 1;
  builder.sequences = {order};
  builder.states = {{8, 6, 4, 9, {5, 1}, {}, 0, 0},
                    {8, 1, 0, 9, {5, 1}, {}, 0, 0},
                    {8, 0, 0, 12, {4, 1}, {}, 1, 64}};
  for (runtime::StateEntry &state : builder.states)
    std::ranges::fill(state.rates, 1);
  builder.inputStates = {0};
  using runtime::Space;
  runtime::BufferEntry row = ImageBuilder::buffer(Space::state, 0, 0, {2, 4}),
                       left = ImageBuilder::buffer(Space::state, 0, 0, {2}),
                       out = ImageBuilder::buffer(Space::state, 1, 0, {2}),
                       all = ImageBuilder::buffer(Space::state, 0, 0, {2, 13}),
                       constant = ImageBuilder::buffer(Space::state, 2, 0, {2});
  left.byteOffset = static_cast<uint64_t>(-int64_t{8});
  all.isFixed = 1;
  builder.buffers = {row, constant, left, all, out};
  builder.programs = {{0, 1, 1, 1, 0, 0, 12, {}, {}}, {1, 4, 2, 0, 0, 0, 12, {}, {}}};
  for (runtime::ProgramEntry &program : builder.programs)
    std::ranges::fill(program.periods, 1);
  for (uint32_t place = 12; place-- > 0;)
    builder.places.push_back(place);
  return builder;
}

} // namespace quern::tests
