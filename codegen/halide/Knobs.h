// The numbers of a kernel's schedule attribute: what was set by hand is obeyed, the rest is filled
// in and written back.
#pragma once

#include "ir/Quern.h"

#include <optional>

namespace quern::codegen {

/// Reads and collects the numbers of one kernel's schedule.
class Knobs {
public:
  /// Takes what `kernel` carries already, if it is of that kind.
  Knobs(mlir::func::FuncOp kernel, ir::ScheduleKind kind);

  /// `value` becomes the number set by hand, if there is one; it is recorded either way. Numbers
  /// below `least` are taken for absent.
  void tune(llvm::StringRef name, int64_t &value, int64_t least = 1);
  void tune(llvm::StringRef name, int &value, int64_t least = 1);
  void tune(llvm::StringRef name, bool &value);

  /// All that were recorded.
  ir::ScheduleAttr attribute() const;

private:
  mlir::MLIRContext *context;
  ir::ScheduleKind kind;
  mlir::DictionaryAttr set;
  llvm::SmallVector<mlir::NamedAttribute> chosen;
};

} // namespace quern::codegen
