#include "bench/kernels/CompiledKernel.h"

#include "codegen/halide/schedules/PanelPrefetch.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace quern::bench {

CompiledKernel::CompiledKernel(LayerPipeline &pipeline, const std::string &target,
                               const std::string &assemblyPath) {
  static int count = 0;
  std::string name = fmt::format("quern_bench_kernel_{}", count++);
  auto stem = std::filesystem::temp_directory_path() / fmt::format("{}_{}", name, getpid());
  std::string object = stem.string() + ".o", shared = stem.string() + ".so";
  Halide::Target halideTarget(target + "-no_runtime-no_asserts-no_bounds_query-user_context");

  codegen::PrefetchPanels prefetch;
  pipeline.output.add_custom_lowering_pass(&prefetch, [] {});
  auto start = std::chrono::steady_clock::now();
  pipeline.output.compile_to_object(object, pipeline.arguments, name, halideTarget);
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!assemblyPath.empty())
    pipeline.output.compile_to_assembly(assemblyPath, pipeline.arguments, name, halideTarget);

  // NOLINTNEXTLINE(bugprone-command-processor): the command is our own, in a temporary folder
  int code = std::system(fmt::format("c++ -shared -o '{}' '{}'", shared, object).c_str());
  library = code == 0 ? dlopen(shared.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  std::filesystem::remove(object);
  std::filesystem::remove(shared);
  if (library == nullptr)
    throw std::runtime_error(
        fmt::format("{}: {}", name, code == 0 ? dlerror() : "cannot be linked"));
  entry = reinterpret_cast<int (*)(void **)>(dlsym(library, (name + "_argv").c_str()));
}

CompiledKernel::~CompiledKernel() {
  if (library != nullptr)
    dlclose(library);
}

int CompiledKernel::run(std::span<halide_buffer_t *> buffers) const {
  void *context = nullptr;
  void *arguments[8] = {static_cast<void *>(&context)};
  for (size_t i = 0; i < buffers.size(); ++i)
    arguments[i + 1] = buffers[i];
  return entry(arguments);
}

} // namespace quern::bench
