#include "ir/SourceLocation.h"

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace quern::ir {

mlir::FileLineColLoc userLocation(mlir::Location loc) {
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(loc)) {
    for (mlir::Location part : fused.getLocations())
      if (mlir::FileLineColLoc place = userLocation(part))
        return place;
    return {};
  }
  llvm::SmallVector<mlir::FileLineColLoc> frames;
  loc->walk([&](mlir::Location part) {
    if (auto place = llvm::dyn_cast<mlir::FileLineColLoc>(part))
      frames.push_back(place);
    return mlir::WalkResult::advance();
  });
  for (mlir::FileLineColLoc frame : frames)
    if (!frame.getFilename().getValue().starts_with("quern/"))
      return frame;
  for (mlir::FileLineColLoc frame : frames)
    if (frame.getFilename() == frames.back().getFilename())
      return frame;
  return {};
}

std::string locationText(mlir::Location loc) {
  mlir::FileLineColLoc place = userLocation(loc);
  if (!place)
    return "";
  return (place.getFilename().getValue() + ":" + llvm::Twine(place.getLine()) + ":" +
          llvm::Twine(place.getColumn()))
      .str();
}

std::string labelText(mlir::Location loc) {
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(loc))
    return name.getName().str();
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(loc))
    for (mlir::Location part : fused.getLocations())
      if (std::string label = labelText(part); !label.empty())
        return label;
  return "";
}

} // namespace quern::ir
