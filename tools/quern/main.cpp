// `quern`: grinds models into kernels. Each subcommand is a file of its own.
#include "frontend/Diagnostics.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Weights.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr int exitFailure = 1, exitUsage = 2;

int fail(const std::string &message) {
  fmt::print(stderr, "error: {}\n", message);
  return exitFailure;
}

/// How many of the arguments are ours: in `run`, what follows "--" is for the program it starts.
int ownArguments(int argc, char **argv) {
  if (argc > 1 && std::strcmp(argv[1], "run") == 0)
    for (int i = 2; i < argc; ++i)
      if (std::strcmp(argv[i], "--") == 0)
        return i;
  return argc;
}

/// What is wrong with the first of `arguments` where it should be a command of `app`, or with the
/// next where that has commands, too; empty where nothing is.
std::string unknownCommand(const CLI::App &app, llvm::ArrayRef<char *> arguments) {
  std::vector<std::string> commands;
  for (const CLI::App *command : app.get_subcommands({}))
    commands.push_back(command->get_name());
  if (arguments.empty() || commands.empty())
    return "";
  llvm::StringRef name = arguments.front();
  if (name.starts_with("-"))
    return "";
  if (llvm::is_contained(commands, name))
    return unknownCommand(*app.get_subcommand(name.str()), arguments.drop_front());
  std::vector<llvm::StringRef> known(commands.begin(), commands.end());
  std::string nearest = quern::frontend::didYouMean(name, known);
  return fmt::format("no command '{}'{} There are {}", name, nearest.empty() ? "." : nearest,
                     fmt::join(commands, ", "));
}

/// What is wrong where a setting follows that of a --set, which no command would take for one;
/// empty where nothing is.
std::string straySetting(llvm::ArrayRef<char *> arguments) {
  for (size_t at = 1; at < arguments.size(); ++at) {
    llvm::StringRef before = arguments[at - 1], own = arguments[at], name = own.split('=').first;
    bool follows =
        before.consume_front("--set=") || (at > 1 && llvm::StringRef(arguments[at - 2]) == "--set");
    bool isSetting = name.size() < own.size() && !name.empty() &&
                     llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (follows && isSetting && !llvm::sys::fs::exists(own))
      return fmt::format("--set takes one NAME=VALUE: write --set {} --set {}", before.str(),
                         own.str());
  }
  return "";
}

int runCommand(int argc, char **argv) {
  // Diagnostics are coloured on a terminal; https://no-color.org.
  if (const char *plain = std::getenv("NO_COLOR"); plain && *plain)
    llvm::errs().enable_colors(false);
  CLI::App app("Grinds models into kernels: compiles a model description to a native binary.",
               "quern");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "quern 0.1");
  int own = ownArguments(argc, argv);
  std::vector<std::string> forProgram;
  if (own < argc)
    forProgram.assign(argv + own + 1, argv + argc);
  quern::tools::addCompileCommand(app);
  quern::tools::addRunCommand(app, forProgram);
  quern::tools::addCausalCommand(app);
  quern::tools::addCheckCommand(app);
  quern::tools::addFmtCommand(app);
  quern::tools::addInspectCommand(app);
  quern::tools::addConvCommand(app);
  quern::tools::addWeightsCommand(app);
  // Not before: commands would inherit it.
  app.footer("Each command explains itself: quern compile --help");

  if (std::string what = unknownCommand(app, llvm::ArrayRef(argv, own).drop_front());
      !what.empty()) {
    fmt::print(stderr, "error: {}\n", what);
    return exitUsage;
  }
  if (std::string what = straySetting(llvm::ArrayRef(argv, own)); !what.empty()) {
    fmt::print(stderr, "error: {}\n", what);
    return exitUsage;
  }
  try {
    app.parse(own, argv);
  } catch (const CLI::RuntimeError &failure) {
    return failure.get_exit_code();
  } catch (const CLI::Success &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &mistake) {
    fmt::print(stderr, "error: {}\nRun with --help for more information.\n", mistake.what());
    return exitUsage;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stderr);
    return exitUsage;
  }
  return 0;
}

/// Whether all that was printed has arrived: a full disk shows only at the end.
bool flushOutput() {
  llvm::outs().flush();
  bool isWhole = !llvm::outs().has_error();
  llvm::outs().clear_error();
  std::cout.flush();
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good() && isWhole;
}

} // namespace

int main(int argc, char **argv) {
  try {
    int code = runCommand(argc, argv);
    return flushOutput() ? code : fail("cannot write to the standard output");
  } catch (const std::bad_alloc &) {
    return fail("out of memory");
  } catch (const std::exception &error) {
    // Of fmt::print, for instance, where the disk is full.
    return fail(error.what());
  }
}
