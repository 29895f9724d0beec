// What the syntax tests share: a text in a source manager, and what was said about it.
#pragma once

#include "frontend/Format.h"
#include "frontend/Parser.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <optional>

namespace quern::frontend {

/// One text and its diagnostics.
struct Text {
  explicit Text(llvm::StringRef contents) {
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(contents, "test.qn");
    text = buffer->getBuffer();
    sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  }
  TokenStream lex() { return quern::frontend::lex(text, diagnostics); }
  std::unique_ptr<SourceFile> parse() {
    return quern::frontend::parse("test.qn", text, diagnostics);
  }
  std::optional<std::string> format() {
    return quern::frontend::format("test.qn", text, diagnostics);
  }

  llvm::SourceMgr sources;
  std::string messages;
  llvm::raw_string_ostream stream{messages};
  Diagnostics diagnostics{sources, stream};
  llvm::StringRef text;
};

/// Every .qn file of the repository that is meant to be right, with what it holds.
inline std::vector<std::pair<std::string, std::string>> repositoryFiles() {
  std::vector<std::pair<std::string, std::string>> files;
  for (const char *folder : {"frontend/library", "models"}) {
    std::error_code error;
    for (llvm::sys::fs::recursive_directory_iterator
             i(std::string(QUERN_SOURCE_DIR "/") + folder, error),
         end;
         i != end && !error; i.increment(error)) {
      if (llvm::sys::path::extension(i->path()) != ".qn")
        continue;
      if (auto buffer = llvm::MemoryBuffer::getFile(i->path()))
        files.emplace_back(i->path(), (*buffer)->getBuffer().str());
    }
  }
  return files;
}

} // namespace quern::frontend
