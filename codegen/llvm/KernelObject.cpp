#include "codegen/llvm/KernelObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/Binary.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace quern::codegen {

namespace objcopy = llvm::objcopy;

llvm::Expected<llvm::SmallVector<char>> shareableKernel(llvm::StringRef object,
                                                        llvm::StringRef symbol) {
  // Halide adds symbols of its own, SYMBOL_argv and SYMBOL_metadata.
  std::string pattern = (symbol + "*").str();
  auto matcher = [&] {
    return objcopy::NameOrPattern::create(pattern, objcopy::MatchStyle::Wildcard,
                                          [](llvm::Error error) { return error; });
  };
  objcopy::ConfigManager config;
  objcopy::NameMatcher hidden;
  if (llvm::Error error = config.Common.SymbolsToWeaken.addMatcher(matcher()))
    return error;
  if (llvm::Error error = hidden.addMatcher(matcher()))
    return error;
  config.ELF.SymbolsToSetVisibility.emplace_back(std::move(hidden), llvm::ELF::STV_HIDDEN);
  llvm::Expected<std::unique_ptr<llvm::object::Binary>> binary =
      llvm::object::createBinary(llvm::MemoryBufferRef(object, symbol));
  if (!binary)
    return binary.takeError();
  llvm::SmallVector<char> bytes;
  llvm::raw_svector_ostream out(bytes);
  if (llvm::Error error = objcopy::executeObjcopyOnBinary(config, **binary, out))
    return error;
  return bytes;
}

} // namespace quern::codegen
