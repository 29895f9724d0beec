// A model image that has been checked, so that whoever reads it further need not.
#pragma once

#include "runtime/Errors.h"
#include "runtime/ModelImage.h"

#include <span>

namespace quern::runtime {

class ImageView {
public:
  /// Checks everything that ModelImage.h demands. Null when all is well, else what is wrong; the
  /// view may then not be used. The image must outlive the view.
  const char *open(const void *image, uint64_t size);

  const ImageHeader &header() const { return *reinterpret_cast<const ImageHeader *>(base); }
  std::span<const TensorEntry> inputs() const { return items<TensorEntry>(header().inputs); }
  std::span<const TensorEntry> outputs() const { return items<TensorEntry>(header().outputs); }
  std::span<const BufferEntry> buffers() const { return items<BufferEntry>(header().buffers); }
  std::span<const StepEntry> steps() const { return items<StepEntry>(header().steps); }
  std::span<const PhotoAdapter> photos() const { return items<PhotoAdapter>(header().photos); }
  std::span<const LabelsAdapter> labelSets() const {
    return items<LabelsAdapter>(header().labelSets);
  }
  std::span<const TextAdapter> texts() const { return items<TextAdapter>(header().texts); }
  std::span<const StringRef> labelNames() const { return items<StringRef>(header().labelNames); }
  /// Null for a model without step programs.
  const SequenceEntry *sequence() const {
    auto entries = items<SequenceEntry>(header().sequences);
    return entries.empty() ? nullptr : entries.data();
  }
  std::span<const StateEntry> states() const { return items<StateEntry>(header().states); }
  std::span<const ProgramEntry> programs() const { return items<ProgramEntry>(header().programs); }
  std::span<const int32_t> inputStates() const { return items<int32_t>(header().inputStates); }
  /// By position, the place that is generated then; empty where they are one.
  std::span<const uint32_t> places() const { return items<uint32_t>(header().places); }
  /// NUL-terminated, in the image.
  const char *text(StringRef string) const {
    return reinterpret_cast<const char *>(base) + header().strings.offset + string.offset;
  }

private:
  template <typename T> std::span<const T> items(Section section) const {
    return {reinterpret_cast<const T *>(base + section.offset), section.count};
  }
  template <typename T> bool holds(Section section) const;
  bool holds(StringRef string) const;
  const char *checkHeader(uint64_t size) const;
  const char *checkStrings() const;
  const char *checkTensor(const TensorEntry &tensor, bool isInput) const;
  const char *checkBuffer(const BufferEntry &buffer) const;
  const char *checkSequence() const;
  bool checkConstant(const StateEntry &state) const;
  bool checkStates(const SequenceEntry &order) const;
  bool checkDistribution(const SequenceEntry &order) const;
  const char *checkProgram(const ProgramEntry &program) const;
  const char *checkAdapter(const TensorEntry &tensor, bool isInput) const;

  const unsigned char *base = nullptr;
};

/// The image of a model from the user's program, checked; `error` says what is wrong with either.
quern_status openModel(const quern_model *model, ImageView &view, Error &error);

/// The bytes of a checked tensor.
uint64_t tensorBytes(const TensorEntry &tensor);

/// How many positions the order has.
uint64_t positionsOf(const SequenceEntry &sequence);

} // namespace quern::runtime
