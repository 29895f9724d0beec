#include "codegen/Build.h"

#include "codegen/Backend.h"
#include "codegen/Compile.h"
#include "codegen/Header.h"
#include "codegen/Link.h"
#include "codegen/Listing.h"
#include "codegen/OutputFile.h"
#include "codegen/Symbols.h"
#include "codegen/llvm/Driver.h"
#include "codegen/llvm/JoinIr.h"
#include "codegen/llvm/KernelObject.h"
#include "codegen/llvm/ModelImage.h"
#include "codegen/llvm/ObjectFile.h"
#include "codegen/llvm/Weights.h"
#include "ir/Layout.h"
#include "runtime/ImageView.h"
#include "runtime/formats/ScratchFolder.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <map>

namespace quern::codegen {
namespace {

class Build {
public:
  Build(mlir::ModuleOp module, const Target &target, const BuildOptions &options)
      : module(module), target(target), options(options) {}

  mlir::FailureOr<BuildReport> run() {
    findFunctions();
    for (const CompiledFunction &compiled : functions)
      if (mlir::failed(assignWeightLayouts(compiled.module, target)))
        return mlir::failure();
    if (options.emit == EmitKind::mlir)
      return emitText(moduleText());
    if (options.emit == EmitKind::halide)
      return emitLoops();
    buffers.emplace(launchFunctions());
    // Beside the kernels, which need none of them; afterwards where kernels may be refused.
    std::future<mlir::LogicalResult> computed =
        std::async(options.accepts ? std::launch::deferred : std::launch::async,
                   [this] { return computeWeights(); });
    if (mlir::failed(compileAccepted()))
      return mlir::failure();
    step("computing weights");
    if (mlir::failed(computed.get()) || mlir::failed(describe()) ||
        mlir::failed(emitDriverObject()))
      return mlir::failure();
    if (options.emit == EmitKind::llvm)
      return emitIr();
    if (options.emit == EmitKind::assembly)
      return emitText(driverText + kernelText("#"));
    if (mlir::failed(linkOutput()))
      return mlir::failure();
    return report;
  }

private:
  mlir::LogicalResult fail(llvm::Error error) {
    return mlir::emitError(mlir::UnknownLoc::get(module.getContext()))
           << llvm::toString(std::move(error));
  }

  void step(llvm::StringRef what, int done = 0, int total = 0) {
    if (options.progress)
      options.progress(what, done, total);
  }

  /// The model, then its step programs, each in a module of its own.
  void findFunctions() {
    functions.push_back(functionsOf(module));
    for (auto step : module.getOps<mlir::ModuleOp>())
      functions.push_back(functionsOf(step));
    model = functions.front().function;
    symbol = model.getSymName().str();
  }

  static CompiledFunction functionsOf(mlir::ModuleOp module) {
    CompiledFunction found{module, {}, {}};
    for (auto function : module.getOps<mlir::func::FuncOp>()) {
      if (function->hasAttr(ir::names::model))
        found.function = function;
      if (function->hasAttr(ir::names::prepare))
        found.prepare = function;
    }
    assert(found.function && "the passes leave one model in a module");
    return found;
  }

  std::vector<mlir::func::FuncOp> launchFunctions() const {
    std::vector<mlir::func::FuncOp> launching;
    launching.reserve(functions.size());
    for (const CompiledFunction &compiled : functions)
      launching.push_back(compiled.function);
    return launching;
  }

  std::string moduleText() {
    std::string text;
    llvm::raw_string_ostream(text) << module << "\n";
    return text;
  }

  /// Listings of the kernels, one after the other, each below a comment with the names of its
  /// kernels.
  std::string kernelText(llvm::StringRef comment) {
    std::string text;
    size_t number = 0;
    for (const auto &[kernelSymbol, bytes] : objects) {
      text += fmt::format("{} {}:", comment.str(), kernelSymbol);
      for (const CompiledKernel &kernel : kernels)
        if (kernel.symbol == kernelSymbol)
          text += " " + kernel.name;
      bool isAssembly = options.emit == EmitKind::assembly;
      text += fmt::format("\n{}\n", isAssembly ? withOwnLabels(*bytes, ++number) : *bytes);
    }
    return text;
  }

  KernelOutput kernelOutput() const {
    switch (options.emit) {
    case EmitKind::halide:
      return KernelOutput::loops;
    case EmitKind::assembly:
      return KernelOutput::assembly;
    case EmitKind::llvm:
      return KernelOutput::llvm;
    default:
      return KernelOutput::object;
    }
  }

  /// Fails where what is known of the kernels is refused, too.
  mlir::LogicalResult compileAccepted() {
    if (mlir::failed(compile()))
      return mlir::failure();
    return mlir::success(!options.accepts || options.accepts(report.facts));
  }

  mlir::LogicalResult compile() {
    auto start = std::chrono::steady_clock::now();
    for (CompiledFunction &compiled : functions)
      if (mlir::failed(compile(compiled)))
        return mlir::failure();
    report.kernelSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return mlir::success();
  }

  mlir::LogicalResult compile(CompiledFunction &compiled) {
    CompileOptions compileOptions;
    compileOptions.cacheDir = options.cacheFolder;
    compileOptions.jobs = options.jobs;
    compileOptions.output = kernelOutput();
    compileOptions.progress = [&](size_t done, size_t all) {
      step(&compiled == &functions.front() ? "compiling kernels" : "compiling kernels of steps",
           static_cast<int>(done), static_cast<int>(all));
    };
    mlir::FailureOr<std::vector<CompiledKernel>> made =
        compileKernels(compiled.module, target, compileOptions);
    if (mlir::failed(made))
      return mlir::failure();
    for (CompiledKernel &kernel : *made) {
      compiled.kernelSymbols[kernel.name] = kernel.symbol;
      if (&compiled == &functions.front())
        report.facts.push_back({kernel.name,
                                {kernel.threadScratchBytes, kernel.serialScratchBytes},
                                kernel.multiplications,
                                kernel.milliseconds});
      if (objects.insert({kernel.symbol, kernel.bytes}).second) {
        ++report.kernels;
        report.kernelsFromCache += kernel.fromCache;
        Scratch &most = report.scratch;
        most.threadBytes = std::max(most.threadBytes, kernel.threadScratchBytes);
        most.serialBytes = std::max(most.serialBytes, kernel.serialScratchBytes);
      }
      kernels.push_back(std::move(kernel));
    }
    return mlir::success();
  }

  mlir::LogicalResult computeWeights() {
    weights.resize(buffers->weightsBytes());
    for (const CompiledFunction &compiled : functions)
      if (mlir::failed(writeWeights(
              compiled.prepare, compiled.function, *buffers,
              [this](ir::ParameterOp parameter) { return options.load(parameter); }, weights)))
        return mlir::failure();
    buffers->shareWeights(weights);
    return mlir::success();
  }

  bool embedsWeights() const { return !options.hasWeightsFile && !weights.empty(); }
  std::string weightsPath() const { return options.output + ".weights"; }

  mlir::LogicalResult describe() {
    ImageFacts facts;
    facts.targetName = target.name + " (" + target.halide + ")";
    facts.arch = target.arch;
    facts.device = target.device;
    facts.cpuFeatures = target.cpuFeatures;
    facts.threadScratchBytes = report.scratch.threadBytes;
    facts.serialScratchBytes = report.scratch.serialBytes;
    facts.weightsHash = runtime::hashBytes(weights.data(), weights.size());
    if (options.hasWeightsFile && !weights.empty())
      facts.weightsFile = llvm::sys::path::filename(weightsPath()).str();
    image = buildImage(functions, *buffers, facts);
    runtime::ImageView view;
    if (const char *problem = view.open(image.data(), image.size()))
      return model.emitError()
             << "the runtime would refuse the compiled model, as " << problem
             << ": a defect of the compiler, please report it; where its steps are at fault, "
                "--steps never compiles the rest";
    report.launches = static_cast<int>(llvm::range_size(model.getOps<ir::LaunchOp>()));
    for (const CompiledFunction &compiled : functions)
      report.arenaBytes = std::max(report.arenaBytes, static_cast<int64_t>(compiled.arenaBytes()));
    report.weightsBytes = static_cast<int64_t>(weights.size());
    return mlir::success();
  }

  mlir::LogicalResult emitDriverObject() {
    step("compiling the driver");
    DriverFacts facts;
    facts.symbol = symbol;
    facts.image = image;
    facts.embedsWeights = embedsWeights();
    facts.weightsBytes = weights.size();
    facts.deviceSymbol = target.onDevice() ? "quern_opencl_device" : "";
    mlir::OwningOpRef<mlir::ModuleOp> driver = buildDriver(functions, *buffers, facts);
    DriverForm form = options.emit == EmitKind::llvm       ? DriverForm::llvmIr
                      : options.emit == EmitKind::assembly ? DriverForm::assembly
                                                           : DriverForm::object;
    mlir::FailureOr<llvm::SmallVector<char>> bytes = emitDriver(*driver, target.triple, form);
    if (mlir::failed(bytes))
      return mlir::failure();
    driverText.assign(bytes->begin(), bytes->end());
    return mlir::success();
  }

  mlir::FailureOr<BuildReport> emitLoops() {
    if (mlir::failed(compileAccepted()))
      return mlir::failure();
    return emitText(kernelText("//"));
  }

  /// Driver and kernels as one module, which LLVM's own tools take.
  mlir::FailureOr<BuildReport> emitIr() {
    std::vector<llvm::StringRef> modules{driverText};
    for (const auto &[kernelSymbol, bytes] : objects)
      modules.push_back(*bytes);
    llvm::Expected<std::string> joined = joinIr(modules);
    if (!joined)
      return fail(joined.takeError());
    return emitText(*joined);
  }

  mlir::FailureOr<BuildReport> emitText(const std::string &text) {
    if (options.output == "-") {
      llvm::outs() << text;
      return report;
    }
    if (llvm::Error error = writeOutput(options.output, {llvm::ArrayRef(text.data(), text.size())}))
      return fail(std::move(error));
    report.outputBytes = static_cast<int64_t>(text.size());
    return report;
  }

  /// Writes every object into the scratch folder and lists them.
  llvm::Expected<std::vector<std::string>> writeObjects(const runtime::ScratchFolder &scratch) {
    std::vector<std::string> files;
    auto add = [&](const std::string &name, llvm::ArrayRef<char> bytes) {
      files.push_back(scratch.file(name));
      return writeOutput(files.back(), bytes);
    };
    if (llvm::Error error =
            add(symbol + "_driver.o", llvm::ArrayRef(driverText.data(), driverText.size())))
      return error;
    for (const auto &[kernel, bytes] : objects) {
      llvm::Expected<llvm::SmallVector<char>> object = shareableKernel(*bytes, kernel);
      if (!object)
        return object.takeError();
      if (llvm::Error error = add(kernel + ".o", *object))
        return error;
    }
    std::string why;
    mlir::FailureOr<std::string> deviceRuntime = deviceRuntimeObject(target, why);
    if (mlir::failed(deviceRuntime))
      return llvm::createStringError(why);
    if (!deviceRuntime->empty())
      if (llvm::Error error =
              add("device_runtime.o", llvm::ArrayRef(deviceRuntime->data(), deviceRuntime->size())))
        return error;
    if (!embedsWeights())
      return files;
    std::string blob = scratch.file("weights.bin");
    files.push_back(scratch.file(symbol + "_weights.o"));
    if (llvm::Error error = writeOutput(blob, llvm::ArrayRef<char>(weights)))
      return error;
    if (llvm::Error error = embedFile(blob, weightsSymbol(symbol), files.back()))
      return error;
    return files;
  }

  LinkKind linkKind() const {
    switch (options.emit) {
    case EmitKind::shared:
      return LinkKind::shared;
    case EmitKind::staticLibrary:
      return LinkKind::staticArchive;
    case EmitKind::object:
      return LinkKind::object;
    default:
      return LinkKind::executable;
    }
  }

  mlir::LogicalResult linkOutput() {
    step("linking");
    runtime::Result<runtime::ScratchFolder> scratch = runtime::ScratchFolder::create();
    if (!scratch)
      return fail(llvm::createStringError(scratch.error()));
    llvm::Expected<std::vector<std::string>> files = writeObjects(*scratch);
    if (!files)
      return fail(files.takeError());
    LinkJob job;
    job.kind = linkKind();
    job.accessor = accessorSymbol(symbol);
    job.objects = *files;
    job.soname = llvm::sys::path::filename(options.output).str();
    job.libraryFolder = options.libraryFolder;
    job.libraries = backendOf(target).libraries();
    job.output = scratch->file("output");
    job.scratchFolder = scratch->file("");
    if (llvm::Error error = link(job))
      return fail(std::move(error));
    if (llvm::Error error = install(job.output))
      return fail(std::move(error));
    uint64_t size = 0;
    if (!llvm::sys::fs::file_size(options.output, size))
      report.outputBytes = static_cast<int64_t>(size);
    return mlir::success();
  }

  /// Shared libraries are marked so, too, as linkers do.
  bool isProgram() const {
    return options.emit == EmitKind::executable || options.emit == EmitKind::shared;
  }

  /// Puts the side files first and the output last: whoever finds the output finds all.
  llvm::Error install(const std::string &linked) {
    if (options.hasWeightsFile && !weights.empty())
      if (llvm::Error error = writeWeightsFile(weightsPath(), weights, imageIdentity(image)))
        return error;
    if (llvm::Error error = installHeaders())
      return error;
    return installOutput(linked, options.output, isProgram());
  }

  llvm::Error installHeaders() {
    std::vector<std::string> headers = headersOf(options.emit, options.output);
    if (headers.empty())
      return llvm::Error::success();
    std::string text = modelHeader(model, symbol, target.name);
    if (llvm::Error error = writeOutput(headers[0], {llvm::ArrayRef(text.data(), text.size())}))
      return error;
    return installOutput(options.includeFolder + "/quern.h", headers[1]);
  }

  mlir::ModuleOp module;
  const Target &target;
  const BuildOptions &options;
  mlir::func::FuncOp model;
  std::vector<CompiledFunction> functions;
  std::string symbol;
  std::vector<CompiledKernel> kernels;
  /// The object (or text) of each kernel symbol, in a fixed order.
  std::map<std::string, std::shared_ptr<const std::string>> objects;
  std::optional<BufferTable> buffers;
  std::vector<char> weights, image;
  std::string driverText;
  BuildReport report;
};

} // namespace

mlir::FailureOr<BuildReport> build(mlir::ModuleOp module, const Target &target,
                                   const BuildOptions &options) {
  return Build(module, target, options).run();
}

} // namespace quern::codegen
