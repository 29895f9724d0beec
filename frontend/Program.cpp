#include "frontend/Program.h"

#include "frontend/TextFile.h"
#include "frontend/Validate.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

namespace quern::frontend {

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// More files in a chain of imports than any program has.
static constexpr unsigned importDepthLimit = 64;

static std::string identityOf(StringRef filePath) {
  llvm::SmallString<256> real;
  if (fs::real_path(filePath, real))
    return filePath.str();
  return real.str().str();
}

llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> Program::readFile(StringRef filePath) {
  paths.push_back(filePath.str());
  return readTextFile(filePath);
}

bool Program::loadLibrary(StringRef directory) {
  std::vector<std::string> texts;
  std::error_code error;
  for (fs::directory_iterator i(directory, error), end; i != end && !error; i.increment(error))
    if (path::extension(i->path()) == ".qn")
      texts.push_back(i->path());
  if (texts.empty()) {
    diagnostics.report<diag::NoLibrary>({}, directory);
    return false;
  }
  llvm::sort(texts);
  for (const std::string &filePath : texts) {
    auto buffer = readFile(filePath);
    if (!buffer) {
      diagnostics.report<diag::CannotRead>({}, filePath, buffer.getError().message());
      return false;
    }
    const SourceFile *file = load(std::move(*buffer), identityOf(filePath), /*isLibrary=*/true);
    define(libraryNames, *file);
  }
  return !diagnostics.hasErrors();
}

const SourceFile *Program::loadFile(StringRef filePath) {
  auto buffer = readFile(filePath);
  if (!buffer) {
    diagnostics.report<diag::CannotRead>({}, filePath, buffer.getError().message());
    return nullptr;
  }
  return load(std::move(*buffer), identityOf(filePath), /*isLibrary=*/false);
}

const SourceFile *Program::loadText(StringRef filePath, StringRef text) {
  return load(llvm::MemoryBuffer::getMemBufferCopy(text, filePath), identityOf(filePath),
              /*isLibrary=*/false);
}

const SourceFile *Program::load(std::unique_ptr<llvm::MemoryBuffer> buffer, StringRef identity,
                                bool isLibrary) {
  StringRef text = buffer->getBuffer();
  std::string name = buffer->getBufferIdentifier().str();
  unsigned id = diagnostics.sourceMgr().AddNewSourceBuffer(std::move(buffer), SMLoc());
  SourceFile &file = parseFile(name, text, isLibrary);
  byIdentity[identity] = &file;
  Record &record = records[&file];
  record.buffer = id;
  if (isLibrary)
    return &file;
  record.isBeingLoaded = true;
  define(record.names, file);
  resolveImports(file);
  records[&file].isBeingLoaded = false;
  return &file;
}

SourceFile &Program::parseFile(StringRef path, StringRef text, bool isLibrary) {
  Diagnostics::InOrder inOrder(diagnostics);
  unsigned errorsBefore = diagnostics.errorCount();
  files.push_back(parse(path, text, diagnostics));
  SourceFile &file = *files.back();
  file.isLibrary = isLibrary;
  validate(file, diagnostics);
  whole &= diagnostics.errorCount() == errorsBefore;
  return file;
}

std::vector<const SourceFile *> Program::userFiles() const {
  std::vector<const SourceFile *> result;
  for (const auto &file : files)
    if (!file->isLibrary)
      result.push_back(file.get());
  return result;
}

void Program::define(Names &names, const SourceFile &file) {
  for (const Callable *callable : file.callables)
    addName(names, {callable, nullptr, &file}, callable->name.text);
  for (const Constant *constant : file.constants)
    addName(names, {nullptr, constant, &file}, constant->name.text);
}

void Program::addName(Names &names, const Definition &definition, StringRef name) {
  auto [existing, isNew] = names.try_emplace(name, definition);
  if (isNew || existing->second.range().Start == definition.range().Start)
    return;
  diagnostics.report<diag::DuplicateDefinition>(definition.range(), name);
  diagnostics.report<diag::DefinedHere>(existing->second.range(), name);
}

void Program::resolveImports(SourceFile &file) {
  for (const ImportDecl &import : file.imports) {
    const SourceFile *imported = resolveImport(file, import);
    if (!imported) {
      whole = false;
      continue;
    }
    if (imported->isLibrary)
      continue;
    Names &names = records[&file].names;
    for (const Callable *callable : imported->callables)
      if (callable->kind == Callable::Kind::Module)
        addName(names, {callable, nullptr, imported}, callable->name.text);
    for (const Constant *constant : imported->constants)
      addName(names, {nullptr, constant, imported}, constant->name.text);
  }
}

const SourceFile *Program::resolveImport(const SourceFile &file, const ImportDecl &import) {
  std::string found = locateImport(file.path, import.path);
  if (found.empty()) {
    diagnostics.report<diag::ImportNotFound>(import.range, import.path);
    return nullptr;
  }
  std::string identity = identityOf(found);
  if (const SourceFile *loaded = byIdentity.lookup(identity)) {
    if (!records[loaded].isBeingLoaded)
      return loaded;
    reportCycle(file, import);
    return nullptr;
  }
  auto buffer = readFile(found);
  if (!buffer) {
    diagnostics.report<diag::CannotRead>(import.range, found, buffer.getError().message());
    return nullptr;
  }
  if (importDepth == importDepthLimit) {
    diagnostics.report<diag::ImportsTooDeep>(import.range, importDepthLimit);
    return nullptr;
  }
  ++importDepth;
  const SourceFile *imported = load(std::move(*buffer), identity, /*isLibrary=*/false);
  --importDepth;
  return imported;
}

void Program::reportCycle(const SourceFile &file, const ImportDecl &import) {
  bool isItself = identityOf(locateImport(file.path, import.path)) == identityOf(file.path);
  diagnostics.report<diag::ImportCycle>(
      import.range, import.path, isItself ? ": it is the file itself" : ", by way of others");
  // The files on the way: each is being loaded because of one of its importer's imports.
  for (const auto &other : files)
    for (const ImportDecl &link : other->imports)
      if (other.get() != &file && records[other.get()].isBeingLoaded) {
        std::string target = locateImport(other->path, link.path);
        const SourceFile *next = target.empty() ? nullptr : byIdentity.lookup(identityOf(target));
        if (next && records[next].isBeingLoaded)
          diagnostics.report<diag::ImportedHere>(link.range, link.path);
      }
}

std::string Program::locateImport(StringRef importer, StringRef name) const {
  if (path::is_absolute(name))
    return fs::exists(name) ? name.str() : std::string();
  llvm::SmallString<256> candidate = path::parent_path(importer);
  path::append(candidate, name);
  if (fs::exists(candidate))
    return candidate.str().str();
  for (const std::string &directory : importPaths) {
    candidate = directory;
    path::append(candidate, name);
    if (fs::exists(candidate))
      return candidate.str().str();
  }
  return "";
}

const Definition *Program::find(const SourceFile &file, StringRef name) const {
  if (auto record = records.find(&file); record != records.end()) {
    auto found = record->second.names.find(name);
    if (found != record->second.names.end())
      return &found->second;
  }
  auto found = libraryNames.find(name);
  return found == libraryNames.end() ? nullptr : &found->second;
}

std::vector<StringRef> Program::visibleNames(const SourceFile &file) const {
  std::vector<StringRef> names;
  for (StringRef name : records.find(&file)->second.names.keys())
    names.push_back(name);
  for (StringRef name : libraryNames.keys())
    names.push_back(name);
  return names;
}

std::string libraryDirectory(StringRef option) {
  if (!option.empty())
    return option.str();
  if (auto fromEnvironment = llvm::sys::Process::GetEnv("QUERN_LIBRARY"))
    return *fromEnvironment;
  static const char anchor = 0;
  llvm::SmallString<256> directory =
      path::parent_path(path::parent_path(fs::getMainExecutable("", const_cast<char *>(&anchor))));
  path::append(directory, "lib", "quern", "library");
  return directory.str().str();
}

} // namespace quern::frontend
