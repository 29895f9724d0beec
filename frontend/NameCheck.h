// Names and arguments in code that no model reaches: what can be said of them without evaluating.
#pragma once

#include "frontend/Program.h"

#include "mlir/IR/MLIRContext.h"

namespace quern::frontend {

/// Reports, in everything that `file` declares, names that nothing defines and arguments that the
/// module called does not take, as elaboration reports them where it comes by. A name that is
/// assigned somewhere in a module counts as known in all of it.
void checkNames(Program &program, const SourceFile &file, Diagnostics &diagnostics,
                mlir::MLIRContext &context);

} // namespace quern::frontend
