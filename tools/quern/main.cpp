// `quern`: grinds models into kernels. Each subcommand is a file of its own.
#include "tools/quern/Commands.h"
#include "tools/quern/Weights.h"

#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
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

int runCommand(int argc, char **argv) {
  CLI::App app("Grinds models into kernels: compiles a model description to a native binary.",
               "quern");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "quern 0.1");
  app.footer("Each command explains itself: quern compile --help");

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
  } catch (const std::system_error &error) {
    // fmt::print, where the disk is full.
    return fail(error.what());
  }
}
