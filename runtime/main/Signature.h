// What the program's model takes and gives, with what its author said about people's side of it.
#pragma once

#include "runtime/ImageView.h"
#include "runtime/formats/Npy.h"

#include <string>
#include <vector>

namespace quern::runtime {

/// One input or output, for C++.
struct Port {
  std::string name;
  quern_dtype dtype;
  std::vector<int64_t> shape;
  size_t bytes;
  const PhotoAdapter *photo = nullptr;
  const LabelsAdapter *labels = nullptr;
  const TextAdapter *text = nullptr;
  /// Of an input of indices: of how many elements; else 0.
  uint32_t indexed = 0;

  /// "f32[1, 3, 224, 224]".
  std::string typeText() const;
};

struct Signature {
  ImageView image;
  std::string model;
  std::string target;
  std::string producer;
  std::vector<Port> inputs;
  std::vector<Port> outputs;

  /// The name of class `index` of a labels adapter.
  std::string label(const LabelsAdapter &labels, size_t index) const;
  /// Symbol `index` of a text adapter.
  std::string_view symbol(const TextAdapter &text, size_t index) const;
  /// The input that is generated position by position; null for a model without step programs.
  const Port *generated() const {
    const SequenceEntry *order = image.sequence();
    return order ? &inputs[order->input] : nullptr;
  }
};

Result<Signature> readSignature(const quern_model &model);

} // namespace quern::runtime
