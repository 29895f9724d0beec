// `quern`: grinds models into kernels. Each subcommand is a file of its own.
#include "tools/quern/Commands.h"
#include "tools/quern/Weights.h"

#include <cstdio>

int main(int argc, char **argv) {
  CLI::App app("Grinds models into kernels: compiles a model description to a native binary.",
               "quern");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "quern 0.1");
  app.footer("Each command explains itself: quern compile --help");

  quern::tools::addCompileCommand(app);
  quern::tools::addRunCommand(app);
  quern::tools::addCheckCommand(app);
  quern::tools::addFmtCommand(app);
  quern::tools::addInspectCommand(app);
  quern::tools::addWeightsCommand(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError &failure) {
    return failure.get_exit_code();
  } catch (const CLI::Success &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &mistake) {
    app.exit(mistake);
    return 2;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stderr);
    return 2;
  }
  return 0;
}
