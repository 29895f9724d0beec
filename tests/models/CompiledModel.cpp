#include "tests/models/CompiledModel.h"

#include "runtime/formats/Npy.h"
#include "tests/models/SyntheticWeights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

extern char **environ;

namespace quern::tests {
namespace {

std::string readText(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void append(std::vector<std::string> &arguments, const std::vector<std::string> &settings) {
  for (const std::string &setting : settings)
    arguments.insert(arguments.end(), {"--set", setting});
}

/// Writes synthetic weights for the model to `path`.
void makeWeights(const std::string &model, const std::vector<std::string> &settings,
                 const std::string &path) {
  std::vector<std::string> arguments = {quernProgram(), "inspect", model, "--json"};
  append(arguments, settings);
  ProgramResult inspected = runProgram(arguments);
  ASSERT_EQ(inspected.exitCode, 0) << inspected.errors;
  auto parameters = readParameters(inspected.output);
  ASSERT_TRUE(parameters) << parameters.error();
  auto written = writeSyntheticWeights(*parameters, path);
  ASSERT_TRUE(written) << written.error();
}

} // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "quern-models-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::filesystem::filesystem_error("no temporary folder", pattern,
                                            std::error_code(errno, std::generic_category()));
  path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

ProgramResult runProgram(const std::vector<std::string> &arguments) {
  TemporaryFolder folder;
  std::string output = folder.file("output"), errors = folder.file("errors");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT,
                                   0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT,
                                   0600);
  std::vector<char *> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);

  pid_t process = 0;
  int failed = posix_spawn(&process, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return {-1, "", fmt::format("cannot start {}: {}", arguments.front(), std::strerror(failed))};
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, readText(output), readText(errors)};
}

std::string quernProgram() { return QUERN_BINARY_DIR "/bin/quern"; }

void writeValues(const std::string &path, const Values &values) {
  auto bytes = std::as_bytes(std::span(values.data));
  auto written = runtime::writeNpy(path, {QUERN_F32, values.shape, bytes});
  ASSERT_TRUE(written) << written.error();
}

Values readValues(const std::string &path) {
  auto array = runtime::readNpy(path);
  if (!array) {
    ADD_FAILURE() << array.error();
    return {};
  }
  if (array->dtype != QUERN_F32) {
    ADD_FAILURE() << path << " does not hold f32";
    return {};
  }
  Values values{array->shape, std::vector<float>(array->data.size() / sizeof(float))};
  std::memcpy(values.data.data(), array->data.data(), array->data.size());
  return values;
}

CompiledModel::CompiledModel(const std::string &name, const Options &options)
    : program(folder.file(name)) {
  // Kernels are kept from one test to the next, and not in the user's own cache.
  setenv("QUERN_CACHE", QUERN_BINARY_DIR "/test-cache", 1);
  std::string model = fmt::format("{}/models/{}.qn", QUERN_SOURCE_DIR, name);
  std::vector<std::string> settings = options.settings;
  settings.push_back(fmt::format("N={}", options.batch));
  std::string weights = options.weights;
  if (weights.empty()) {
    weights = folder.file("weights.safetensors");
    makeWeights(model, settings, weights);
  }
  std::vector<std::string> arguments = {quernProgram(), "compile",      model, "--weights", weights,
                                        "--target",     options.target, "-o",  program};
  append(arguments, settings);
  if (options.mapsWeights)
    arguments.emplace_back("--weights-file");
  ProgramResult compiled = runProgram(arguments);
  EXPECT_EQ(compiled.exitCode, 0) << compiled.errors;
}

ProgramResult CompiledModel::run(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), program);
  return runProgram(arguments);
}

Values CompiledModel::run(const Values &input, int threads) const {
  std::string inputFile = folder.file("input.npy");
  writeValues(inputFile, input);
  return runFiles({inputFile}, threads);
}

Values CompiledModel::runFiles(const std::vector<std::string> &inputs, int threads) const {
  std::string outputFile = folder.file("output.npy");
  std::filesystem::remove(outputFile);
  std::vector<std::string> arguments = {"--threads", std::to_string(threads), "--output",
                                        outputFile};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  ProgramResult result = run(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.errors;
  return result.exitCode == 0 ? readValues(outputFile) : Values{};
}

double relativeError(const std::vector<float> &actual, const std::vector<float> &expected) {
  if (actual.size() != expected.size())
    return std::numeric_limits<double>::infinity();
  double largest = 0, error = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(actual[i]) || !std::isfinite(expected[i]))
      return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    error = std::max(error, std::abs(static_cast<double>(actual[i]) - expected[i]));
  }
  return error / largest;
}

} // namespace quern::tests
