#include "runtime/Sequence.h"

#include "runtime/DType.h"
#include "runtime/Distribution.h"
#include "runtime/ElementCheck.h"

#include <cstdlib>
#include <cstring>
#include <new>

using namespace quern::runtime;

unsigned char *quern_sequence::inputSlot(uint64_t at) const {
  return state.slot(order().inputState, placeOf(order(), at));
}

unsigned char *quern_sequence::outputSlot(uint64_t at) const {
  return state.slot(order().outputState, placeOf(order(), at));
}

namespace quern::runtime {

namespace {

/// Whether a program runs at a position, which is at `place`: at the first of its box, or at the
/// last, in its phase.
bool isDue(const SequenceEntry &order, const ProgramEntry &program, uint64_t position,
           const Place &place) {
  if (position < program.from || position >= program.until)
    return false;
  for (uint32_t axis = 0; axis < program.level; ++axis)
    if (program.periods[axis] > 1 && place.at[axis] % program.periods[axis] != program.phases[axis])
      return false;
  for (uint32_t axis = program.level; axis < order.axes; ++axis)
    if (place.at[axis] != (program.isAfter ? order.extents[axis] - 1 : 0))
      return false;
  return true;
}

/// Lets the second-level cache fetch what will be read soon, or lies behind the end and never is.
void fetchAhead(const unsigned char *bytes, uint64_t size) {
  constexpr uint64_t line = 64;
  for (uint64_t i = 0; i < size; i += line)
    __builtin_prefetch(bytes + i, /*rw=*/0, /*locality=*/2);
}

/// Runs a program for the box that begins where `place` is along its first axes.
quern_status runProgram(quern_sequence &sequence, uint64_t number, Place place) {
  const ProgramEntry &program = sequence.image().programs()[number];
  for (uint32_t axis = program.level; axis < maxOrderedAxes; ++axis)
    place.at[axis] = 0;
  abi::Buffer *buffers = sequence.context->buffers;
  const quern_binding *before = nullptr;
  unsigned char *slot = nullptr;
  for (uint64_t i = sequence.firstBinding[number]; i < sequence.firstBinding[number + 1]; ++i) {
    const quern_binding &binding = sequence.bindings[i];
    if (!before || !isSameSlot(*before, binding))
      slot = binding.isFixed ? sequence.state.firstSlot(binding.state)
                             : sequence.state.slot(binding.state, place);
    buffers[binding.buffer].host = slot + binding.byteOffset;
    fetchAhead(slot + binding.byteOffset + binding.toNext, binding.bytesAhead);
    before = &binding;
  }
  const quern_program &drivers = sequence.context->model->programs[number];
  return runDriver(*sequence.context,
                   sequence.context->profiles ? drivers.runProfiled : drivers.run);
}

quern_status runStart(quern_sequence &sequence) {
  auto programs = sequence.image().programs();
  for (uint64_t i = 0; i < programs.size(); ++i)
    if (programs[i].level == 0)
      if (quern_status status = runProgram(sequence, i, {}); status != QUERN_OK)
        return status;
  return QUERN_OK;
}

/// What becomes computable when position `known` is known, which may lie behind the `end`.
quern_status runAfter(quern_sequence &sequence, uint64_t known, uint64_t end) {
  const SequenceEntry &order = sequence.order();
  auto programs = sequence.image().programs();
  Place place = placeOf(order, known);
  uint64_t lag = 0;
  for (uint64_t i = 0; i < programs.size(); ++i) {
    const ProgramEntry &program = programs[i];
    if (!program.isAfter || known < program.lag || known - program.lag >= end)
      continue;
    if (program.lag != lag)
      place = placeOf(order, known - program.lag);
    lag = program.lag;
    if (isDue(order, program, known - lag, place))
      if (quern_status status = runProgram(sequence, i, place); status != QUERN_OK)
        return status;
  }
  return QUERN_OK;
}

} // namespace

quern_status predict(quern_sequence &sequence) {
  const SequenceEntry &order = sequence.order();
  if (sequence.isPredicted || sequence.position == positionsOf(order))
    return QUERN_OK;
  Place place = placeOf(order, sequence.position);
  sequence.state.reach(place);
  auto programs = sequence.image().programs();
  for (uint64_t i = 0; i < programs.size(); ++i)
    if (!programs[i].isAfter && programs[i].level > 0 &&
        isDue(order, programs[i], sequence.position, place))
      if (quern_status status = runProgram(sequence, i, place); status != QUERN_OK)
        return status;
  sequence.isPredicted = true;
  return QUERN_OK;
}

quern_status absorb(quern_sequence &sequence) {
  quern_status status = runAfter(sequence, sequence.position, positionsOf(sequence.order()));
  if (status == QUERN_OK) {
    ++sequence.position;
    sequence.isPredicted = false;
  }
  return status;
}

quern_status findPrediction(quern_sequence &sequence, const unsigned char *&output) {
  const SequenceEntry &order = sequence.order();
  if (order.lag > 0)
    return sequence.error().set(
        QUERN_INVALID_ARGUMENT, "the model looks %llu position%s ahead: it predicts nothing",
        static_cast<unsigned long long>(order.lag), order.lag == 1 ? "" : "s");
  if (order.isStrict) {
    if (sequence.position == positionsOf(order))
      return sequence.error().set(QUERN_INVALID_ARGUMENT, "the sequence is complete");
    if (quern_status status = predict(sequence); status != QUERN_OK)
      return status;
    output = sequence.outputSlot(sequence.position);
    return QUERN_OK;
  }
  if (sequence.position == 0)
    return sequence.error().set(QUERN_INVALID_ARGUMENT,
                                "the model predicts what follows an element: give it the first");
  output = sequence.outputSlot(sequence.position - 1);
  return QUERN_OK;
}

namespace {

/// As many as a slot of the output has where they are to be drawn from and are no f32.
uint64_t parametersToCopy(const ImageView &image) {
  const SequenceEntry &order = *image.sequence();
  auto type = static_cast<quern_dtype>(image.outputs()[order.output].dtype);
  bool isDrawnFrom = order.distribution != DistributionKind::none && type != QUERN_F32;
  return isDrawnFrom ? image.states()[order.outputState].slotBytes / dtypeBytes(type) : 0;
}

/// Cuts the arrays of a sequence out of a block behind it.
struct SequenceBlock {
  uint64_t states, bindings, firstBindings, ranks, weights, parameters, bytes;

  explicit SequenceBlock(const ImageView &image) {
    uint64_t bound = 0;
    for (const ProgramEntry &program : image.programs())
      for (const BufferEntry &buffer :
           image.buffers().subspan(program.firstBuffer, program.bufferCount))
        bound += buffer.space == Space::state;
    states = sizeof(quern_sequence);
    bindings = states + image.states().size() * sizeof(StateMemory);
    firstBindings = bindings + bound * sizeof(quern_binding);
    ranks = firstBindings + (image.programs().size() + 1) * sizeof(uint64_t);
    weights = ranks + roomOf(*image.sequence()) * sizeof(uint32_t);
    parameters = weights + roomOf(*image.sequence()) * sizeof(float);
    bytes = parameters + parametersToCopy(image) * sizeof(float);
  }
};

/// A sequence with zeroed states, or null with the error set.
quern_sequence *newSequence(quern_context &context) {
  SequenceBlock layout(context.image);
  auto *block = static_cast<unsigned char *>(std::malloc(layout.bytes));
  if (!block) {
    context.error.set(QUERN_OUT_OF_MEMORY, "cannot reserve memory for a sequence");
    return nullptr;
  }
  auto *sequence = new (block) quern_sequence();
  sequence->context = &context;
  uint64_t bytes = SequenceState::bytesOf(context.image.states());
  if (!sequence->arena.reserve(bytes)) {
    context.error.set(QUERN_OUT_OF_MEMORY, "cannot reserve %llu MiB for a sequence",
                      static_cast<unsigned long long>(bytes >> 20));
    std::free(block);
    return nullptr;
  }
  sequence->state.open(context.image, reinterpret_cast<StateMemory *>(block + layout.states),
                       sequence->arena.base, context.weights.data);
  sequence->bindings = reinterpret_cast<quern_binding *>(block + layout.bindings);
  sequence->firstBinding = reinterpret_cast<uint64_t *>(block + layout.firstBindings);
  sequence->room = {reinterpret_cast<uint32_t *>(block + layout.ranks),
                    reinterpret_cast<float *>(block + layout.weights)};
  sequence->parameters = reinterpret_cast<float *>(block + layout.parameters);
  bindStates(context.image, sequence->bindings, sequence->firstBinding);
  return sequence;
}

/// Copies the inputs that are not generated into their states.
quern_status takeInputs(quern_sequence &sequence, const void *const *inputs) {
  const ImageView &image = sequence.image();
  for (uint64_t i = 0; i < image.inputs().size(); ++i) {
    int32_t state = image.inputStates()[i];
    if (i == sequence.order().input || state < 0)
      continue;
    if (!inputs || !inputs[i])
      return sequence.error().set(QUERN_INVALID_ARGUMENT, "input %llu (%s) is null",
                                  static_cast<unsigned long long>(i),
                                  image.text(image.inputs()[i].name));
    if (quern_status status = checkCondition(sequence, i, inputs[i]); status != QUERN_OK)
      return status;
    std::memcpy(sequence.state.firstSlot(static_cast<uint64_t>(state)), inputs[i],
                tensorBytes(image.inputs()[i]));
  }
  return QUERN_OK;
}

/// The positions from 0 on whose outputs are there when `known` elements are and more are to come.
uint64_t dueAt(const SequenceEntry &order, uint64_t known) {
  return known > order.lag ? known - order.lag : 0;
}

/// Writes the outputs of the positions [done, due), and moves on behind them.
void giveOutputs(const quern_sequence &sequence, uint64_t done, uint64_t due,
                 unsigned char *&outputs) {
  uint64_t bytes = sequence.image().states()[sequence.order().outputState].slotBytes;
  for (; outputs && done < due; ++done, outputs += bytes)
    std::memcpy(outputs, sequence.outputSlot(done), bytes);
}

/// What is still to be computed behind the sequence's position if no other element comes. What lies
/// there is as behind the last position: nobody has written it, so it is zero.
quern_status finish(quern_sequence &sequence, unsigned char *outputs) {
  const SequenceEntry &order = sequence.order();
  uint64_t end = sequence.position;
  for (uint64_t known = end; known < end + order.lag; ++known) {
    if (quern_status status = runAfter(sequence, known, end); status != QUERN_OK)
      return status;
    giveOutputs(sequence, dueAt(order, known), dueAt(order, known + 1), outputs);
  }
  return QUERN_OK;
}

} // namespace
} // namespace quern::runtime

quern_status quern_model_order(const quern_model *model, quern_order *order) {
  Error &error = threadError();
  error.clear();
  ImageView image;
  if (quern_status status = openModel(model, image, error); status != QUERN_OK)
    return status;
  if (!order)
    return error.set(QUERN_INVALID_ARGUMENT, "the order to fill in is null");
  const SequenceEntry *entry = image.sequence();
  if (!entry)
    return error.set(QUERN_INVALID_ARGUMENT, "the model %s has no step programs",
                     image.text(image.header().name));
  *order = {entry->input,
            entry->output,
            positionsOf(*entry),
            image.states()[entry->inputState].slotBytes,
            image.states()[entry->outputState].slotBytes,
            entry->lag,
            entry->isStrict != 0};
  return QUERN_OK;
}

uint64_t quern_position_place(const quern_model *model, uint64_t position) {
  Error &error = threadError();
  error.clear();
  ImageView image;
  if (openModel(model, image, error) != QUERN_OK || !image.sequence() ||
      position >= positionsOf(*image.sequence()))
    return UINT64_MAX;
  return image.places().empty() ? position : image.places()[position];
}

quern_status quern_sequence_create(quern_context *context, const void *const *inputs,
                                   quern_sequence **result) {
  if (!context)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the context is null");
  context->error.clear();
  if (!result)
    return context->error.set(QUERN_INVALID_ARGUMENT, "there is no place for the sequence");
  *result = nullptr;
  if (!context->image.sequence())
    return context->error.set(QUERN_INVALID_ARGUMENT, "the model %s has no step programs",
                              context->image.text(context->image.header().name));
  quern_sequence *sequence = newSequence(*context);
  if (!sequence)
    return QUERN_OUT_OF_MEMORY;
  quern_status status = takeInputs(*sequence, inputs);
  if (status == QUERN_OK)
    status = runStart(*sequence);
  if (status != QUERN_OK) {
    quern_sequence_destroy(sequence);
    return status;
  }
  *result = sequence;
  return QUERN_OK;
}

void quern_sequence_destroy(quern_sequence *sequence) {
  if (!sequence)
    return;
  sequence->arena.release();
  std::free(sequence);
}

uint64_t quern_sequence_position(const quern_sequence *sequence) {
  return sequence ? sequence->position : 0;
}

quern_status quern_advance(quern_sequence *sequence, uint64_t from, uint64_t to,
                           const void *elements, void *outputs) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  Error &error = sequence->error();
  error.clear();
  const SequenceEntry &order = sequence->order();
  if (from != sequence->position || to < from || to > positionsOf(order))
    return error.set(QUERN_INVALID_ARGUMENT,
                     "cannot advance from position %llu to %llu: the sequence is at %llu of %llu",
                     static_cast<unsigned long long>(from), static_cast<unsigned long long>(to),
                     static_cast<unsigned long long>(sequence->position),
                     static_cast<unsigned long long>(positionsOf(order)));
  if (!elements && to > from)
    return error.set(QUERN_INVALID_ARGUMENT, "the elements are null");
  auto *given = static_cast<const unsigned char *>(elements);
  quern_status status = checkElements(*sequence, from, to, given);
  uint64_t bytes = sequence->image().states()[order.inputState].slotBytes;
  auto *taken = static_cast<unsigned char *>(outputs);
  for (uint64_t at = from; status == QUERN_OK && at < to; ++at, given += bytes) {
    status = predict(*sequence);
    if (status != QUERN_OK)
      break;
    std::memcpy(sequence->inputSlot(at), given, bytes);
    status = absorb(*sequence);
    if (status == QUERN_OK)
      giveOutputs(*sequence, dueAt(order, at), dueAt(order, at + 1), taken);
  }
  bool isComplete = to > from && to == positionsOf(order);
  return status == QUERN_OK && isComplete ? finish(*sequence, taken) : status;
}

quern_status quern_flush(quern_sequence *sequence, void *outputs) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  sequence->error().clear();
  if (!outputs)
    return sequence->error().set(QUERN_INVALID_ARGUMENT, "the outputs are null");
  // Behind the last position quern_advance has given all.
  if (sequence->position == positionsOf(sequence->order()))
    return QUERN_OK;
  return finish(*sequence, static_cast<unsigned char *>(outputs));
}

quern_status quern_predict(quern_sequence *sequence, void *output) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  sequence->error().clear();
  if (!output)
    return sequence->error().set(QUERN_INVALID_ARGUMENT, "the output is null");
  const unsigned char *slot = nullptr;
  quern_status status = findPrediction(*sequence, slot);
  if (status == QUERN_OK)
    std::memcpy(output, slot, sequence->image().states()[sequence->order().outputState].slotBytes);
  return status;
}

quern_status quern_sequence_fork(const quern_sequence *sequence, quern_sequence **fork) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  sequence->error().clear();
  if (!fork)
    return sequence->error().set(QUERN_INVALID_ARGUMENT, "there is no place for the sequence");
  *fork = newSequence(*sequence->context);
  if (!*fork)
    return QUERN_OUT_OF_MEMORY;
  copyState(*sequence, **fork);
  return QUERN_OK;
}
