#include "ir/SourceLocation.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace quern::ir {

std::string locationText(mlir::Location loc) {
  std::string text;
  loc->walk([&](mlir::Location part) {
    auto file = llvm::dyn_cast<mlir::FileLineColLoc>(part);
    if (!file)
      return mlir::WalkResult::advance();
    text = (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) + ":" +
            llvm::Twine(file.getColumn()))
               .str();
    return mlir::WalkResult::interrupt();
  });
  return text;
}

} // namespace quern::ir
