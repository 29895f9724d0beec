#include "codegen/llvm/JoinIr.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

namespace quern::codegen {

llvm::Expected<std::string> joinIr(llvm::ArrayRef<llvm::StringRef> modules) {
  llvm::LLVMContext context;
  std::string messages;
  context.setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *out) {
        if (info->getSeverity() != llvm::DS_Error)
          return;
        llvm::raw_string_ostream stream(*static_cast<std::string *>(out));
        llvm::DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
      },
      &messages);
  std::unique_ptr<llvm::Module> joined;
  for (llvm::StringRef text : modules) {
    llvm::SMDiagnostic error;
    std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, error, context);
    if (!module)
      return llvm::createStringError("line %d of a module's LLVM IR: %s", error.getLineNo(),
                                     error.getMessage().str().c_str());
    if (!joined)
      joined = std::move(module);
    else if (llvm::Linker::linkModules(*joined, std::move(module)))
      return llvm::createStringError("cannot join the modules' LLVM IR: %s", messages.c_str());
  }
  std::string text;
  llvm::raw_string_ostream out(text);
  if (joined)
    joined->print(out, nullptr);
  return text;
}

} // namespace quern::codegen
