#include "codegen/llvm/ObjectFile.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include <mutex>

namespace quern::codegen {
namespace {

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
  });
}

} // namespace

mlir::FailureOr<llvm::SmallVector<char>> emitDriver(mlir::ModuleOp driver, llvm::StringRef triple,
                                                    DriverForm form) {
  initializeTargets();
  mlir::registerBuiltinDialectTranslation(*driver.getContext());
  mlir::registerLLVMDialectTranslation(*driver.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(driver, context, "driver");
  if (!module)
    return mlir::failure();

  std::string why;
  llvm::Triple target(triple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(target, why);
  if (!found)
    return driver.emitError() << "LLVM cannot compile for " << triple << ": " << why;
  std::unique_ptr<llvm::TargetMachine> machine(
      found->createTargetMachine(target, "", "", {}, llvm::Reloc::PIC_));
  module->setTargetTriple(target);
  module->setDataLayout(machine->createDataLayout());

  llvm::SmallVector<char> bytes;
  llvm::raw_svector_ostream out(bytes);
  if (form == DriverForm::llvmIr) {
    module->print(out, nullptr);
    return bytes;
  }
  llvm::legacy::PassManager passes;
  auto type = form == DriverForm::object ? llvm::CodeGenFileType::ObjectFile
                                         : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(passes, out, nullptr, type))
    return driver.emitError() << "LLVM cannot emit this kind of file for " << triple;
  passes.run(*module);
  return bytes;
}

} // namespace quern::codegen
