#include "runtime/Binding.h"

#include "runtime/DType.h"

#include <algorithm>
#include <tuple>

namespace quern::runtime {

namespace {

/// What fits the first-level cache beside what is being computed with.
constexpr uint64_t mostAhead = 4096;

/// From a buffer's first byte to its last.
uint64_t bytesOf(const BufferEntry &buffer) {
  uint64_t last = 0;
  for (int axis = 0; axis < buffer.rank; ++axis)
    last += static_cast<uint64_t>(buffer.axes[axis].extent - 1) *
            static_cast<uint64_t>(buffer.axes[axis].stride);
  return (last + 1) * dtypeBytes(static_cast<quern_dtype>(buffer.dtype));
}

/// Notes what to fetch for `binding`, the last of its program's from `first` on. Of a slot and its
/// parts, which are buffers too, it is the least part that kernels read.
void lookAhead(const ImageView &image, quern_binding *first, quern_binding *binding) {
  const StateEntry &state = image.states()[binding->state];
  if (!state.isConstant || binding->isFixed)
    return;
  uint64_t bytes = std::min(bytesOf(image.buffers()[binding->buffer]), mostAhead);
  quern_binding *known = std::find_if(first, binding, [&](const quern_binding &other) {
    return other.state == binding->state && other.bytesAhead > 0;
  });
  known->bytesAhead = known == binding ? bytes : std::min(known->bytesAhead, bytes);
  known->toNext = state.strides[image.sequence()->axes - 1] * state.slotBytes;
}

} // namespace

void bindStates(const ImageView &image, quern_binding *bindings, uint64_t *firstBinding) {
  uint64_t next = 0;
  for (uint64_t i = 0; i < image.programs().size(); ++i) {
    const ProgramEntry &program = image.programs()[i];
    firstBinding[i] = next;
    for (uint64_t j = program.firstBuffer; j < program.firstBuffer + program.bufferCount; ++j) {
      const BufferEntry &buffer = image.buffers()[j];
      if (buffer.space != Space::state)
        continue;
      bindings[next] = {j, buffer.io, buffer.isFixed != 0, static_cast<int64_t>(buffer.byteOffset),
                        0, 0};
      lookAhead(image, bindings + firstBinding[i], bindings + next);
      ++next;
    }
    std::sort(bindings + firstBinding[i], bindings + next,
              [](const quern_binding &a, const quern_binding &b) {
                return std::tie(a.state, a.isFixed, a.buffer) <
                       std::tie(b.state, b.isFixed, b.buffer);
              });
  }
  firstBinding[image.programs().size()] = next;
}

} // namespace quern::runtime
