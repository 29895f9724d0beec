// The binary interface between the compiler, which writes these structures, and the runtime, which
// trusts none of them until ImageView has checked them. A compiled model is one `quern_model` that
// points at five things in its object file:
//
//   image     one read-only, position-independent blob that begins with ImageHeader (SYM_image)
//   run       the driver: calls every kernel in order (SYM_run), and the same with timing
//   (SYM_run_profiled) weights   one blob, embedded or in a side file that begins with
//   WeightsFileHeader device    null for the CPU; else the device library's table, e.g.
//   &quern_opencl_device programs  drivers of the step programs (SYM_programs), null where there
//   are none
//
// All integers are little-endian, all offsets within the image count from its first byte, all
// structures are plain and padded by hand. `static_assert`s below pin the sizes. A change here
// raises imageVersion.
#pragma once

#include "runtime/SequenceImage.h"
#include "runtime/quern.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>

struct halide_buffer_t;

namespace quern::runtime {

inline constexpr char imageMagic[8] = {'Q', 'U', 'E', 'R', 'N', 'I', 'M', 'G'};
inline constexpr char weightsMagic[8] = {'Q', 'U', 'E', 'R', 'N', 'W', 'T', 'S'};
inline constexpr uint32_t imageVersion = 8;
inline constexpr uint32_t weightsVersion = 1;

/// The image, the embedded weights, the arena and every buffer in them start at multiples of this;
/// the arena itself is page-aligned.
inline constexpr uint64_t bufferAlignment = 64;
/// The compiler leaves this many readable bytes after embedded weights, as the runtime does after
/// arena and scratch: vector loads of a kernel may read, never use, that far.
inline constexpr uint64_t tailPadding = 64;

/// Where a structure's array lies: `count` elements from byte `offset` (a multiple of 8) of the
/// image.
struct Section {
  uint64_t offset;
  uint64_t count;
};

/// A string in the `strings` section: `length` bytes from byte `offset` of that section, then one
/// NUL that is not counted. The bytes hold no NUL. The empty string also needs its NUL: {offset of
/// any NUL, 0}.
struct StringRef {
  uint32_t offset;
  uint32_t length;
};

/// What main does to what a person supplies for an input, or shows of an output.
/// `TensorEntry::adapterIndex` then picks an entry of the `photos`, `labelSets` or `texts` section.
enum class AdapterKind : uint32_t { none = 0, photo = 1, labels = 2, text = 3 };

/// A photograph becomes f32[N, 3, crop, crop]: the shorter side is resized to `resize` pixels
/// (antialiased Catmull-Rom), the middle `crop` x `crop` is cut out, each value v of 0…255 in
/// channel c (red, green, blue) becomes (v / 255 - mean[c]) / std[c].
struct PhotoAdapter {
  uint32_t resize;
  uint32_t crop;
  float mean[3];
  float std[3];
};

/// The last axis of an output counts scores (logits); main shows the `top` greatest after softmax,
/// by name. Names are `nameCount` consecutive entries of the `labelNames` section from `firstName`,
/// as many as the last axis has elements.
struct LabelsAdapter {
  uint64_t firstName;
  uint64_t nameCount;
  uint32_t top;
  /// 1: the output holds probabilities already, and no softmax is applied.
  uint32_t isProbability;
};

/// Integers that stand for symbols of a text: `symbolCount` consecutive entries of the `labelNames`
/// section from `firstSymbol`.
struct TextAdapter {
  uint64_t firstSymbol;
  uint64_t symbolCount;
};

/// One input or output of the signature, dense and row-major as the caller sees it.
struct TensorEntry {
  StringRef name;
  /// A quern_dtype.
  uint8_t dtype;
  uint8_t rank;
  uint8_t reserved[2];
  AdapterKind adapter;
  uint32_t adapterIndex;
  /// Of an input of indices: each, truncated to an integer, must be below this; else 0.
  uint32_t indexed;
  /// Extents, outermost first, each at least 1; 0 past `rank`.
  int64_t shape[QUERN_MAX_RANK];
};

enum class Space : uint8_t { arena = 0, weights = 1, input = 2, output = 3, state = 4 };

/// One axis of a buffer; `min` is always 0. The stride counts elements.
struct BufferAxis {
  int32_t extent;
  int32_t stride;
};

/// One halide_buffer_t that the driver hands to kernels: entry i is buffers[i] of the driver's
/// second argument. The host pointer is base(space) + byteOffset, where the base of an input or
/// output is what the caller of quern_run passed. Several entries may cover the same bytes (views,
/// reuse in place). On a device, entries that begin at the same byte share one allocation; entries
/// that overlap otherwise have separate ones, so they may share bytes in time, not hold the same
/// values.
struct BufferEntry {
  Space space;
  /// A quern_dtype; bool is a uint1 stored in bytes, as Halide has it.
  uint8_t dtype;
  uint8_t rank;
  /// Of a state: 1 counts from its first slot, 0 from the current position's.
  uint8_t isFixed;
  /// Which input, output or state, if the space is one; else 0.
  uint32_t io;
  /// Of a state: from that slot, as a signed number.
  uint64_t byteOffset;
  /// In Halide's order, innermost first; {0, 0} past `rank`.
  BufferAxis axes[QUERN_MAX_RANK];
};

/// One kernel call of the driver, in order; its index is what the driver passes to
/// quern_profile_begin and quern_profile_end.
struct StepEntry {
  /// For people: "conv + relu 64x56x56".
  StringRef name;
  /// The kernel's symbol. Steps that share a kernel share it.
  StringRef kernel;
  /// "file:line:column" of the source op, or "".
  StringRef location;
  uint64_t flops;
  uint64_t bytes;
};

enum class Arch : uint32_t { any = 0, x86_64 = 1, aarch64 = 2 };

/// Bits of ImageHeader::cpuFeatures when arch is x86_64. The runtime refuses to create a context
/// where one is missing. Bits that this list does not name are refused too.
enum class X86Feature : uint32_t {
  sse41 = 0,
  avx = 1,
  avx2 = 2,
  fma = 3,
  f16c = 4,
  avx512f = 5,
  avx512cd = 6,
  avx512bw = 7,
  avx512dq = 8,
  avx512vl = 9,
  avx512vnni = 10,
  avx512bf16 = 11,
  avx512fp16 = 12,
  avxvnni = 13,
  amxTile = 14,
  amxInt8 = 15,
  amxBf16 = 16,
};

enum class DeviceKind : uint32_t { none = 0, opencl = 1 };

/// The first bytes of an image.
struct ImageHeader {
  char magic[8];
  uint32_t version;
  /// sizeof(ImageHeader).
  uint32_t headerBytes;
  /// Of the whole blob, header included; equals quern_model::imageSize.
  uint64_t imageBytes;
  /// imageChecksum() of the blob.
  uint64_t checksum;
  /// Any number that differs between models and between weights: the side file must carry the same.
  /// The compiler takes it from the content, so that the same model, weights, plan and target give
  /// the same bytes.
  uint64_t identity;

  StringRef name;
  /// The target as the user named it, then the detected features: "host-avx512…".
  StringRef target;
  /// The compiler's version, for people.
  StringRef producer;
  /// Default name of the side file, sought beside the binary that holds the image and then in the
  /// current folder, unless absolute;
  /// "" when the weights are embedded.
  StringRef weightsFile;
  /// Why the model has no step programs, for people; "" where it has.
  StringRef stepless;

  Arch arch;
  DeviceKind device;
  uint64_t cpuFeatures;

  /// Bytes of the arena; every arena buffer lies within.
  uint64_t arenaBytes;
  /// The most that one task of a parallel loop holds of halide_malloc memory at once, and the most
  /// that code outside parallel loops holds. Each allocation counts as scratchBytesOf(its size).
  uint64_t threadScratchBytes;
  uint64_t serialScratchBytes;
  /// Bytes of the weights blob, tail padding not counted; 0 for a model without weights.
  uint64_t weightsBytes;

  /// char
  Section strings;
  /// TensorEntry
  Section inputs;
  Section outputs;
  /// BufferEntry
  Section buffers;
  /// StepEntry
  Section steps;
  /// PhotoAdapter
  Section photos;
  /// LabelsAdapter
  Section labelSets;
  /// StringRef
  Section labelNames;
  /// SequenceEntry: none or one
  Section sequences;
  /// StateEntry
  Section states;
  /// ProgramEntry, in the order in which they run within a step
  Section programs;
  /// int32_t for each input: the state that keeps it, or -1
  Section inputStates;
  /// TextAdapter
  Section texts;
  /// uint32_t for each position, where the order is not that of the axes: the row-major number,
  /// along the ordered axes, of the place that is generated then; else none
  Section places;
};

/// The first bytes of a weights side file. The weights follow at byte `dataOffset`, and the file
/// ends `tailPadding` zeros after them.
struct WeightsFileHeader {
  char magic[8];
  uint32_t version;
  /// Multiple of weightsDataAlignment, so that the mapped weights are aligned.
  uint32_t dataOffset;
  /// Equals ImageHeader::identity.
  uint64_t identity;
  /// Equals ImageHeader::weightsBytes.
  uint64_t dataBytes;
  uint64_t reserved[4];
};
inline constexpr uint32_t weightsDataAlignment = 4096;

static_assert(sizeof(Section) == 16 && sizeof(StringRef) == 8);
static_assert(sizeof(PhotoAdapter) == 32 && sizeof(LabelsAdapter) == 24 &&
              sizeof(TextAdapter) == 16);
static_assert(sizeof(TensorEntry) == 88 && sizeof(BufferEntry) == 80 && sizeof(StepEntry) == 40);
static_assert(sizeof(ImageHeader) == 352 && sizeof(WeightsFileHeader) == 64);
static_assert(std::is_trivially_copyable_v<ImageHeader> && std::is_standard_layout_v<ImageHeader>);

/// What an allocation of `size` bytes takes of the scratch: 128 bytes of bookkeeping, the size
/// rounded up to 128.
constexpr uint64_t scratchBytesOf(uint64_t size) { return 128 + (size + 127) / 128 * 128; }

/// A fast 64-bit hash of bytes (not against malice): eight bytes at a time, multiply and fold,
/// length at the end.
inline uint64_t hashBytes(const void *data, size_t size, uint64_t seed = 0) {
  const auto *bytes = static_cast<const unsigned char *>(data);
  uint64_t state = seed ^ 0x9e3779b97f4a7c15u;
  auto mix = [&](uint64_t word) {
    state = (state ^ word) * 0xff51afd7ed558ccdu;
    state ^= state >> 32;
  };
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; --i)
      // The analyzer takes all but the first byte of a number for undefined.
      word = word << 8 | // NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult)
             bytes[at + static_cast<size_t>(i)];
    mix(word);
  }
  uint64_t rest = 0;
  for (size_t i = size; i > at; --i)
    rest = rest << 8 | bytes[i - 1];
  mix(rest);
  mix(size);
  return state;
}

/// The value of ImageHeader::checksum: the hash of all bytes before that field, then of all after
/// it. `size` is at least sizeof(ImageHeader).
inline uint64_t imageChecksum(const void *image, size_t size) {
  const auto *bytes = static_cast<const unsigned char *>(image);
  constexpr size_t field = offsetof(ImageHeader, checksum);
  return hashBytes(bytes + field + sizeof(uint64_t), size - field - sizeof(uint64_t),
                   hashBytes(bytes, field));
}

/// What a device library supplies; see runtime/devices/Device.h.
struct Device;

} // namespace quern::runtime

extern "C" {

/// The drivers of one step program.
struct quern_program {
  int32_t (*run)(quern_context *context, struct halide_buffer_t *buffers);
  int32_t (*runProfiled)(quern_context *context, struct halide_buffer_t *buffers);
};

/// What quern_get_MODEL returns. The compiler emits it with constant initialisers, so that a
/// library needs no start-up code.
struct quern_model {
  /// QUERN_ABI_VERSION of the compiler.
  uint32_t abiVersion;
  uint32_t reserved;
  /// 64-byte aligned.
  const void *image;
  uint64_t imageSize;
  /// Calls every kernel in order with `context` as user_context and pointers into `buffers`;
  /// returns the first non-zero code, or 0. Null where there are step programs alone.
  int32_t (*run)(quern_context *context, struct halide_buffer_t *buffers);
  /// The same with quern_profile_begin and quern_profile_end around each kernel.
  int32_t (*runProfiled)(quern_context *context, struct halide_buffer_t *buffers);
  /// 64-byte aligned, or null when the weights lie in a side file or there are none.
  const void *weights;
  uint64_t weightsSize;
  /// Null for the CPU; else e.g. &quern_opencl_device.
  const quern::runtime::Device *device;
  /// As many as the image has entries; null when there are none.
  const quern_program *programs;
};

/// Called by runProfiled around kernel call `step`.
QUERN_API void quern_profile_begin(quern_context *context, int32_t step);
QUERN_API void quern_profile_end(quern_context *context, int32_t step);
}

static_assert(sizeof(quern_model) == 72 && sizeof(quern_program) == 16);
