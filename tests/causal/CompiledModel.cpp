#include "tests/causal/CompiledModel.h"

#include "codegen/Build.h"
#include "codegen/Symbols.h"
#include "ir/Infer.h"
#include "passes/Model.h"
#include "passes/Pipeline.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace quern::passes {
namespace {

bool build(mlir::ModuleOp module, const Parameters &parameters, const std::string &output) {
  mlir::OwningOpRef<mlir::ModuleOp> compiled(module.clone());
  // What breaks its contract is to run, too.
  modelOf(*compiled)->removeAttr(ir::names::causal);
  if (mlir::failed(runPipeline(*compiled)))
    return false;
  std::string error;
  auto target = codegen::parseTarget("host", error);
  codegen::BuildOptions options;
  options.emit = codegen::EmitKind::shared;
  options.output = output;
  options.cacheFolder = QUERN_BINARY_DIR "/test-cache";
  options.libraryFolder = QUERN_BINARY_DIR "/lib/quern";
  options.includeFolder = QUERN_BINARY_DIR "/include";
  options.load = [&](ir::ParameterOp op) -> mlir::FailureOr<ir::HostTensor> {
    ir::HostTensor tensor = ir::HostTensor::allocate(ir::tensorType(op.getResult()));
    tensor.storeRow(0, parameters.find(op.getKey().str())->second.values);
    return tensor;
  };
  return mlir::succeeded(codegen::build(*compiled, *target, options));
}

} // namespace

CompiledModel::CompiledModel(mlir::ModuleOp module, const Parameters &parameters)
    : folder((std::filesystem::temp_directory_path() / "quern-causal-XXXXXX").string()) {
  if (mkdtemp(folder.data()) == nullptr || !build(module, parameters, folder + "/model.so")) {
    ADD_FAILURE() << "cannot make the model";
    return;
  }
  library = dlopen((folder + "/model.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    ADD_FAILURE() << dlerror();
    return;
  }
  auto accessor = reinterpret_cast<const quern_model *(*)()>(
      dlsym(library, codegen::accessorSymbol("model").c_str()));
  auto create = reinterpret_cast<decltype(&::quern_create)>(dlsym(library, "quern_create"));
  runModel = reinterpret_cast<decltype(&::quern_run)>(dlsym(library, "quern_run"));
  destroy = reinterpret_cast<decltype(&::quern_destroy)>(dlsym(library, "quern_destroy"));
  if (!accessor || !create || !runModel || !destroy ||
      create(accessor(), nullptr, &context) != QUERN_OK)
    ADD_FAILURE() << "cannot load the model";
}

CompiledModel::~CompiledModel() {
  if (context)
    destroy(context);
  if (library)
    dlclose(library);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

reference::Tensor CompiledModel::run(const reference::Tensor &input,
                                     llvm::ArrayRef<int64_t> shape) const {
  reference::Tensor output(shape.vec());
  const void *inputs[] = {input.values.data()};
  void *outputs[] = {output.values.data()};
  EXPECT_EQ(runModel(context, inputs, outputs), QUERN_OK);
  return output;
}

} // namespace quern::passes
