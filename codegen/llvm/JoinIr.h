// The driver's LLVM IR and that of the kernels as one module.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace quern::codegen {

/// The text of one module that defines all that `modules` do, each the text of a module; later ones
/// may define what earlier ones declare. Fails where a text is no LLVM IR or two define one name.
llvm::Expected<std::string> joinIr(llvm::ArrayRef<llvm::StringRef> modules);

} // namespace quern::codegen
