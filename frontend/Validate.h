// What can be said of a file's declarations without calling anything.
#pragma once

#include "frontend/Ast.h"
#include "frontend/Diagnostics.h"

namespace quern::frontend {

/// Reports declarations that no call could make right: parameters named twice, adapters and default
/// sizes on modules, primitives outside the standard library.
void validate(const SourceFile &file, Diagnostics &diagnostics);

} // namespace quern::frontend
