// `quern check`: names, types and shapes of a model, without compiling it.
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"

#include <fmt/format.h>

#include <memory>

namespace quern::tools {

void addCheckCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand("check", "check a model's names, types and shapes");
  auto source = std::make_shared<ModelSource>();
  auto weightsFile = std::make_shared<std::string>();
  auto isQuiet = std::make_shared<bool>(false);
  source->addTo(*command);
  command->add_option("--weights", *weightsFile, "check that these weights fit, too")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", *isQuiet, "print errors only");
  command->callback([=] {
    std::unique_ptr<mlir::MLIRContext> context = makeContext();
    if (!source->check(*context))
      throw CLI::RuntimeError(1);
    if (!weightsFile->empty()) {
      mlir::OwningOpRef<mlir::ModuleOp> module = source->load(*context);
      if (!module || !BoundWeights().bind(*module, *weightsFile))
        throw CLI::RuntimeError(1);
    }
    if (!*isQuiet)
      fmt::print("{}: no errors\n", source->path);
  });
}

} // namespace quern::tools
