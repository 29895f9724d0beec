// `quern check`: names, types, shapes and causal contracts of models, without compiling them.
#include "ir/Quern.h"
#include "passes/Pipeline.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"

#include <fmt/format.h>

#include <memory>

namespace quern::tools {

namespace {

/// Whether a model keeps the causal contract that it may state. Where it does not, the
/// counterexample is printed.
bool keepsContract(mlir::ModuleOp module) {
  if (!modelFunction(module)->hasAttr(ir::names::causal))
    return true;
  mlir::PassManager pm(module.getContext());
  passes::buildProof(pm);
  return mlir::succeeded(pm.run(module));
}

/// How many models the source has, if they and the weights given for them have no faults, which are
/// printed.
std::optional<size_t> checkModels(const ModelSource &source, const std::string &weightsFile,
                                  bool isQuiet) {
  Warnings warnings(isQuiet);
  std::unique_ptr<mlir::MLIRContext> context = makeContext(&warnings);
  auto modules = source.check(*context, isQuiet);
  if (!modules)
    return std::nullopt;
  bool keepAll = true;
  for (mlir::OwningOpRef<mlir::ModuleOp> &module : *modules)
    keepAll &= keepsContract(*module);
  if (!keepAll)
    return std::nullopt;
  if (weightsFile.empty())
    return modules->size();
  mlir::OwningOpRef<mlir::ModuleOp> module = source.load(*context, /*isQuiet=*/true);
  return module && BoundWeights().bind(*module, weightsFile, warnings)
             ? std::optional(modules->size())
             : std::nullopt;
}

} // namespace

void addCheckCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "check", "check names, and the types, shapes and causal contracts of models");
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
      std::optional<size_t> models = checkModels(*source, *weightsFile, *isQuiet);
      isFaultless &= models.has_value();
      if (models && !*isQuiet)
        fmt::print("{}: no errors{}\n", path,
                   *models > 0 ? "" : "; no model either, so its modules' shapes are not checked");
    }
    if (!isFaultless)
      throw CLI::RuntimeError(1);
  });
}

} // namespace quern::tools
