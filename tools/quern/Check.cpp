// `quern check`: names, types and shapes of a model, without compiling it.
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"

#include <fmt/format.h>

#include <memory>

namespace quern::tools {

namespace {

/// Whether the model, and the weights if there are any for it, have no faults; prints them.
bool checkModel(const ModelSource &source, const std::string &weightsFile) {
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  if (!source.check(*context))
    return false;
  if (weightsFile.empty())
    return true;
  mlir::OwningOpRef<mlir::ModuleOp> module = source.load(*context);
  return module && BoundWeights().bind(*module, weightsFile);
}

} // namespace

void addCheckCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand("check", "check models' names, types and shapes");
  auto source = std::make_shared<ModelSource>();
  auto paths = std::make_shared<std::vector<std::string>>();
  auto weightsFile = std::make_shared<std::string>();
  auto isQuiet = std::make_shared<bool>(false);
  command->add_option("MODEL", *paths, "the models' sources, .qn files")->required();
  source->addOptionsTo(*command);
  command->add_option("--weights", *weightsFile, "check that these weights fit, too")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", *isQuiet, "print errors only");
  command->callback([=] {
    bool isFaultless = true;
    for (const std::string &path : *paths) {
      source->path = path;
      bool isFine = checkModel(*source, *weightsFile);
      if (isFine && !*isQuiet)
        fmt::print("{}: no errors\n", path);
      isFaultless &= isFine;
    }
    if (!isFaultless)
      throw CLI::RuntimeError(1);
  });
}

} // namespace quern::tools
