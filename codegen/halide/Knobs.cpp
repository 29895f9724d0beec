#include "codegen/halide/Knobs.h"

#include "mlir/IR/Builders.h"

namespace quern::codegen {

Knobs::Knobs(mlir::func::FuncOp kernel, ir::ScheduleKind kind)
    : context(kernel.getContext()), kind(kind) {
  auto schedule = kernel->getAttrOfType<ir::ScheduleAttr>(ir::names::schedule);
  if (schedule && schedule.getKind() == kind)
    set = schedule.getNumbers();
}

void Knobs::tune(llvm::StringRef name, int64_t &value, int64_t least) {
  if (set)
    if (auto number = set.getAs<mlir::IntegerAttr>(name); number && number.getInt() >= least)
      value = number.getInt();
  mlir::Builder builder(context);
  chosen.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
}

void Knobs::tune(llvm::StringRef name, int &value, int64_t least) {
  int64_t wide = value;
  tune(name, wide, least);
  value = static_cast<int>(wide);
}

void Knobs::tune(llvm::StringRef name, bool &value) {
  int64_t wide = value ? 1 : 0;
  tune(name, wide, 0);
  value = wide != 0;
}

ir::ScheduleAttr Knobs::attribute() const {
  return ir::ScheduleAttr::get(context, kind, mlir::DictionaryAttr::get(context, chosen));
}

} // namespace quern::codegen
