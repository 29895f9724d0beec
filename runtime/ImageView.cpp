#include "runtime/ImageView.h"

#include "runtime/DType.h"
#include "runtime/Distribution.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::runtime {

namespace {

// Beyond what an address space holds; keeps sums of sizes far from overflow.
constexpr uint64_t maxBytes = uint64_t{1} << 46;
// More than an input has elements.
constexpr uint64_t maxPositions = uint64_t{1} << 31;
// Slots of a state: a few for each position, where rows have halos.
constexpr uint64_t maxSlots = uint64_t{1} << 32;

bool isDType(uint8_t dtype) { return dtypeBytes(static_cast<quern_dtype>(dtype)) != 0; }

} // namespace

quern_status openModel(const quern_model *model, ImageView &view, Error &error) {
  if (!model)
    return error.set(QUERN_INVALID_ARGUMENT, "the model is null");
  if (model->abiVersion != QUERN_ABI_VERSION)
    return error.set(QUERN_BAD_MODEL,
                     "the model was compiled for ABI version %u, this runtime has %u",
                     model->abiVersion, QUERN_ABI_VERSION);
  if (const char *problem = view.open(model->image, model->imageSize))
    return error.set(QUERN_BAD_MODEL, "%s", problem);
  return QUERN_OK;
}

uint64_t tensorBytes(const TensorEntry &tensor) {
  uint64_t bytes = dtypeBytes(static_cast<quern_dtype>(tensor.dtype));
  for (int axis = 0; axis < tensor.rank; ++axis)
    bytes *= static_cast<uint64_t>(tensor.shape[axis]);
  return bytes;
}

uint64_t positionsOf(const SequenceEntry &sequence) {
  uint64_t positions = 1;
  for (uint32_t axis = 0; axis < sequence.axes; ++axis)
    positions *= sequence.extents[axis];
  return positions;
}

template <typename T> bool ImageView::holds(Section section) const {
  uint64_t size = header().imageBytes;
  return section.offset % 8 == 0 && section.offset >= sizeof(ImageHeader) &&
         section.offset <= size && section.count <= (size - section.offset) / sizeof(T);
}

bool ImageView::holds(StringRef string) const {
  uint64_t size = header().strings.count;
  if (string.offset >= size || string.length >= size - string.offset)
    return false;
  const char *start = text(string);
  return std::memchr(start, '\0', string.length + uint64_t{1}) == start + string.length;
}

const char *ImageView::open(const void *image, uint64_t size) {
  base = static_cast<const unsigned char *>(image);
  if (const char *problem = checkHeader(size))
    return problem;
  if (const char *problem = checkStrings())
    return problem;
  for (const TensorEntry &input : inputs())
    if (const char *problem = checkTensor(input, true))
      return problem;
  for (const TensorEntry &output : outputs())
    if (const char *problem = checkTensor(output, false))
      return problem;
  if (const char *problem = checkSequence())
    return problem;
  for (const BufferEntry &buffer : buffers())
    if (const char *problem = checkBuffer(buffer))
      return problem;
  for (const ProgramEntry &program : programs())
    if (const char *problem = checkProgram(program))
      return problem;
  return nullptr;
}

const char *ImageView::checkHeader(uint64_t size) const {
  if (reinterpret_cast<uintptr_t>(base) % alignof(ImageHeader) != 0)
    return "the model image is not aligned";
  if (size < sizeof(ImageHeader))
    return "the model image is truncated";
  const ImageHeader &head = header();
  if (std::memcmp(head.magic, imageMagic, sizeof imageMagic) != 0)
    return "not a model image";
  if (head.version != imageVersion || head.headerBytes != sizeof(ImageHeader))
    return "the model image has another version than this runtime";
  if (head.imageBytes != size)
    return "the model image is truncated";
  if (head.checksum != imageChecksum(base, size))
    return "the model image is damaged: its checksum differs";
  if (!holds<char>(head.strings) || !holds<TensorEntry>(head.inputs) ||
      !holds<TensorEntry>(head.outputs) || !holds<BufferEntry>(head.buffers) ||
      !holds<StepEntry>(head.steps) || !holds<PhotoAdapter>(head.photos) ||
      !holds<LabelsAdapter>(head.labelSets) || !holds<StringRef>(head.labelNames) ||
      !holds<SequenceEntry>(head.sequences) || !holds<StateEntry>(head.states) ||
      !holds<ProgramEntry>(head.programs) || !holds<int32_t>(head.inputStates) ||
      !holds<TextAdapter>(head.texts) || !holds<uint32_t>(head.places))
    return "a table of the model image lies outside it";
  if (head.arch > Arch::aarch64 || head.device > DeviceKind::opencl)
    return "the model image names an unknown machine";
  if (head.arenaBytes > maxBytes || head.threadScratchBytes > maxBytes ||
      head.serialScratchBytes > maxBytes || head.weightsBytes > maxBytes)
    return "the model image asks for too much memory";
  if (head.outputs.count == 0)
    return "the model has no output";
  return nullptr;
}

const char *ImageView::checkStrings() const {
  const ImageHeader &head = header();
  bool good = holds(head.name) && holds(head.target) && holds(head.producer) &&
              holds(head.weightsFile) && holds(head.stepless);
  for (const StepEntry &step : steps())
    good = good && holds(step.name) && holds(step.kernel) && holds(step.location);
  for (StringRef name : labelNames())
    good = good && holds(name);
  return good ? nullptr : "a name in the model image is damaged";
}

const char *ImageView::checkTensor(const TensorEntry &tensor, bool isInput) const {
  if (!holds(tensor.name))
    return "a name in the model image is damaged";
  if (!isDType(tensor.dtype) || tensor.rank > QUERN_MAX_RANK)
    return "an input or output has an unknown type";
  uint64_t bytes = dtypeBytes(static_cast<quern_dtype>(tensor.dtype));
  for (int axis = 0; axis < tensor.rank; ++axis) {
    int64_t extent = tensor.shape[axis];
    if (extent < 1 || static_cast<uint64_t>(extent) > maxBytes / bytes)
      return "an input or output has an impossible shape";
    bytes *= static_cast<uint64_t>(extent);
  }
  if (tensor.indexed > 0 && !isInput)
    return "what an input or output indexes is impossible";
  return checkAdapter(tensor, isInput);
}

const char *ImageView::checkAdapter(const TensorEntry &tensor, bool isInput) const {
  switch (tensor.adapter) {
  case AdapterKind::none:
    return nullptr;
  case AdapterKind::photo: {
    if (!isInput || tensor.adapterIndex >= photos().size())
      break;
    const PhotoAdapter &photo = photos()[tensor.adapterIndex];
    bool good = tensor.dtype == QUERN_F32 && tensor.rank == 4 && tensor.shape[1] == 3 &&
                tensor.shape[2] == photo.crop && tensor.shape[3] == photo.crop && photo.crop >= 1 &&
                photo.crop <= photo.resize && photo.resize <= 1 << 14;
    for (int channel = 0; channel < 3; ++channel)
      good = good && std::isfinite(photo.mean[channel]) && std::isnormal(photo.std[channel]);
    return good ? nullptr : "the photo adapter of an input is impossible";
  }
  case AdapterKind::labels: {
    if (isInput || tensor.adapterIndex >= labelSets().size())
      break;
    const LabelsAdapter &labels = labelSets()[tensor.adapterIndex];
    uint64_t known = labelNames().size();
    bool good = isFloat(static_cast<quern_dtype>(tensor.dtype)) && tensor.rank >= 1 &&
                labels.firstName <= known && labels.nameCount <= known - labels.firstName &&
                labels.nameCount == static_cast<uint64_t>(tensor.shape[tensor.rank - 1]) &&
                labels.top >= 1 && labels.top <= labels.nameCount && labels.isProbability <= 1;
    return good ? nullptr : "the labels adapter of an output is impossible";
  }
  case AdapterKind::text: {
    if (!isInput || tensor.adapterIndex >= texts().size())
      break;
    const TextAdapter &text = texts()[tensor.adapterIndex];
    uint64_t known = labelNames().size();
    bool good = (tensor.dtype == QUERN_I32 || tensor.dtype == QUERN_I64) && text.symbolCount >= 2 &&
                text.firstSymbol <= known && text.symbolCount <= known - text.firstSymbol;
    for (uint64_t i = 0; good && i < text.symbolCount; ++i)
      good = labelNames()[text.firstSymbol + i].length > 0;
    return good ? nullptr : "the text adapter of an input is impossible";
  }
  }
  return "the model image names an unknown adapter";
}

/// Whether `bytes` from where the buffer begins lie within what is kept, wherever the position.
static const char *checkBound(const StateEntry &state, const BufferEntry &buffer, uint64_t bytes) {
  auto offset = static_cast<int64_t>(buffer.byteOffset);
  auto slot = static_cast<int64_t>(state.slotBytes);
  auto first = buffer.isFixed ? int64_t{0} : -static_cast<int64_t>(state.before) * slot;
  auto end = static_cast<int64_t>(state.after + (buffer.isFixed ? state.room : 1)) * slot;
  bool good = offset >= first && offset <= end && static_cast<int64_t>(bytes) <= end - offset;
  return good ? nullptr : "a buffer reaches beyond its state";
}

/// How many slots lie between those of two positions that differ along the axes from `first` on.
static uint64_t slotsAlong(const SequenceEntry &order, const StateEntry &state, uint32_t first) {
  uint64_t slots = 0;
  for (uint32_t axis = first; axis < order.axes; ++axis)
    slots += (order.extents[axis] - 1) / state.rates[axis] * state.strides[axis];
  return slots;
}

/// Whether memory is too short for all positions, so that what is still read has to move.
static bool moves(const SequenceEntry &order, const StateEntry &state) {
  return state.room <= slotsAlong(order, state, 0) || order.lag > 0;
}

/// The first axis along which the position that a program counts slots from may lie behind the one
/// for which memory was moved: its box begins there, or a grid's row has several rows of positions.
static uint32_t firstBehind(const SequenceEntry &order, const StateEntry &state,
                            const ProgramEntry &program) {
  uint32_t first = program.isAfter ? program.level : order.axes;
  for (uint32_t axis = 0; axis + 1 < first; ++axis)
    if (state.rates[axis] > 1)
      return axis + 1;
  return first;
}

const char *ImageView::checkProgram(const ProgramEntry &program) const {
  const SequenceEntry *order = sequence();
  bool good = order && program.level <= order->axes && program.isAfter <= 1 &&
              program.lag <= order->lag && program.from < program.until &&
              program.until <= positionsOf(*order) && program.firstBuffer <= buffers().size() &&
              program.bufferCount <= buffers().size() - program.firstBuffer;
  for (int axis = 0; axis < maxOrderedAxes; ++axis)
    good = good && program.phases[axis] < program.periods[axis];
  if (!good)
    return "a step program in the model image is impossible";
  for (const BufferEntry &buffer : buffers().subspan(program.firstBuffer, program.bufferCount)) {
    if (buffer.space != Space::state || buffer.isFixed)
      continue;
    // Its box began before the position for which memory was last moved.
    const StateEntry &state = states()[buffer.io];
    uint64_t back = program.lag * state.strides[0];
    if (moves(*order, state))
      back += slotsAlong(*order, state, firstBehind(*order, state, program));
    auto slot = static_cast<int64_t>(state.slotBytes);
    if (back > state.before + maxBytes / state.slotBytes ||
        static_cast<int64_t>(buffer.byteOffset) <
            (static_cast<int64_t>(back) - static_cast<int64_t>(state.before)) * slot)
      return "a buffer reaches beyond its state";
  }
  return nullptr;
}

/// Slots never go back from one position to the next, and the output's are there until asked for.
bool ImageView::checkStates(const SequenceEntry &order) const {
  bool good = order.lag == 0 || order.axes == 1;
  for (const StateEntry &state : states())
    for (uint32_t axis = 0; good && axis < order.axes && moves(order, state); ++axis)
      good = state.strides[axis] >= slotsAlong(order, state, axis + 1);
  for (const StateEntry &state : states())
    good = good && !(state.isConstant && moves(order, state));
  const StateEntry &input = states()[order.inputState], &output = states()[order.outputState];
  good = good && !input.isConstant && !output.isConstant;
  for (int axis = 0; axis < maxOrderedAxes; ++axis)
    good = good && input.rates[axis] == 1 && output.rates[axis] == 1;
  uint64_t step = 0;
  for (uint64_t stride : output.strides)
    step = std::max(step, stride);
  uint64_t kept = order.lag * output.strides[0] + (order.isStrict ? 0 : step);
  return good && (!moves(order, output) || output.before >= kept);
}

/// A constant state lies within the weights, and needs no slots but those.
bool ImageView::checkConstant(const StateEntry &state) const {
  if (!state.isConstant)
    return state.weightsOffset == 0;
  uint64_t weights = header().weightsBytes;
  return state.isConstant == 1 && state.before == 0 && state.after == 0 &&
         state.weightsOffset <= weights &&
         state.slotBytes * state.room <= weights - state.weightsOffset;
}

const char *ImageView::checkSequence() const {
  if (header().sequences.count > 1 ||
      (header().sequences.count == 0) != (header().programs.count == 0))
    return "the model image has step programs without an order, or more than one";
  const SequenceEntry *order = sequence();
  if (!order)
    return header().states.count == 0 && header().places.count == 0
               ? nullptr
               : "the model image has states or places without an order";
  uint64_t total = 0;
  for (const StateEntry &state : states()) {
    bool good = state.slotBytes >= 1 && state.before <= maxSlots && state.after <= maxSlots &&
                state.room >= 1 && state.room <= maxSlots;
    for (int axis = 0; axis < maxOrderedAxes; ++axis)
      good = good && state.strides[axis] <= maxSlots && state.rates[axis] >= 1 &&
             state.rates[axis] <= maxPositions;
    uint64_t slots = state.before + state.room + state.after;
    if (!good || state.slotBytes > maxBytes / slots ||
        (total += state.slotBytes * slots) > maxBytes || !checkConstant(state))
      return "a state in the model image is impossible";
  }
  bool good = order->axes >= 1 && order->axes <= maxOrderedAxes && order->isStrict <= 1 &&
              order->input < inputs().size() && order->output < outputs().size() &&
              order->inputState < states().size() && order->outputState < states().size() &&
              inputStates().size() == inputs().size() && order->lag <= maxPositions &&
              order->distribution <= DistributionKind::gaussianMixture;
  for (uint32_t axis = 0; good && axis < order->axes; ++axis)
    good = order->inputAxes[axis] < inputs()[order->input].rank &&
           static_cast<uint64_t>(inputs()[order->input].shape[order->inputAxes[axis]]) ==
               order->extents[axis];
  for (int axis = 0; axis < maxOrderedAxes; ++axis)
    good = good && (order->extents[axis] >= 1) == (axis < static_cast<int>(order->axes)) &&
           order->extents[axis] <= maxPositions;
  for (size_t i = 0; good && i < inputStates().size(); ++i) {
    int64_t state = inputStates()[i];
    good = state < static_cast<int64_t>(states().size());
    // What is kept of an input that is not generated is all of it.
    if (good && state >= 0 && i != order->input)
      good = states()[static_cast<size_t>(state)].slotBytes == tensorBytes(inputs()[i]) &&
             !states()[static_cast<size_t>(state)].isConstant;
  }
  if (!good)
    return "the order in the model image is impossible";
  uint64_t positions = 1;
  for (uint32_t axis = 0; axis < order->axes; ++axis)
    if (positions > maxPositions / order->extents[axis])
      return "the order in the model image has too many positions";
    else
      positions *= order->extents[axis];
  good = states()[order->inputState].slotBytes == tensorBytes(inputs()[order->input]) / positions &&
         (places().empty() || places().size() == positions);
  for (uint32_t place : places())
    good = good && place < positions;
  good = good && checkStates(*order);
  return good && checkDistribution(*order) ? nullptr : "the order in the model image is impossible";
}

/// The parameters divide an output's slot, and give a distribution for every element of an input's.
bool ImageView::checkDistribution(const SequenceEntry &order) const {
  if (order.distribution == DistributionKind::none)
    return true;
  const TensorEntry &input = inputs()[order.input];
  if (input.adapter == AdapterKind::text && order.levels > texts()[input.adapterIndex].symbolCount)
    return false;
  auto type = static_cast<quern_dtype>(input.dtype),
       given = static_cast<quern_dtype>(outputs()[order.output].dtype);
  uint64_t parameters = states()[order.outputState].slotBytes / dtypeBytes(given);
  uint64_t elements = states()[order.inputState].slotBytes / dtypeBytes(type);
  bool hasLevel = isFloat(type) || (order.levels > 0 && holdsInteger(type, order.levels - 1));
  return isFloat(given) && hasLevel && distributionFits(order, parameters, elements);
}

const char *ImageView::checkBuffer(const BufferEntry &buffer) const {
  if (!isDType(buffer.dtype) || buffer.rank > QUERN_MAX_RANK)
    return "a buffer has an unknown type";
  uint64_t room = 0;
  switch (buffer.space) {
  case Space::arena:
    room = header().arenaBytes;
    break;
  case Space::weights:
    room = header().weightsBytes;
    break;
  case Space::input:
  case Space::output: {
    auto tensors = buffer.space == Space::input ? inputs() : outputs();
    if (buffer.io >= tensors.size())
      return "a buffer belongs to an unknown input or output";
    room = tensorBytes(tensors[buffer.io]);
    break;
  }
  case Space::state:
    if (buffer.io >= states().size() || buffer.isFixed > 1)
      return "a buffer belongs to an unknown state";
    break;
  default:
    return "a buffer lies in an unknown space";
  }
  uint64_t element = dtypeBytes(static_cast<quern_dtype>(buffer.dtype));
  uint64_t last = 0;
  for (int axis = 0; axis < buffer.rank; ++axis) {
    auto [extent, stride] = buffer.axes[axis];
    if (extent < 1 || stride < 0)
      return "a buffer has an impossible shape";
    last += static_cast<uint64_t>(extent - 1) * static_cast<uint64_t>(stride);
    if (last > maxBytes)
      return "a buffer has an impossible shape";
  }
  if (buffer.space == Space::state)
    return checkBound(states()[buffer.io], buffer, (last + 1) * element);
  if (buffer.byteOffset % element != 0 || buffer.byteOffset > room ||
      (last + 1) * element > room - buffer.byteOffset)
    return "a buffer reaches beyond its space";
  return nullptr;
}

} // namespace quern::runtime
