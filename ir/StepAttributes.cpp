#include "ir/StepAttributes.h"

#include "mlir/IR/Builders.h"

namespace quern::ir {
namespace {

/// Gathers the fields of a dictionary.
class Fields {
public:
  explicit Fields(mlir::MLIRContext *context) : builder(context) {}

  Fields &add(llvm::StringRef name, int64_t value) {
    return add(name, builder.getI64IntegerAttr(value));
  }
  Fields &add(llvm::StringRef name, bool value) { return add(name, builder.getBoolAttr(value)); }
  Fields &add(llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    return add(name, builder.getDenseI64ArrayAttr(values));
  }
  Fields &add(llvm::StringRef name, mlir::Attribute value) {
    fields.push_back(builder.getNamedAttr(name, value));
    return *this;
  }
  mlir::DictionaryAttr dictionary() { return builder.getDictionaryAttr(fields); }

private:
  mlir::Builder builder;
  llvm::SmallVector<mlir::NamedAttribute> fields;
};

int64_t number(mlir::DictionaryAttr attribute, llvm::StringRef name) {
  return attribute.getAs<mlir::IntegerAttr>(name).getInt();
}

bool flag(mlir::DictionaryAttr attribute, llvm::StringRef name) {
  return attribute.getAs<mlir::BoolAttr>(name).getValue();
}

llvm::SmallVector<int64_t> list(mlir::DictionaryAttr attribute, llvm::StringRef name) {
  return llvm::SmallVector<int64_t>(attribute.getAs<mlir::DenseI64ArrayAttr>(name).asArrayRef());
}

} // namespace

int64_t latencyOf(mlir::func::FuncOp model) {
  auto latency = model->getAttrOfType<mlir::IntegerAttr>(names::latency);
  return latency ? latency.getInt() : 0;
}

mlir::DictionaryAttr StepState::attribute(mlir::MLIRContext *context) const {
  return Fields(context)
      .add("bytes", bytes)
      .add("rates", llvm::ArrayRef<int64_t>(rates))
      .add("strides", llvm::ArrayRef<int64_t>(strides))
      .add("before", before)
      .add("after", after)
      .add("room", room)
      .dictionary();
}

StepState StepState::from(mlir::DictionaryAttr attribute) {
  return {number(attribute, "bytes"),  list(attribute, "rates"),   list(attribute, "strides"),
          number(attribute, "before"), number(attribute, "after"), number(attribute, "room")};
}

mlir::DictionaryAttr Binding::attribute(mlir::MLIRContext *context) const {
  Fields fields(context);
  fields.add("state", state).add("offset", offset).add("is_fixed", isFixed);
  if (isAll)
    fields.add("is_all", true);
  return fields.dictionary();
}

std::optional<Binding> Binding::of(mlir::DictionaryAttr attributes) {
  auto binding =
      attributes ? attributes.getAs<mlir::DictionaryAttr>(names::binding) : mlir::DictionaryAttr();
  if (!binding)
    return std::nullopt;
  return Binding{number(binding, "state"), number(binding, "offset"), flag(binding, "is_fixed"),
                 binding.contains("is_all")};
}

mlir::DictionaryAttr Step::attribute(mlir::MLIRContext *context) const {
  Fields fields(context);
  fields.add("level", level).add("is_after", isAfter).add("lag", lag);
  if (llvm::any_of(periods, [](int64_t period) { return period > 1; }))
    fields.add("periods", llvm::ArrayRef<int64_t>(periods))
        .add("phases", llvm::ArrayRef<int64_t>(phases));
  if (until != 0)
    fields.add("from", from).add("until", until);
  return fields.dictionary();
}

Step Step::of(mlir::func::FuncOp program) {
  auto step = program->getAttrOfType<mlir::DictionaryAttr>(names::step);
  bool isLimited = step.contains("until"), isPeriodic = step.contains("periods");
  auto level = static_cast<size_t>(number(step, "level"));
  llvm::SmallVector<int64_t> always(level, 1), first(level, 0);
  return {number(step, "level"),
          flag(step, "is_after"),
          number(step, "lag"),
          isLimited ? number(step, "from") : 0,
          isLimited ? number(step, "until") : 0,
          isPeriodic ? list(step, "periods") : always,
          isPeriodic ? list(step, "phases") : first};
}

mlir::DictionaryAttr Steps::attribute(mlir::MLIRContext *context) const {
  llvm::SmallVector<mlir::Attribute> kept;
  for (const StepState &state : states)
    kept.push_back(state.attribute(context));
  return Fields(context)
      .add("extents", llvm::ArrayRef<int64_t>(extents))
      .add("input_axes", llvm::ArrayRef<int64_t>(inputAxes))
      .add("output_axes", llvm::ArrayRef<int64_t>(outputAxes))
      .add("states", mlir::ArrayAttr::get(context, kept))
      .add("inputs", llvm::ArrayRef<int64_t>(inputs))
      .add("output", output)
      .add("lag", lag)
      .dictionary();
}

std::optional<Steps> Steps::of(mlir::func::FuncOp model) {
  auto attribute = model->getAttrOfType<mlir::DictionaryAttr>(names::steps);
  if (!attribute)
    return std::nullopt;
  Steps steps{
      list(attribute, "extents"), list(attribute, "input_axes"), list(attribute, "output_axes"), {},
      list(attribute, "inputs"),  number(attribute, "output"),   number(attribute, "lag")};
  for (mlir::Attribute state : attribute.getAs<mlir::ArrayAttr>("states"))
    steps.states.push_back(StepState::from(llvm::cast<mlir::DictionaryAttr>(state)));
  return steps;
}

} // namespace quern::ir
