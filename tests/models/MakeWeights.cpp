// make_weights PARAMETERS.json WEIGHTS.safetensors: weights by the rule for what `quern inspect
// --json MODEL` printed.
#include "tests/models/SyntheticWeights.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <sstream>

int main(int argc, char **argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} PARAMETERS.json WEIGHTS.safetensors\n", argv[0]);
    return 2;
  }
  std::ifstream file(argv[1]);
  std::stringstream text;
  text << file.rdbuf();
  auto parameters = quern::tests::readParameters(text.str());
  if (!parameters) {
    fmt::print(stderr, "{}: {}\n", argv[1], parameters.error());
    return 1;
  }
  auto written = quern::tests::writeSyntheticWeights(*parameters, argv[2]);
  if (!written) {
    fmt::print(stderr, "{}\n", written.error());
    return 1;
  }
  return 0;
}
