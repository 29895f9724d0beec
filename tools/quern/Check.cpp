// `quern check`: names, types, shapes and causal contracts of models, without compiling them.
#include "ir/Quern.h"
#include "passes/Pipeline.h"
#include "tools/quern/Commands.h"
#include "tools/quern/Compilation.h"

#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <memory>

namespace quern::tools {

namespace {

/// Whether those of the source's faultless models that state a causal contract keep it. Where one
/// does not, the counterexample is printed.
bool keepContracts(ModelSource source, mlir::MLIRContext &context) {
  std::vector<std::string> names{source.modelName};
  if (source.modelName.empty())
    names = frontend::models(source.path, llvm::nulls());
  bool keepsAll = true;
  for (const std::string &name : names) {
    source.modelName = name;
    mlir::OwningOpRef<mlir::ModuleOp> module = source.load(context, /*isQuiet=*/true);
    if (!module)
      return false;
    if (!modelFunction(*module)->hasAttr(ir::names::causal))
      continue;
    mlir::PassManager pm(&context);
    passes::buildProof(pm);
    keepsAll &= mlir::succeeded(pm.run(*module));
  }
  return keepsAll;
}

/// How many models the source has, if they and the weights given for them have no faults, which are
/// printed.
std::optional<size_t> checkModels(const ModelSource &source, const std::string &weightsFile,
                                  bool isQuiet) {
  Warnings warnings(isQuiet);
  std::unique_ptr<mlir::MLIRContext> context = makeContext(&warnings);
  std::optional<size_t> models = source.check(*context, isQuiet);
  if (!models || !keepContracts(source, *context))
    return std::nullopt;
  if (weightsFile.empty())
    return models;
  mlir::OwningOpRef<mlir::ModuleOp> module = source.load(*context, /*isQuiet=*/true);
  return module && BoundWeights().bind(*module, weightsFile, warnings) ? models : std::nullopt;
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
