#include "runtime/Errors.h"

#include <cstdarg>
#include <cstdio>

namespace quern::runtime {

quern_status Error::set(quern_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return status;
}

Error &threadError() {
  static thread_local Error error;
  return error;
}

} // namespace quern::runtime

const char *quern_status_message(quern_status status) {
  switch (status) {
  case QUERN_OK:
    return "success";
  case QUERN_INVALID_ARGUMENT:
    return "invalid argument";
  case QUERN_OUT_OF_MEMORY:
    return "out of memory";
  case QUERN_BAD_MODEL:
    return "damaged model, or of another version";
  case QUERN_UNSUPPORTED_CPU:
    return "the model was compiled for another processor";
  case QUERN_WEIGHTS_UNREADABLE:
    return "the weights file cannot be read";
  case QUERN_WEIGHTS_MISMATCH:
    return "the weights file belongs to another model";
  case QUERN_THREADS_FAILED:
    return "a thread could not be started";
  case QUERN_DEVICE_FAILED:
    return "no usable device, or the device failed";
  case QUERN_BAD_STATE:
    return "the saved state is damaged or belongs to another model";
  case QUERN_KERNEL_FAILED:
    return "a kernel failed";
  }
  return "unknown status";
}
