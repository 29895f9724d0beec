#include "runtime/main/Signature.h"

#include "runtime/DType.h"

#include <fmt/format.h>

namespace quern::runtime {

std::string Port::typeText() const {
  return fmt::format("{}{}", dtypeName(dtype), shapeText(shape));
}

std::string Signature::label(const LabelsAdapter &labels, size_t index) const {
  return image.text(image.labelNames()[labels.firstName + index]);
}

std::string_view Signature::symbol(const TextAdapter &text, size_t index) const {
  return image.text(image.labelNames()[text.firstSymbol + index]);
}

namespace {

Port describe(const ImageView &image, const TensorEntry &entry) {
  Port port{image.text(entry.name),
            static_cast<quern_dtype>(entry.dtype),
            {entry.shape, entry.shape + entry.rank},
            tensorBytes(entry)};
  if (entry.adapter == AdapterKind::photo)
    port.photo = &image.photos()[entry.adapterIndex];
  if (entry.adapter == AdapterKind::labels)
    port.labels = &image.labelSets()[entry.adapterIndex];
  if (entry.adapter == AdapterKind::text)
    port.text = &image.texts()[entry.adapterIndex];
  port.indexed = entry.indexed;
  return port;
}

} // namespace

Result<Signature> readSignature(const quern_model &model) {
  Signature signature;
  if (const char *problem = signature.image.open(model.image, model.imageSize))
    return Failure{problem};
  const ImageView &image = signature.image;
  signature.model = image.text(image.header().name);
  signature.target = image.text(image.header().target);
  signature.producer = image.text(image.header().producer);
  for (const TensorEntry &entry : image.inputs())
    signature.inputs.push_back(describe(image, entry));
  for (const TensorEntry &entry : image.outputs())
    signature.outputs.push_back(describe(image, entry));
  return signature;
}

} // namespace quern::runtime
