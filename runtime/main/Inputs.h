// From files to the tensors of a run.
#pragma once

#include "runtime/main/CommandLine.h"

#include <cstdlib>
#include <memory>

namespace quern::runtime {

/// Bytes aligned for any kernel.
class AlignedBytes {
public:
  explicit AlignedBytes(size_t size = 0);
  std::byte *data() { return memory.get(); }
  const std::byte *data() const { return memory.get(); }
  size_t size() const { return count; }
  std::span<const std::byte> bytes() const { return {data(), count}; }

private:
  struct Free {
    void operator()(std::byte *block) const { std::free(block); }
  };
  std::unique_ptr<std::byte, Free> memory;
  size_t count;
};

/// The files that each input of one run is read from: one, or as many photos as the batch holds.
struct RunFiles {
  std::vector<std::vector<std::string>> perInput;
  /// All of them, for headings.
  std::vector<std::string> all;
};

/// The inputs that no --input fills.
std::vector<const Port *> openInputs(const Signature &signature, const Request &request);

/// Where one .npz holds all of a run's `inputs`, the argument that names the array of each; else
/// nothing. Fails where it is the `only` file and some inputs are not in it.
Result<std::vector<std::string>> arraysOf(const std::string &file,
                                          const std::vector<const Port *> &inputs, bool isOnly);

/// Deals the request's files out to runs. Empty when no input is given at all. Fails, naming the
/// input, when a run lacks one or files are left over: mistakes in the use of the program.
Result<std::vector<RunFiles>> dealFiles(const Signature &signature, const Request &request);

/// Reads one input: .npy and .npz by their content (FILE.npz:ARRAY for an array of another name
/// than the input's); photographs where the input has a photo adapter; else raw bytes in exactly
/// the tensor's size.
Result<AlignedBytes> readInput(const Port &input, const std::vector<std::string> &files);

/// Random numbers in [-1, 1) for floating-point types, 0 or 1 for others, the same in each run of
/// the program.
AlignedBytes randomInput(const Port &input);

} // namespace quern::runtime
