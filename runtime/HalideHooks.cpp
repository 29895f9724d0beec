// What kernels need while they run: threads, scratch, a place for error messages. Kernels are
// compiled without Halide's runtime and import just these; user_context is the quern_context.
#include "runtime/HalideHooks.h"

#include "runtime/Context.h"

#include <cstdio>
#include <cstdlib>

namespace quern::runtime {

void linkHalideHooks() {}

namespace {

/// The stack for what the calling thread does now.
ScratchStack &currentScratch(quern_context &context) {
  int slot = context.pool.slot();
  return slot < 0 ? context.serialScratch : context.threadScratch[slot];
}

ScratchStack *scratchOf(quern_context &context, void *block) {
  if (context.serialScratch.holds(block))
    return &context.serialScratch;
  for (uint32_t i = 0; i < context.pool.threads(); ++i)
    if (context.threadScratch[i].holds(block))
      return &context.threadScratch[i];
  return nullptr;
}

/// Kernels are compiled without checks, so a null pointer would crash them. They get memory from
/// the system, and the run fails.
void *overflow(quern_context &context, size_t size) {
  char message[160];
  std::snprintf(message, sizeof message,
                "a kernel needs %zu more bytes of scratch than the model reserves (%s)", size,
                context.pool.slot() < 0 ? "outside loops" : "in a loop");
  context.complain(message);
  void *block = nullptr;
  return posix_memalign(&block, 128, size + tailPadding) == 0 ? block : nullptr;
}

} // namespace
} // namespace quern::runtime

using namespace quern::runtime;

// Hidden: another library in the process may have Halide kernels, and hooks, of its own.
#define HOOK __attribute__((visibility("hidden")))

extern "C" {

HOOK int halide_do_par_for(void *userContext, abi::Task task, int min, int size, uint8_t *closure) {
  return static_cast<quern_context *>(userContext)->pool.run(userContext, task, min, size, closure);
}

HOOK int halide_do_task(void *userContext, abi::Task task, int index, uint8_t *closure) {
  return task(userContext, index, closure);
}

HOOK void *halide_malloc(void *userContext, size_t size) {
  auto *context = static_cast<quern_context *>(userContext);
  // Device runtimes allocate for themselves, also outside any run and without a context, and free
  // in any order.
  if (!context || context->deviceMemory.isOpen()) {
    void *block = nullptr;
    return posix_memalign(&block, 128, size + tailPadding) == 0 ? block : nullptr;
  }
  void *block = currentScratch(*context).take(size);
  return block ? block : overflow(*context, size);
}

HOOK void halide_free(void *userContext, void *block) {
  auto *context = static_cast<quern_context *>(userContext);
  ScratchStack *scratch = context ? scratchOf(*context, block) : nullptr;
  if (scratch)
    scratch->give(block);
  else
    std::free(block);
}

HOOK void halide_error(void *userContext, const char *message) {
  if (userContext)
    static_cast<quern_context *>(userContext)->complain(message);
}
}
