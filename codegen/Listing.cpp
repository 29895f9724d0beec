#include "codegen/Listing.h"

#include "llvm/ADT/StringExtras.h"

namespace quern::codegen {

std::string withOwnLabels(llvm::StringRef assembly, size_t number) {
  std::string text, label = ".L" + std::to_string(number) + "_";
  bool isQuoted = false, isInWord = false;
  while (!assembly.empty()) {
    if (!isQuoted && !isInWord && assembly.consume_front(".L")) {
      text += label;
      isInWord = true;
      continue;
    }
    char c = assembly.front();
    assembly = assembly.drop_front();
    isQuoted = c == '"' ? !isQuoted : isQuoted && c != '\n';
    isInWord = llvm::isAlnum(c) || c == '_' || c == '.';
    text += c;
  }
  return text;
}

} // namespace quern::codegen
