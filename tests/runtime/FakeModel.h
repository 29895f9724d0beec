// A compiled model built by hand: an image and a driver whose kernels are functions of the test.
#pragma once

#include "runtime/HalideAbi.h"
#include "runtime/ModelImage.h"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace quern::tests {

/// Puts an image together; every field of `header` but the sections and sums may be set by the
/// test.
class ImageBuilder {
public:
  runtime::ImageHeader header{};
  std::vector<runtime::TensorEntry> inputs;
  std::vector<runtime::TensorEntry> outputs;
  std::vector<runtime::BufferEntry> buffers;
  std::vector<runtime::StepEntry> steps;
  std::vector<runtime::PhotoAdapter> photos;
  std::vector<runtime::LabelsAdapter> labelSets;
  std::vector<runtime::StringRef> labelNames;
  std::vector<runtime::SequenceEntry> sequences;
  std::vector<runtime::StateEntry> states;
  std::vector<runtime::ProgramEntry> programs;
  std::vector<int32_t> inputStates;
  std::vector<runtime::TextAdapter> texts;
  std::vector<uint32_t> places;

  runtime::StringRef string(std::string_view text) {
    runtime::StringRef ref{static_cast<uint32_t>(strings.size()),
                           static_cast<uint32_t>(text.size())};
    strings += text;
    strings += '\0';
    return ref;
  }

  runtime::TensorEntry tensor(std::string_view name, quern_dtype dtype,
                              std::vector<int64_t> shape) {
    runtime::TensorEntry entry{};
    entry.name = string(name);
    entry.dtype = static_cast<uint8_t>(dtype);
    entry.rank = static_cast<uint8_t>(shape.size());
    std::copy(shape.begin(), shape.end(), entry.shape);
    return entry;
  }

  /// A dense buffer whose first extent is the innermost.
  static runtime::BufferEntry buffer(runtime::Space space, uint32_t io, uint64_t byteOffset,
                                     std::vector<int32_t> extents, quern_dtype dtype = QUERN_F32) {
    runtime::BufferEntry entry{};
    entry.space = space;
    entry.io = io;
    entry.byteOffset = byteOffset;
    entry.dtype = static_cast<uint8_t>(dtype);
    entry.rank = static_cast<uint8_t>(extents.size());
    int32_t stride = 1;
    for (size_t axis = 0; axis < extents.size(); ++axis) {
      entry.axes[axis] = {extents[axis], stride};
      stride *= extents[axis];
    }
    return entry;
  }

  /// The blob, in 8-byte words for its alignment.
  std::vector<uint64_t> build() {
    std::vector<char> bytes(sizeof(runtime::ImageHeader));
    auto append = [&](const auto &items) {
      runtime::Section section{bytes.size(), items.size()};
      const char *from = reinterpret_cast<const char *>(items.data());
      bytes.insert(bytes.end(), from, from + items.size() * sizeof(items[0]));
      bytes.resize((bytes.size() + 7) / 8 * 8);
      return section;
    };
    header.strings = append(strings);
    header.inputs = append(inputs);
    header.outputs = append(outputs);
    header.buffers = append(buffers);
    header.steps = append(steps);
    header.photos = append(photos);
    header.labelSets = append(labelSets);
    header.labelNames = append(labelNames);
    header.sequences = append(sequences);
    header.states = append(states);
    header.programs = append(programs);
    header.inputStates = append(inputStates);
    header.texts = append(texts);
    header.places = append(places);
    std::memcpy(header.magic, runtime::imageMagic, sizeof header.magic);
    header.version = runtime::imageVersion;
    header.headerBytes = sizeof header;
    header.imageBytes = bytes.size();
    std::memcpy(bytes.data(), &header, sizeof header);
    std::vector<uint64_t> words(bytes.size() / 8);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    seal(words);
    return words;
  }

  /// Makes the checksum right again after a change.
  static void seal(std::vector<uint64_t> &words) {
    auto &head = *reinterpret_cast<runtime::ImageHeader *>(words.data());
    head.checksum = runtime::imageChecksum(words.data(), words.size() * 8);
  }

private:
  std::string strings;
};

/// y[n] = 2 x[n] + w[n] for 64 floats by two kernels, the first in parallel with scratch of its
/// own: arena = 2 x; y = arena + w.
class FakeModel {
public:
  static constexpr int size = 64;

  /// With weights in a side file of that name when it is not empty.
  explicit FakeModel(std::string_view weightsFile = "");

  /// The description that was built; change it, then call rebuild().
  ImageBuilder image;
  void rebuild();

  alignas(64) float weights[size + runtime::tailPadding / sizeof(float)] = {};
  std::vector<uint64_t> words;
  quern_model model{};
};

/// What the kernels do besides; set by tests, all off at first.
struct FakeBehaviour {
  /// The first kernel returns this after its work.
  int code = 0;
  /// Bytes that each task takes of the scratch.
  size_t taskScratch = 256;
  /// Bytes that the second kernel takes outside loops.
  size_t serialScratch = 0;
};
extern FakeBehaviour fakeBehaviour;

} // namespace quern::tests
