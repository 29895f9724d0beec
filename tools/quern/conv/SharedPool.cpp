#include "tools/quern/conv/SharedPool.h"

namespace quern::tools {
namespace {

/// What quern_parallel_for is given.
struct Loop {
  void (*body)(void *state, int index);
  void *state;
};

int runTask(void * /*context*/, int index, uint8_t *closure) {
  auto *loop = reinterpret_cast<Loop *>(closure);
  loop->body(loop->state, index);
  return 0;
}

void parallelFor(void *user, int count, void (*body)(void *state, int index), void *state) {
  Loop loop{body, state};
  static_cast<runtime::ThreadPool *>(user)->run(nullptr, runTask, 0, count,
                                                reinterpret_cast<uint8_t *>(&loop));
}

} // namespace

SharedPool::SharedPool(unsigned threads) : workers(threads) {
  runtime::Error error;
  if (threads > 1)
    (void)pool.start(threads, workers.data(), error);
}

void SharedPool::lendTo(quern_options &options) {
  options.threads = threads();
  if (threads() == 1)
    return;
  options.parallel_for = parallelFor;
  options.parallel_for_user = &pool;
}

} // namespace quern::tools
