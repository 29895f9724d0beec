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
};

Result<Signature> readSignature(const quern_model &model);

} // namespace quern::runtime
