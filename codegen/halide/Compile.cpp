// The one place where Halide runs and where its exceptions end: each becomes an error at the
// kernel's location.
#include "codegen/Compile.h"

#include "codegen/halide/KernelBuilder.h"
#include "codegen/halide/KernelCache.h"
#include "codegen/halide/MultiplicationCount.h"
#include "codegen/halide/ScratchSize.h"
#include "codegen/halide/UniqueNames.h"
#include "codegen/halide/schedules/PanelPrefetch.h"
#include "runtime/formats/ScratchFolder.h"

#include "llvm/ADT/StringMap.h"
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

/// Throws Halide's errors and keeps its warnings back: they advise on schedules and features of the
/// target, which no user of ours has written.
class WithoutWarnings final : public Halide::CompileTimeErrorReporter {
public:
  static void install() {
    static WithoutWarnings reporter;
    static std::once_flag once;
    std::call_once(once, [] { Halide::set_custom_compile_time_error_reporter(&reporter); });
  }

  void warning(const char * /*message*/) override {}
  [[noreturn]] void error(const char *message) override { throw Halide::CompileError(message); }
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

/// The target with the features that concern how kernels are called. Halide's own checks are left
/// out: who calls has checked the buffers, and they would refuse what kernels read of a buffer's
/// padding.
Halide::Target callTarget(const Target &target) {
  return Halide::Target(target.halide)
      .with_feature(Halide::Target::UserContext)
      .with_feature(Halide::Target::NoRuntime)
      .with_feature(Halide::Target::NoAsserts)
      .with_feature(Halide::Target::NoBoundsQuery);
}

/// What Halide wrote to the file.
std::string readBack(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    throw std::runtime_error("cannot read back a temporary file: " + file.getError().message());
  return (*file)->getBuffer().str();
}

/// A folder for what Halide writes; throws where there is none to be had.
runtime::ScratchFolder scratchFolder() {
  runtime::Result<runtime::ScratchFolder> folder = runtime::ScratchFolder::create();
  if (!folder)
    throw std::runtime_error(folder.error());
  return std::move(*folder);
}

struct OutputKind {
  Halide::OutputFileType type;
  /// In the keys of the cache.
  llvm::StringRef name;
};

OutputKind kindOf(KernelOutput output) {
  switch (output) {
  case KernelOutput::object:
    return {Halide::OutputFileType::object, "object"};
  case KernelOutput::assembly:
    return {Halide::OutputFileType::assembly, "assembly"};
  case KernelOutput::llvm:
    return {Halide::OutputFileType::llvm_assembly, "llvm"};
  case KernelOutput::loops:
    return {Halide::OutputFileType::stmt, "loops"};
  }
  llvm_unreachable("all kinds are listed");
}

void compile(Job &job, const Target &target, const CompileOptions &options) {
  restartUniqueNames();
  KernelGraph graph = KernelBuilder(job.kernel, target).build();
  backendOf(target).schedule(graph, target);

  std::vector<Halide::Argument> arguments(graph.inputs.begin(), graph.inputs.end());
  Halide::Pipeline pipeline(graph.output);
  PrefetchPanels prefetch;
  pipeline.add_custom_lowering_pass(&prefetch, [] {});
  MeasureScratch scratch;
  pipeline.add_custom_lowering_pass(&scratch, [] {});
  CountMultiplications multiplications;
  pipeline.add_custom_lowering_pass(&multiplications, [] {});
  runtime::ScratchFolder folder = scratchFolder();
  std::string path = folder.file("kernel");
  pipeline.compile_to({{kindOf(options.output).type, path}}, arguments, job.symbol,
                      callTarget(target));
  job.result = {readBack(path), scratch.size.thread, scratch.size.serial, multiplications.count};
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

/// Runs all jobs, several at once; those that the cache knows are only looked up.
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
  WithoutWarnings::install();
  std::vector<Job> jobs;
  llvm::StringMap<size_t> jobOf;
  std::vector<CompiledKernel> kernels;
  std::vector<size_t> which;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (!function->hasAttr(ir::names::kernel))
      continue;
    std::string key =
        contentKey({textOf(function), target.halide, kindOf(options.output).name, buildIdentity()});
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
    runtime::ScratchFolder folder = scratchFolder();
    std::string path = folder.file("runtime.o");
    Halide::compile_standalone_runtime(
        path, Halide::Target(target.halide).with_feature(Halide::Target::UserContext));
    return readBack(path);
  } catch (const std::exception &caught) {
    error = fmt::format("cannot make the device runtime for {}: {}", target.name, caught.what());
    return mlir::failure();
  }
}

} // namespace quern::codegen
