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
  /// The true class of each row: how many are right is told in place of the outputs.
  std::string expect;
  std::string weights;
  uint32_t threads = 0;
  bool json = false;
  bool info = false;
  bool profile = false;
  bool bench = false;
  /// Elements, or whole samples of a model of images, to draw; 0: none.
  uint64_t sample = 0;
  /// A text, '@' and a file of text, or a file of elements, that a sample goes on from.
  std::optional<std::string> prompt;
  uint64_t seed = 0;
  double temperature = 1;
  uint32_t topK = 0;
  double topP = 1;
  /// Where a sheet of sampled images is written.
  std::string png;
  /// Elements are read from the standard input and answered as they come.
  bool stream = false;
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
