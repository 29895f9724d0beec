// Where the reason of a failure is kept: in fixed memory, so that reporting that memory is short
// needs none.
#pragma once

#include "runtime/quern.h"

namespace quern::runtime {

struct Error {
  char text[512];

  void clear() { text[0] = '\0'; }
  /// Formats as printf does, cutting off what does not fit, and returns `status`.
  quern_status set(quern_status status, const char *format, ...)
      __attribute__((format(printf, 3, 4)));
};

/// The calling thread's error, for calls that have no context; what quern_last_error(NULL) shows.
Error &threadError();

} // namespace quern::runtime
