// A model of models/, compiled by the `quern` program into a folder of its own, and runs of the
// executable that came out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace quern::tests {

/// A new folder below the system's place for temporary files; removed with the object.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string file(const std::string &name) const { return (path / name).string(); }

private:
  std::filesystem::path path;
};

/// What a program printed, and how it ended.
struct ProgramResult {
  int exitCode = -1;
  std::string output, errors;
};

/// Runs a program to its end. `arguments` begins with its path; nothing is interpreted by a shell.
ProgramResult runProgram(const std::vector<std::string> &arguments);

/// The path of the `quern` program that was built.
std::string quernProgram();

/// f32 values with their extents.
struct Values {
  std::vector<int64_t> shape;
  std::vector<float> data;
};

/// Writes an .npy file. Fails the current test where that is not possible.
void writeValues(const std::string &path, const Values &values);

/// Reads an .npy file of f32. Fails the current test, and gives nothing, where that is not
/// possible.
Values readValues(const std::string &path);

class CompiledModel {
public:
  struct Options {
    int64_t batch = 1;
    /// NAME=VALUE each, for the model's sizes and arguments besides N.
    std::vector<std::string> settings = {};
    std::string target = "host";
    /// Empty: made by the rule of SyntheticWeights.h.
    std::string weights = {};
    /// Leaves the weights in a file beside the program instead of in it.
    bool mapsWeights = false;
  };
  /// Compiles models/NAME.qn. Fails the current test, with what the compiler printed, if it did.
  CompiledModel(const std::string &name, const Options &options);

  /// The one output for one f32 input. Fails the current test where the program did.
  Values run(const Values &input, int threads = 1) const;
  /// The one output for inputs in .npy files.
  Values runFiles(const std::vector<std::string> &inputs, int threads = 1) const;
  /// What the program prints for these arguments.
  ProgramResult run(std::vector<std::string> arguments) const;

private:
  TemporaryFolder folder;
  std::string program;
};

/// The largest difference, relative to the largest value expected; infinite where anything is not a
/// finite number or the numbers of values differ.
double relativeError(const std::vector<float> &actual, const std::vector<float> &expected);

} // namespace quern::tests
