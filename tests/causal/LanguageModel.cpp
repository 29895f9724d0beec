#include "tests/causal/LanguageModel.h"

#include "passes/Model.h"
#include "passes/Pipeline.h"

#include <gtest/gtest.h>

namespace quern::passes {

LanguageModel::LanguageModel(Compile compile) : context(mlir::MLIRContext::Threading::DISABLED) {
  frontend::Options options;
  options.library = QUERN_SOURCE_DIR "/frontend/library";
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  module = compile(options, context, stream);
  EXPECT_TRUE(module) << messages;
  if (!module)
    return;
  mlir::PassManager simplify(&context);
  buildSimplify(simplify);
  EXPECT_TRUE(mlir::succeeded(simplify.run(*module)));
}

LanguageModel::LanguageModel(llvm::StringRef text)
    : LanguageModel(Compile([&](auto &options, auto &context, auto &diagnostics) {
        return frontend::compileText("test.qn", text, options, context, diagnostics);
      })) {}

LanguageModel::LanguageModel(llvm::StringRef path, const Settings &settings)
    : LanguageModel(Compile([&](auto &options, auto &context, auto &diagnostics) {
        options.settings = settings;
        return frontend::compile(path, options, context, diagnostics);
      })) {}

CausalAnalysis analysed(mlir::ModuleOp module) {
  mlir::func::FuncOp model = modelOf(module);
  return *analyseCausality(model, model->getAttrOfType<ir::CausalAttr>(ir::names::causal));
}

} // namespace quern::passes
