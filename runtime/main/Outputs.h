// From the tensors of a run to what people read.
#pragma once

#include "runtime/main/Inputs.h"

#include <nlohmann/json_fwd.hpp>

namespace quern::runtime {

/// One guess of a classifier.
struct Guess {
  size_t index;
  std::string name;
  double probability;
};

/// The best guesses of each row of an output with a labels adapter, best first.
std::vector<std::vector<Guess>> bestGuesses(const Signature &signature, const Port &output,
                                            const AlignedBytes &tensor);

/// Text for one run: guesses, or type, range and first values of the tensors. Ends with a line
/// feed.
std::string describeOutputs(const Signature &signature, const RunFiles &run,
                            const std::vector<AlignedBytes> &tensors);

/// The same as JSON: {"inputs": [...], "outputs": [{"name", "dtype", "shape", "labels" |
/// "values"}]}. Values are flat and only there up to 4096 of them.
nlohmann::json outputsToJson(const Signature &signature, const RunFiles &run,
                             const std::vector<AlignedBytes> &tensors);

/// Writes them all: .npz, else .npy or raw, which hold a single output.
Status saveOutputs(const Signature &signature, const std::vector<AlignedBytes> &tensors,
                   const std::string &file);

} // namespace quern::runtime
