// make_weights PARAMETERS.json WEIGHTS.safetensors: weights by the rule for what `quern inspect
// --json MODEL` printed.
#include "tests/models/SyntheticWeights.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

namespace {

int makeWeights(const char *parameterFile, const char *weightsFile) {
  std::ifstream file(parameterFile);
  std::stringstream text;
  text << file.rdbuf();
  auto parameters = quern::tests::readParameters(text.str());
  if (!parameters) {
    fmt::print(stderr, "{}: {}\n", parameterFile, parameters.error());
    return 1;
  }
  auto written = quern::tests::writeSyntheticWeights(*parameters, weightsFile);
  if (!written) {
    fmt::print(stderr, "{}\n", written.error());
    return 1;
  }
  return 0;
}

} // namespace

int main(int argc, char **argv) try {
  if (argc == 3)
    return makeWeights(argv[1], argv[2]);
  fmt::print(stderr, "usage: make_weights PARAMETERS.json WEIGHTS.safetensors\n");
  return 2;
} catch (const std::exception &problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
