#include "tools/quern/conv/BuiltConv.h"

#include "codegen/Build.h"
#include "codegen/Symbols.h"
#include "runtime/formats/ScratchFolder.h"
#include "tools/quern/ModelSource.h"

#include <dlfcn.h>

#include <chrono>

namespace quern::tools {
namespace {

/// The launches of a convModel, in order; the second is the convolution.
constexpr size_t convLaunch = 1;

} // namespace

std::unique_ptr<BuiltConv> BuiltConv::build(mlir::MLIRContext &context, const ConvVariant &variant,
                                            llvm::ArrayRef<char> filter,
                                            const codegen::Target &target, unsigned jobs,
                                            SharedPool &pool, std::string &why) {
  auto start = std::chrono::steady_clock::now();
  // What the compiler complains of becomes the reason.
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    why = diagnostic.str();
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module = convModel(context, variant);
  runtime::Result<runtime::ScratchFolder> folder = runtime::ScratchFolder::create();
  if (!folder) {
    why = folder.error();
    return nullptr;
  }
  codegen::BuildOptions options;
  options.emit = codegen::EmitKind::shared;
  options.output = folder->file("libconv.so");
  options.cacheFolder = cacheFolder();
  options.jobs = static_cast<int>(jobs);
  // Spectra can take more than 50 MiB, which would pass through the assembler and the linker.
  options.hasWeightsFile = true;
  options.libraryFolder = libraryFolder();
  options.includeFolder = includeFolder();
  options.load = [&](ir::ParameterOp parameter) -> mlir::FailureOr<ir::HostTensor> {
    return ir::HostTensor::borrow(llvm::cast<mlir::RankedTensorType>(parameter.getType()), filter,
                                  nullptr);
  };
  mlir::FailureOr<codegen::BuildReport> report = mlir::failure();
  if (module)
    report = codegen::build(*module, target, options);
  if (mlir::failed(report))
    return nullptr;

  std::unique_ptr<BuiltConv> built(new BuiltConv);
  for (const codegen::KernelFacts &kernel : report->facts)
    if (kernel.name == convKernelName) {
      built->workspace = kernel.scratch.bytesOn(pool.threads());
      built->products = kernel.multiplications;
    }
  built->weights = report->weightsBytes;
  built->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return built->load(options.output, pool, why) ? std::move(built) : nullptr;
}

template <typename Function>
bool BuiltConv::find(Function &function, const char *name, std::string &why) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (!function)
    why = std::string("the library lacks ") + name;
  return function != nullptr;
}

bool BuiltConv::load(const std::string &library, SharedPool &pool, std::string &why) {
  handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    why = dlerror();
    return false;
  }
  const quern_model *(*model)() = nullptr;
  decltype(&quern_create) create = nullptr;
  if (!find(model, codegen::accessorSymbol("conv").c_str(), why) ||
      !find(create, "quern_create", why) || !find(lastError, "quern_last_error", why) ||
      !find(runModel, "quern_run", why) || !find(profile, "quern_profile", why) ||
      !find(resetProfile, "quern_profile_reset", why) || !find(destroy, "quern_destroy", why))
    return false;
  quern_options options = QUERN_OPTIONS_DEFAULT;
  pool.lendTo(options);
  options.profile = 1;
  if (create(model(), &options, &context) == QUERN_OK)
    return true;
  why = lastError(nullptr);
  return false;
}

BuiltConv::~BuiltConv() {
  if (context)
    destroy(context);
  if (handle)
    dlclose(handle);
}

double BuiltConv::run(const void *input, void *output) {
  const void *inputs[] = {input};
  void *outputs[] = {output};
  resetProfile(context);
  quern_profile_entry entry{};
  if (runModel(context, inputs, outputs) != QUERN_OK ||
      profile(context, convLaunch, &entry) != QUERN_OK) {
    failure = lastError(context);
    return std::numeric_limits<double>::infinity();
  }
  return static_cast<double>(entry.total_ns) * 1e-6;
}

} // namespace quern::tools
