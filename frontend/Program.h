// The files of a program: loading, imports, and which name means what in which file.
#pragma once

#include "frontend/Parser.h"
#include "frontend/Value.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace quern::frontend {

/// What a file's name stands for.
struct Definition {
  const Callable *callable = nullptr;
  const Constant *constant = nullptr;
  const SourceFile *file = nullptr;
  SMRange range() const { return callable ? callable->name.range : constant->name.range; }
};

/// All files that a model is made of. Every standard-library file is visible everywhere; a file's
/// own definitions and those of the files it imports come before the library's.
class Program {
public:
  /// `importPaths` are searched, in order, for imports not found beside the importing file.
  Program(Diagnostics &diagnostics, std::vector<std::string> importPaths)
      : diagnostics(diagnostics), importPaths(std::move(importPaths)) {}

  /// Reads and parses every .qn file of `directory`. Reports a directory without any.
  bool loadLibrary(StringRef directory);
  /// Reads and parses a file and, recursively, what it imports. Null (reported) if it cannot be
  /// read.
  const SourceFile *loadFile(StringRef path);
  /// As loadFile for a text in memory; imports are relative to `path`.
  const SourceFile *loadText(StringRef path, StringRef text);

  /// Whether every text was parsed, every declaration makes sense and every import was found: only
  /// then is there sense in evaluating.
  bool isWhole() const { return whole; }
  /// The files loaded that are not of the library.
  std::vector<const SourceFile *> userFiles() const;

  /// Reads a file that the model is made of: its text, or what it names besides.
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> readFile(StringRef path);
  /// What readFile was asked for.
  const std::vector<std::string> &filesRead() const { return paths; }

  /// What `name` means in `file`, or null.
  const Definition *find(const SourceFile &file, StringRef name) const;
  /// Every name visible in `file`, for suggestions.
  std::vector<StringRef> visibleNames(const SourceFile &file) const;
  /// The text's buffer in the source manager.
  unsigned bufferOf(const SourceFile &file) const { return records.find(&file)->second.buffer; }

private:
  using Names = llvm::StringMap<Definition>;
  struct Record {
    unsigned buffer = 0;
    Names names;
    bool isBeingLoaded = false;
  };

  const SourceFile *load(std::unique_ptr<llvm::MemoryBuffer> buffer, StringRef identity,
                         bool isLibrary);
  void define(Names &names, const SourceFile &file);
  void addName(Names &names, const Definition &definition, StringRef name);
  /// Parses a text that stays where it is, and looks at its declarations one by one.
  SourceFile &parseFile(StringRef path, StringRef text, bool isLibrary);
  void resolveImports(SourceFile &file);
  /// The file that is imported, loaded where it is not yet; null (reported) where it cannot be.
  const SourceFile *resolveImport(const SourceFile &file, const ImportDecl &import);
  void reportCycle(const SourceFile &file, const ImportDecl &import);
  std::string locateImport(StringRef importer, StringRef path) const;

  Diagnostics &diagnostics;
  std::vector<std::string> importPaths;
  std::vector<std::string> paths;
  std::vector<std::unique_ptr<SourceFile>> files;
  llvm::DenseMap<const SourceFile *, Record> records;
  /// By canonical path, so that a file imported twice is one.
  llvm::StringMap<SourceFile *> byIdentity;
  Names libraryNames;
  bool whole = true;
  unsigned importDepth = 0;
};

/// Where the standard library is: `option` if not empty, else the environment's QUERN_LIBRARY, else
/// `../lib/quern/library` from the running program.
std::string libraryDirectory(StringRef option);

} // namespace quern::frontend
