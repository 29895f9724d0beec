#include "tools/quern/conv/KernelWorkspaces.h"

#include "codegen/Build.h"
#include "tools/quern/ModelSource.h"

namespace quern::tools {

std::optional<int64_t> KernelWorkspaces::of(const ConvVariant &variant) {
  auto [entry, isNew] = known.try_emplace(variant.shape.text() + " by " +
                                          passes::variantText(variant.algorithm, variant.tile));
  if (isNew)
    entry->second = compile(variant);
  return entry->second;
}

std::optional<int64_t> KernelWorkspaces::compile(const ConvVariant &variant) const {
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  // Why something cannot be compiled is of no interest: it will not be chosen.
  mlir::ScopedDiagnosticHandler handler(context.get(),
                                        [](mlir::Diagnostic &) { return mlir::success(); });
  mlir::OwningOpRef<mlir::ModuleOp> module = convModel(*context, variant);
  if (!module)
    return std::nullopt;
  std::optional<int64_t> bytes;
  codegen::BuildOptions options;
  options.cacheFolder = cacheFolder();
  options.accepts = [&](llvm::ArrayRef<codegen::KernelFacts> facts) {
    for (const codegen::KernelFacts &kernel : facts)
      if (kernel.name == convKernelName)
        bytes = kernel.scratch.bytesOn(threads);
    return false; // nothing is linked
  };
  (void)codegen::build(*module, target, options);
  return bytes;
}

} // namespace quern::tools
