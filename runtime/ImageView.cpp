#include "runtime/ImageView.h"

#include "runtime/DType.h"

#include <cmath>
#include <cstring>

namespace quern::runtime {

namespace {

// Beyond what an address space holds; keeps sums of sizes far from overflow.
constexpr uint64_t maxBytes = uint64_t{1} << 46;

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
  for (const BufferEntry &buffer : buffers())
    if (const char *problem = checkBuffer(buffer))
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
      !holds<LabelsAdapter>(head.labelSets) || !holds<StringRef>(head.labelNames))
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
  bool good =
      holds(head.name) && holds(head.target) && holds(head.producer) && holds(head.weightsFile);
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
    bool good = tensor.dtype == QUERN_F32 && tensor.rank >= 1 && labels.firstName <= known &&
                labels.nameCount <= known - labels.firstName &&
                labels.nameCount == static_cast<uint64_t>(tensor.shape[tensor.rank - 1]) &&
                labels.top >= 1 && labels.top <= labels.nameCount && labels.isProbability <= 1;
    return good ? nullptr : "the labels adapter of an output is impossible";
  }
  }
  return "the model image names an unknown adapter";
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
  if (buffer.byteOffset % element != 0 || buffer.byteOffset > room ||
      (last + 1) * element > room - buffer.byteOffset)
    return "a buffer reaches beyond its space";
  return nullptr;
}

} // namespace quern::runtime
