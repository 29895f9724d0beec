// The one place where Halide runs and where its exceptions end: each becomes an error at the
// kernel's location.
#include "codegen/Compile.h"

#include "codegen/halide/KernelBuilder.h"
#include "codegen/halide/KernelCache.h"
#include "codegen/halide/MultiplicationCount.h"
#include "codegen/halide/ScratchSize.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

namespace quern::codegen {
namespace {

/// One distinct kernel.
struct Job {
  mlir::func::FuncOp kernel;
  std::string key;
  std::string symbol;
  CachedKernel result = {};
  bool fromCache = false;
  double milliseconds = 0;
  std::optional<EmitError> error = {};
};

/// The kernel's text without its name and locations: equal text, equal code.
std::string textOf(mlir::func::FuncOp kernel) {
  mlir::OwningOpRef<mlir::func::FuncOp> clone(kernel.clone());
  clone->setSymName("kernel");
  std::string text;
  llvm::raw_string_ostream out(text);
  clone->print(out, mlir::OpPrintingFlags().useLocalScope().printGenericOpForm());
  return text;
}

/// The target with the features that concern how kernels are called.
Halide::Target callTarget(const Target &target, bool asserts) {
  Halide::Target full = Halide::Target(target.halide)
                            .with_feature(Halide::Target::UserContext)
                            .with_feature(Halide::Target::NoRuntime);
  if (asserts)
    return full;
  return full.with_feature(Halide::Target::NoAsserts).with_feature(Halide::Target::NoBoundsQuery);
}

/// A file that is gone when this is.
struct ScratchFile {
  llvm::SmallString<128> path;
  explicit ScratchFile(llvm::StringRef suffix) {
    if (std::error_code code = llvm::sys::fs::createTemporaryFile("quern-kernel", suffix, path))
      throw std::runtime_error("cannot make a temporary file: " + code.message());
  }
  ~ScratchFile() { (void)llvm::sys::fs::remove(path); }
  ScratchFile(const ScratchFile &) = delete;
  ScratchFile &operator=(const ScratchFile &) = delete;

  std::string read() const {
    auto file =
        llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!file)
      throw std::runtime_error("cannot read back a temporary file: " + file.getError().message());
    return (*file)->getBuffer().str();
  }
};

void compile(Job &job, const Target &target, const CompileOptions &options) {
  KernelGraph graph = KernelBuilder(job.kernel, target).build();
  backendOf(target).schedule(graph, target);

  std::vector<Halide::Argument> arguments(graph.inputs.begin(), graph.inputs.end());
  Halide::Pipeline pipeline(graph.output);
  MeasureScratch scratch;
  pipeline.add_custom_lowering_pass(&scratch, [] {});
  CountMultiplications multiplications;
  pipeline.add_custom_lowering_pass(&multiplications, [] {});
  bool assembly = options.output == KernelOutput::assembly;
  ScratchFile file(options.output == KernelOutput::object ? "o" : assembly ? "s" : "stmt");
  Halide::OutputFileType type = options.output == KernelOutput::object
                                    ? Halide::OutputFileType::object
                                : assembly ? Halide::OutputFileType::assembly
                                           : Halide::OutputFileType::stmt;
  pipeline.compile_to({{type, file.path.str().str()}}, arguments, job.symbol,
                      callTarget(target, options.asserts));
  job.result = {file.read(), scratch.size.thread, scratch.size.serial, multiplications.count};
}

/// compile(), with every failure noted at the kernel.
void compileGuarded(Job &job, const Target &target, const CompileOptions &options) {
  mlir::Location location = job.kernel.getLoc();
  auto fail = [&](const std::string &message) {
    job.error = EmitError{location, fmt::format("cannot compile kernel '{}' for {}: {}",
                                                job.kernel.getSymName().str(), target.name,
                                                llvm::StringRef(message).rtrim().str())};
  };
  auto start = std::chrono::steady_clock::now();
  try {
    compile(job, target, options);
  } catch (const EmitError &error) {
    location = error.location;
    fail(error.message);
  } catch (const Halide::Error &error) {
    fail(error.what());
  } catch (const std::exception &error) {
    fail(error.what());
  }
  job.milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

llvm::StringRef outputName(KernelOutput output) {
  switch (output) {
  case KernelOutput::object:
    return "object";
  case KernelOutput::assembly:
    return "assembly";
  case KernelOutput::loops:
    return "loops";
  }
  return "";
}

/// Runs all jobs that the cache does not know, the costly ones (most text) first.
void runJobs(std::vector<Job> &jobs, const Target &target, const CompileOptions &options) {
  KernelCache cache(options.cacheDir);
  std::atomic<size_t> next = 0;
  size_t done = 0;
  std::mutex progress;
  auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      Job &job = jobs[i];
      std::optional<CachedKernel> known = cache.find(job.key);
      job.fromCache = known.has_value();
      if (known) {
        job.result = std::move(*known);
      } else {
        compileGuarded(job, target, options);
        if (!job.error)
          cache.insert(job.key, job.result);
      }
      std::lock_guard lock(progress);
      ++done;
      if (options.progress)
        options.progress(done, jobs.size());
    }
  };
  unsigned threads =
      options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> workers;
  for (size_t i = 1; i < std::min<size_t>(threads, jobs.size()); ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
  cache.prune();
}

} // namespace

mlir::FailureOr<std::vector<CompiledKernel>>
compileKernels(mlir::ModuleOp module, const Target &target, const CompileOptions &options) {
  std::vector<Job> jobs;
  llvm::StringMap<size_t> jobOf;
  std::vector<CompiledKernel> kernels;
  std::vector<size_t> which;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (!function->hasAttr(ir::names::kernel))
      continue;
    std::string key = contentKey({textOf(function), target.halide, outputName(options.output),
                                  options.asserts ? "asserts" : "", buildIdentity()});
    auto [entry, isNew] = jobOf.try_emplace(key, jobs.size());
    if (isNew)
      jobs.push_back({function, key, "qk_" + key.substr(0, 20)});
    CompiledKernel &kernel = kernels.emplace_back();
    kernel.name = function.getSymName().str();
    kernel.symbol = jobs[entry->second].symbol;
    which.push_back(entry->second);
  }
  runJobs(jobs, target, options);

  bool failed = false;
  std::vector<std::shared_ptr<const std::string>> bytes;
  for (Job &job : jobs) {
    if (job.error)
      mlir::emitError(job.error->location) << job.error->message;
    failed |= job.error.has_value();
    bytes.push_back(std::make_shared<const std::string>(std::move(job.result.bytes)));
  }
  if (failed)
    return mlir::failure();
  std::vector<bool> counted(jobs.size());
  for (size_t i = 0; i < kernels.size(); ++i) {
    const Job &job = jobs[which[i]];
    kernels[i].bytes = bytes[which[i]];
    kernels[i].threadScratchBytes = job.result.threadScratchBytes;
    kernels[i].serialScratchBytes = job.result.serialScratchBytes;
    kernels[i].multiplications = job.result.multiplications;
    kernels[i].fromCache = job.fromCache;
    kernels[i].milliseconds = counted[which[i]] || job.fromCache ? 0 : job.milliseconds;
    counted[which[i]] = true;
  }
  return kernels;
}

mlir::FailureOr<std::string> deviceRuntimeObject(const Target &target, std::string &error) {
  if (!target.onDevice())
    return std::string();
  try {
    ScratchFile file("o");
    Halide::compile_standalone_runtime(
        file.path.str().str(),
        Halide::Target(target.halide).with_feature(Halide::Target::UserContext));
    return file.read();
  } catch (const std::exception &caught) {
    error = fmt::format("cannot make the device runtime for {}: {}", target.name, caught.what());
    return mlir::failure();
  }
}

} // namespace quern::codegen
