// The threads that all variants of a convolution run on in turns.
#pragma once

#include "runtime/ThreadPool.h"
#include "runtime/quern.h"

#include <vector>

namespace quern::tools {

/// With a pool of its own each variant would wake its threads for every turn, while those of the
/// one before still spin on the same processors.
class SharedPool {
public:
  /// Fewer than `threads`, where the system gives no more.
  explicit SharedPool(unsigned threads);
  ~SharedPool() { pool.stop(); }
  SharedPool(const SharedPool &) = delete;
  SharedPool &operator=(const SharedPool &) = delete;

  unsigned threads() const { return pool.threads(); }
  /// Lets a context that is created with `options` run on these threads, one context at a time.
  void lendTo(quern_options &options);

private:
  std::vector<pthread_t> workers;
  runtime::ThreadPool pool;
};

} // namespace quern::tools
