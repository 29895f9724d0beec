// Drawing the next elements of a sequence.
#include "runtime/DType.h"
#include "runtime/Distribution.h"
#include "runtime/Element.h"
#include "runtime/Sequence.h"

#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>

namespace quern::runtime {

namespace {

/// Copies what the caller's version of the structure has over the defaults.
quern_status readChoice(const quern_sequence &sequence, const quern_sample_options *given,
                        quern_sample_options &options) {
  options = QUERN_SAMPLE_OPTIONS_DEFAULT;
  given = given ? given : &options;
  Error &error = sequence.error();
  if (given->struct_size < offsetof(quern_sample_options, top_p) ||
      given->struct_size > sizeof(quern_sample_options))
    return error.set(QUERN_INVALID_ARGUMENT,
                     "options.struct_size is %u; start from QUERN_SAMPLE_OPTIONS_DEFAULT",
                     given->struct_size);
  std::memmove(&options, given, given->struct_size);
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature))
    return error.set(QUERN_INVALID_ARGUMENT, "the temperature is %g; it must be 0 or more",
                     options.temperature);
  if (!(options.top_p > 0 && options.top_p <= 1))
    return error.set(QUERN_INVALID_ARGUMENT, "top_p is %g; it must lie in (0, 1]", options.top_p);
  DistributionKind kind = sequence.order().distribution;
  if (kind == DistributionKind::none)
    return error.set(QUERN_INVALID_ARGUMENT,
                     "the model's output is no distribution that could be drawn from");
  if (kind != DistributionKind::categorical && (options.top_k != 0 || options.top_p < 1))
    return error.set(QUERN_INVALID_ARGUMENT,
                     "top_k and top_p are for models with a categorical distribution");
  return QUERN_OK;
}

/// The parameters in a slot of the output: where they lie, or a copy where they are no f32.
std::span<const float> parametersIn(const quern_sequence &sequence, const unsigned char *output) {
  const ImageView &image = sequence.image();
  auto type = static_cast<quern_dtype>(image.outputs()[sequence.order().output].dtype);
  uint64_t bytes = dtypeBytes(type);
  uint64_t count = image.states()[sequence.order().outputState].slotBytes / bytes;
  if (type == QUERN_F32)
    return {reinterpret_cast<const float *>(output), count};
  for (uint64_t i = 0; i < count; ++i)
    sequence.parameters[i] =
        static_cast<float>(numberAt(type, reinterpret_cast<const std::byte *>(output + i * bytes)));
  return {sequence.parameters, count};
}

bool holdsNan(std::span<const float> parameters) {
  bool found = false;
  for (float parameter : parameters)
    found |= std::isnan(parameter);
  return found;
}

/// Draws all elements of the slot at the sequence's position.
void drawSlot(quern_sequence &sequence, const quern_sample_options &options,
              std::span<const float> parameters) {
  const SequenceEntry &order = sequence.order();
  auto type = static_cast<quern_dtype>(sequence.image().inputs()[order.input].dtype);
  SampleChoice choice{options.temperature, options.top_k, options.top_p};
  uint64_t block = order.parameters * order.parameterStride;
  uint64_t blocks = parameters.size() / block;
  uint64_t channels = elementsOf(order);
  auto *elements = reinterpret_cast<std::byte *>(sequence.inputSlot(sequence.position));
  for (uint64_t row = 0; row < blocks * order.parameterStride; ++row) {
    uint64_t outer = row / order.parameterStride, inner = row % order.parameterStride;
    double drawn[3];
    draw(order, choice, parameters.data() + outer * block + inner,
         Draws(options.seed, sequence.position, static_cast<uint32_t>(row)), sequence.room, drawn);
    for (uint64_t channel = 0; channel < channels; ++channel) {
      uint64_t element = (outer * channels + channel) * order.parameterStride + inner;
      putNumber(type, isFloat(type) ? valueOfLevel(order, drawn[channel]) : drawn[channel],
                elements + element * dtypeBytes(type));
    }
  }
}

} // namespace
} // namespace quern::runtime

using namespace quern::runtime;

quern_status quern_sample(quern_sequence *sequence, uint64_t count,
                          const quern_sample_options *given, void *elements) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  Error &error = sequence->error();
  error.clear();
  const SequenceEntry &order = sequence->order();
  quern_sample_options options;
  if (quern_status status = readChoice(*sequence, given, options); status != QUERN_OK)
    return status;
  if (count > positionsOf(order) - sequence->position)
    return error.set(QUERN_INVALID_ARGUMENT,
                     "cannot draw %llu element%s: the sequence is at %llu of %llu positions",
                     static_cast<unsigned long long>(count), count == 1 ? "" : "s",
                     static_cast<unsigned long long>(sequence->position),
                     static_cast<unsigned long long>(positionsOf(order)));
  uint64_t bytes = sequence->image().states()[order.inputState].slotBytes;
  auto *out = static_cast<unsigned char *>(elements);
  for (uint64_t i = 0; i < count; ++i) {
    const unsigned char *output = nullptr;
    // First, since it may move the state.
    quern_status status = predict(*sequence);
    if (status == QUERN_OK)
      status = findPrediction(*sequence, output);
    if (status != QUERN_OK)
      return status;
    std::span<const float> parameters = parametersIn(*sequence, output);
    if (holdsNan(parameters))
      return error.set(QUERN_INVALID_ARGUMENT,
                       "there is nothing to draw position %llu from: the model's output is no "
                       "number, as an input or a weight is none",
                       static_cast<unsigned long long>(sequence->position));
    drawSlot(*sequence, options, parameters);
    if (out)
      std::memcpy(out + i * bytes, sequence->inputSlot(sequence->position), bytes);
    status = absorb(*sequence);
    if (status != QUERN_OK)
      return status;
  }
  return QUERN_OK;
}
