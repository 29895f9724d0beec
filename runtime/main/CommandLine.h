// What the person who started the program asked for.
#pragma once

#include "runtime/main/Signature.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quern::runtime {

struct Request {
  /// In order; they fill the inputs that `named` leaves open, run by run.
  std::vector<std::string> files;
  /// Input name and file.
  std::vector<std::pair<std::string, std::string>> named;
  std::string output;
  std::string weights;
  uint32_t threads = 0;
  bool json = false;
  bool info = false;
  bool profile = false;
  bool bench = false;
  /// Of --bench: this many timed runs, or for so long.
  std::optional<uint32_t> repeat;
  double seconds = 2;
};

/// A request, or the exit code after --help, --version or a mistake, which have been dealt with.
std::variant<Request, int> parseCommandLine(const Signature &signature, int argc,
                                            const char *const *argv);

constexpr int exitFailure = 1;
constexpr int exitUsage = 2;

/// Prints "PROGRAM: error: …" to the standard error.
void complain(const std::string &message);

} // namespace quern::runtime
