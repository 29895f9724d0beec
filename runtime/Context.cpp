#include "runtime/Context.h"

#include "runtime/DType.h"
#include "runtime/HalideHooks.h"
#include "runtime/Processor.h"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace quern::runtime {

namespace {

constexpr uint32_t maxThreads = 1024;

/// Cuts arrays out of a block; with a null block it only measures.
class Layout {
public:
  explicit Layout(unsigned char *block) : block(block) {}

  template <typename T> T *array(uint64_t count) {
    used = (used + alignof(T) - 1) / alignof(T) * alignof(T);
    T *place = block ? reinterpret_cast<T *>(block + used) : nullptr;
    used += count * sizeof(T);
    if (place)
      for (uint64_t i = 0; i < count; ++i)
        new (place + i) T();
    return place;
  }
  uint64_t size() const { return used; }

private:
  unsigned char *block;
  uint64_t used = 0;
};

/// The context and all arrays that it points at. Called once to measure and once to place, so both
/// agree.
struct Parts {
  quern_context *context;
  abi::Buffer *buffers;
  abi::Dimension *axes;
  DeviceRoot *roots;
  StepCost *costs;
  ScratchStack *scratch;
  pthread_t *workers;

  Parts(Layout &layout, const ImageView &image, uint32_t threads)
      : context(layout.array<quern_context>(1)),
        buffers(layout.array<abi::Buffer>(image.buffers().size())),
        axes(layout.array<abi::Dimension>(image.buffers().size() * QUERN_MAX_RANK)),
        roots(layout.array<DeviceRoot>(
            image.header().device == DeviceKind::none ? 0 : image.buffers().size())),
        costs(layout.array<StepCost>(image.steps().size())),
        scratch(layout.array<ScratchStack>(threads)), workers(layout.array<pthread_t>(threads)) {}
};

abi::Type halideType(quern_dtype dtype) {
  auto bits = static_cast<uint8_t>(8 * dtypeBytes(dtype));
  switch (dtype) {
  case QUERN_F16:
  case QUERN_F32:
  case QUERN_F64:
    return {abi::typeFloat, bits, 1};
  case QUERN_BF16:
    return {abi::typeBFloat, bits, 1};
  case QUERN_I8:
  case QUERN_I16:
  case QUERN_I32:
  case QUERN_I64:
    return {abi::typeInt, bits, 1};
  case QUERN_BOOL:
    return {abi::typeUInt, 1, 1};
  default:
    return {abi::typeUInt, bits, 1};
  }
}

quern_status checkModel(const quern_model *model, ImageView &image, Error &error) {
  if (quern_status status = openModel(model, image, error); status != QUERN_OK)
    return status;
  bool isWhole = model->run && model->runProfiled,
       isStepsAlone = !model->run && !model->runProfiled;
  if (!isWhole && !(isStepsAlone && !image.programs().empty()))
    return error.set(QUERN_BAD_MODEL, "the model has no driver");
  if (!image.programs().empty() && !model->programs)
    return error.set(QUERN_BAD_MODEL, "the model has no drivers of its step programs");
  DeviceKind device = image.header().device;
  if (device != DeviceKind::none && (!model->device || model->device->kind != device))
    return error.set(QUERN_BAD_MODEL, "the model's device library was not linked");
  return QUERN_OK;
}

quern_status checkProcessor(const ImageHeader &header, Error &error) {
#if defined(__x86_64__)
  constexpr Arch here = Arch::x86_64;
#else
  constexpr Arch here = Arch::aarch64;
#endif
  if (header.arch != Arch::any && header.arch != here)
    return error.set(QUERN_UNSUPPORTED_CPU, "the model was compiled for another architecture");
  uint64_t missing = header.cpuFeatures & ~processorFeatures();
  if (missing) {
    char names[256];
    featureNames(missing, names, sizeof names);
    return error.set(QUERN_UNSUPPORTED_CPU,
                     "the model was compiled for a processor with %s, which this one lacks", names);
  }
  constexpr uint64_t tiles = uint64_t{1} << static_cast<uint32_t>(X86Feature::amxTile);
  if ((header.cpuFeatures & tiles) && !enableAmx())
    return error.set(QUERN_UNSUPPORTED_CPU, "the operating system does not admit AMX");
  return QUERN_OK;
}

/// Copies what the caller's version of the structure has over the defaults.
quern_status readOptions(const quern_options *given, quern_options &options, Error &error) {
  options = QUERN_OPTIONS_DEFAULT;
  given = given ? given : &options;
  if (given->struct_size < offsetof(quern_options, weights_path) ||
      given->struct_size > sizeof(quern_options))
    return error.set(QUERN_INVALID_ARGUMENT,
                     "options.struct_size is %u; start from QUERN_OPTIONS_DEFAULT",
                     given->struct_size);
  std::memmove(&options, given, given->struct_size);
  if (options.threads > maxThreads)
    return error.set(QUERN_INVALID_ARGUMENT, "%u threads; at most %u are possible", options.threads,
                     maxThreads);
  if (options.threads == 0) {
    uint32_t processors = availableProcessors();
    options.threads = processors < maxThreads ? processors : maxThreads;
  }
  return QUERN_OK;
}

uint64_t roundUp(uint64_t bytes) { return (bytes + 4095) / 4096 * 4096; }

/// Reserves arena and scratch in one piece: arena, serial scratch, scratch of each thread.
quern_status reserveMemory(quern_context &context, uint32_t threads, Error &error) {
  const ImageHeader &header = context.image.header();
  uint64_t arena = roundUp(header.arenaBytes + tailPadding);
  uint64_t serial = roundUp(header.serialScratchBytes + tailPadding);
  uint64_t each = roundUp(header.threadScratchBytes + tailPadding);
  uint64_t total = arena + serial + each * threads;
  if (!context.memory.reserve(total))
    return error.set(QUERN_OUT_OF_MEMORY, "cannot reserve %llu MiB of memory",
                     static_cast<unsigned long long>(total >> 20));
  unsigned char *at = context.memory.base + arena;
  // Halide pads what it over-reads itself; the rounding leaves room for it in any case.
  context.serialScratch.open(at, serial);
  at += serial;
  for (uint32_t i = 0; i < threads; ++i, at += each)
    context.threadScratch[i].open(at, each);
  return QUERN_OK;
}

/// Fills in all that stays the same from run to run; inputs and outputs get their pointers in
/// bindTensors.
void fillBuffers(quern_context &context, abi::Dimension *axes) {
  auto entries = context.image.buffers();
  for (uint64_t i = 0; i < entries.size(); ++i) {
    const BufferEntry &entry = entries[i];
    abi::Buffer &buffer = context.buffers[i];
    abi::Dimension *dims = axes + i * QUERN_MAX_RANK;
    for (int axis = 0; axis < entry.rank; ++axis)
      dims[axis] = {0, entry.axes[axis].extent, entry.axes[axis].stride, 0};
    buffer.type = halideType(static_cast<quern_dtype>(entry.dtype));
    buffer.dimensions = entry.rank;
    buffer.dim = dims;
    if (entry.space == Space::arena)
      buffer.host = context.memory.base + entry.byteOffset;
    // Kernels do not write weights; Halide's buffers know no const.
    if (entry.space == Space::weights)
      buffer.host = const_cast<unsigned char *>(context.weights.data) + entry.byteOffset;
  }
}

quern_status startThreads(quern_context &context, const quern_options &options, pthread_t *workers,
                          Error &error) {
  if (!options.parallel_for)
    return context.pool.start(options.threads, workers, error);
  context.pool.useCaller(options.threads, options.parallel_for, options.parallel_for_user);
  return QUERN_OK;
}

quern_status openDevice(quern_context &context, DeviceRoot *roots, Error &error) {
  if (context.image.header().device == DeviceKind::none)
    return QUERN_OK;
  quern_status status = context.deviceMemory.open(*context.model->device, &context, context.image,
                                                  context.buffers, roots, context.error);
  if (status != QUERN_OK)
    error = context.error;
  return status;
}

quern_status checkPointers(const void *const *pointers, std::span<const TensorEntry> tensors,
                           const ImageView &image, const char *what, Error &error) {
  if (!pointers && !tensors.empty())
    return error.set(QUERN_INVALID_ARGUMENT, "the array of %ss is null", what);
  for (uint64_t i = 0; i < tensors.size(); ++i) {
    if (!pointers[i]) // NOLINT(clang-analyzer-core.NullDereference): null only if there are no
                      // tensors
      return error.set(QUERN_INVALID_ARGUMENT, "%s %llu (%s) is null", what,
                       static_cast<unsigned long long>(i), image.text(tensors[i].name));
    uint64_t element = dtypeBytes(static_cast<quern_dtype>(tensors[i].dtype));
    if (reinterpret_cast<uintptr_t>(pointers[i]) % element != 0)
      return error.set(QUERN_INVALID_ARGUMENT, "%s %llu (%s) is not aligned to its elements", what,
                       static_cast<unsigned long long>(i), image.text(tensors[i].name));
  }
  return QUERN_OK;
}

void bindTensors(quern_context &context, const void *const *inputs, void *const *outputs) {
  auto entries = context.image.buffers();
  for (uint64_t i = 0; i < entries.size(); ++i) {
    const BufferEntry &entry = entries[i];
    const void *base = nullptr;
    if (entry.space == Space::input)
      base = inputs[entry.io];
    else if (entry.space == Space::output)
      base = outputs[entry.io];
    else
      continue;
    context.buffers[i].host =
        static_cast<unsigned char *>(const_cast<void *>(base)) + entry.byteOffset;
  }
}

} // namespace

quern_status runDriver(quern_context &context, DriverFunction run) {
  int32_t code = run(&context, reinterpret_cast<halide_buffer_t *>(context.buffers));
  if (code == 0 && !context.kernelComplained.load(std::memory_order_relaxed))
    return QUERN_OK;
  quern_status status = context.deviceMemory.isOpen() ? QUERN_DEVICE_FAILED : QUERN_KERNEL_FAILED;
  // A kernel that failed may have left its scratch unfreed.
  context.serialScratch.clear();
  for (uint32_t i = 0; i < context.pool.threads(); ++i)
    context.threadScratch[i].clear();
  if (!context.error.text[0])
    context.error.set(status, "a kernel returned code %d", code);
  return status;
}

} // namespace quern::runtime

using namespace quern::runtime;

void quern_context::complain(const char *message) {
  if (kernelComplained.exchange(true))
    return;
  error.set(QUERN_KERNEL_FAILED, "%s", message);
  // Halide ends its messages with a line feed.
  size_t length = std::strlen(error.text);
  while (length > 0 && error.text[length - 1] == '\n')
    error.text[--length] = '\0';
}

quern_status quern_create(const quern_model *model, const quern_options *given,
                          quern_context **result) {
  Error &error = threadError();
  error.clear();
  if (!result)
    return error.set(QUERN_INVALID_ARGUMENT, "there is no place for the context");
  *result = nullptr;
  linkHalideHooks();

  ImageView image;
  quern_options options;
  quern_status status = checkModel(model, image, error);
  if (status == QUERN_OK)
    status = checkProcessor(image.header(), error);
  if (status == QUERN_OK)
    status = readOptions(given, options, error);
  if (status != QUERN_OK)
    return status;

  Layout measure(nullptr);
  Parts(measure, image, options.threads);
  void *block = nullptr;
  if (posix_memalign(&block, alignof(quern_context), measure.size()) != 0)
    return error.set(QUERN_OUT_OF_MEMORY, "cannot reserve %llu bytes for the context",
                     static_cast<unsigned long long>(measure.size()));
  Layout place(static_cast<unsigned char *>(block));
  Parts parts(place, image, options.threads);
  quern_context &context = *parts.context;
  context.model = model;
  context.image = image;
  context.profiles = options.profile != 0;
  context.bufferCount = image.buffers().size();
  context.buffers = parts.buffers;
  context.stepCount = image.steps().size();
  context.costs = parts.costs;
  context.threadScratch = parts.scratch;

  status = context.weights.open(*model, image, options, error);
  if (status == QUERN_OK)
    status = reserveMemory(context, options.threads, error);
  if (status == QUERN_OK) {
    fillBuffers(context, parts.axes);
    status = startThreads(context, options, parts.workers, error);
  }
  if (status == QUERN_OK)
    status = openDevice(context, parts.roots, error);
  if (status != QUERN_OK) {
    quern_destroy(&context);
    return status;
  }
  *result = &context;
  return QUERN_OK;
}

quern_status quern_run(quern_context *context, const void *const *inputs, void *const *outputs) {
  if (!context)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the context is null");
  Error &error = context->error;
  error.clear();
  context->kernelComplained.store(false, std::memory_order_relaxed);
  if (!context->model->run)
    return error.set(
        QUERN_INVALID_ARGUMENT,
        "only the step programs of this model were compiled (--steps only): carry on a "
        "sequence, or compile it with --steps auto");
  const ImageView &image = context->image;
  quern_status status = checkPointers(inputs, image.inputs(), image, "input", error);
  if (status == QUERN_OK)
    status = checkPointers(outputs, image.outputs(), image, "output", error);
  if (status != QUERN_OK)
    return status;
  bindTensors(*context, inputs, outputs);
  DriverFunction run = context->profiles ? context->model->runProfiled : context->model->run;
  if (!context->deviceMemory.isOpen())
    return runDriver(*context, run);
  status = context->deviceMemory.upload(inputs, error);
  if (status == QUERN_OK)
    status = runDriver(*context, run);
  return status == QUERN_OK ? context->deviceMemory.download(outputs, error) : status;
}

void quern_destroy(quern_context *context) {
  if (!context)
    return;
  context->pool.stop();
  context->deviceMemory.close();
  context->memory.release();
  context->weights.close();
  std::free(context);
}

const char *quern_last_error(const quern_context *context) {
  return context ? context->error.text : threadError().text;
}

uint32_t quern_thread_count(const quern_context *context) { return context->pool.threads(); }

size_t quern_memory_bytes(const quern_context *context) { return context->memory.size; }
