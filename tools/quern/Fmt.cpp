// `quern fmt`: the one style of .qn files.
#include "codegen/OutputFile.h"
#include "frontend/Format.h"
#include "frontend/TextFile.h"
#include "tools/quern/Commands.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <memory>

namespace quern::tools {
namespace {

struct FmtOptions {
  std::vector<std::string> paths;
  bool isCheck = false;
};

enum class Outcome { formatted, alreadyFormatted, failed };

/// The formatted text of the file, or of standard input for "-".
std::optional<std::string> formatFile(const std::string &path, std::string &original) {
  auto buffer = path == "-" ? frontend::readStandardInput() : frontend::readTextFile(path);
  if (!buffer) {
    fmt::print(stderr, "error: cannot read '{}': {}\n", path, buffer.getError().message());
    return std::nullopt;
  }
  llvm::SourceMgr sources;
  frontend::Diagnostics diagnostics(sources, llvm::errs());
  original = (*buffer)->getBuffer().str();
  unsigned id = sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  return frontend::format(path, sources.getMemoryBuffer(id)->getBuffer(), diagnostics);
}

Outcome formatOne(const std::string &path, bool isCheck) {
  std::string original;
  std::optional<std::string> text = formatFile(path, original);
  if (!text)
    return Outcome::failed;
  if (path == "-" && !isCheck) {
    llvm::outs() << *text;
    return Outcome::formatted;
  }
  if (*text == original)
    return Outcome::alreadyFormatted;
  if (isCheck) {
    fmt::print(stderr, "{}: not formatted; run quern fmt {}\n", path, path);
    return Outcome::failed;
  }
  if (llvm::Error error =
          codegen::writeOutput(path, {llvm::ArrayRef(text->data(), text->size())})) {
    fmt::print(stderr, "error: {}\n", llvm::toString(std::move(error)));
    return Outcome::failed;
  }
  return Outcome::formatted;
}

} // namespace

void addFmtCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand("fmt", "format model files in place");
  auto options = std::make_shared<FmtOptions>();
  command
      ->add_option("FILE", options->paths, "files; '-' formats standard input to standard output")
      ->required();
  command->add_flag("--check", options->isCheck, "change nothing; fail if a file is not formatted");
  command->callback([options] {
    bool hasFailed = false;
    for (const std::string &path : options->paths)
      hasFailed |= formatOne(path, options->isCheck) == Outcome::failed;
    if (hasFailed)
      throw CLI::RuntimeError(1);
  });
}

} // namespace quern::tools
