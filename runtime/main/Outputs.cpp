#include "runtime/main/Outputs.h"

#include "runtime/DType.h"
#include "runtime/Element.h"
#include "runtime/formats/File.h"
#include "runtime/formats/Zip.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>

namespace quern::runtime {

namespace {

constexpr size_t maxJsonValues = 4096;
constexpr size_t maxShownValues = 8;

double element(const Port &port, const AlignedBytes &tensor, size_t index) {
  return numberAt(port.dtype, tensor.data() + index * dtypeBytes(port.dtype));
}

size_t elementCount(const Port &port) { return port.bytes / dtypeBytes(port.dtype); }

template <typename Number> Number valueAt(const std::byte *at) {
  Number value{};
  std::memcpy(&value, at, sizeof(value));
  return value;
}

/// One element, exactly where it is an integer.
nlohmann::json elementToJson(const Port &port, const AlignedBytes &tensor, size_t index) {
  const std::byte *at = tensor.data() + index * dtypeBytes(port.dtype);
  if (port.dtype == QUERN_I64)
    return valueAt<int64_t>(at);
  if (port.dtype == QUERN_U64)
    return valueAt<uint64_t>(at);
  double value = numberAt(port.dtype, at);
  // JSON knows no infinity; the library writes null.
  return port.dtype >= QUERN_I8 ? nlohmann::json(static_cast<int64_t>(value))
                                : nlohmann::json(value);
}

std::string elementText(const Port &port, const AlignedBytes &tensor, size_t index) {
  return port.dtype >= QUERN_I8 ? elementToJson(port, tensor, index).dump()
                                : fmt::format("{:.6g}", element(port, tensor, index));
}

std::string describeTensor(const Port &port, const AlignedBytes &tensor) {
  size_t count = elementCount(port);
  double least = element(port, tensor, 0);
  double greatest = least;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    double value = element(port, tensor, i);
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    sum += value;
  }
  std::string values;
  for (size_t i = 0; i < std::min(count, maxShownValues); ++i)
    values += " " + elementText(port, tensor, i);
  return fmt::format("{}: {}, least {:.6g}, greatest {:.6g}, mean {:.6g}\n {}{}\n", port.name,
                     port.typeText(), least, greatest, sum / static_cast<double>(count), values,
                     count > maxShownValues ? " …" : "");
}

/// Probabilities of one row of scores.
std::vector<double> softmax(std::span<const double> scores) {
  double greatest = *std::ranges::max_element(scores);
  std::vector<double> result;
  double sum = 0;
  for (double score : scores)
    sum += result.emplace_back(std::exp(score - greatest));
  for (double &value : result)
    value /= sum;
  return result;
}

nlohmann::json tensorToJson(const Port &port, const AlignedBytes &tensor) {
  nlohmann::json values = nlohmann::json::array();
  for (size_t i = 0; i < elementCount(port); ++i)
    values.push_back(elementToJson(port, tensor, i));
  return values;
}

/// The photo that a row of a batch tells of, if there is one for each.
std::string rowHeading(const RunFiles &run, size_t rows, size_t row) {
  for (const std::vector<std::string> &files : run.perInput)
    if (files.size() == rows)
      return files[row];
  return fmt::format("row {}", row);
}

} // namespace

std::vector<std::vector<Guess>> bestGuesses(const Signature &signature, const Port &output,
                                            const AlignedBytes &tensor) {
  const LabelsAdapter &labels = *output.labels;
  size_t classes = labels.nameCount;
  std::vector<std::vector<Guess>> rows;
  for (size_t start = 0; start < elementCount(output); start += classes) {
    std::vector<double> probability;
    for (size_t i = 0; i < classes; ++i)
      probability.push_back(element(output, tensor, start + i));
    if (!labels.isProbability)
      probability = softmax(probability);
    std::vector<size_t> order(classes);
    std::iota(order.begin(), order.end(), 0);
    // A NaN compares as nothing and would break the order; it goes last.
    auto better = [&](size_t a, size_t b) {
      double left = std::isnan(probability[a]) ? -1 : probability[a];
      double right = std::isnan(probability[b]) ? -1 : probability[b];
      return left != right ? left > right : a < b;
    };
    std::partial_sort(order.begin(), order.begin() + labels.top, order.end(), better);
    std::vector<Guess> guesses;
    guesses.reserve(labels.top);
    for (size_t i = 0; i < labels.top; ++i)
      guesses.push_back({order[i], signature.label(labels, order[i]), probability[order[i]]});
    rows.push_back(std::move(guesses));
  }
  return rows;
}

std::string describeOutputs(const Signature &signature, const RunFiles &run,
                            const std::vector<AlignedBytes> &tensors) {
  std::string text;
  if (!run.all.empty())
    text += fmt::format("{}\n", fmt::join(run.all, ", "));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Port &output = signature.outputs[i];
    if (!output.labels) {
      text += describeTensor(output, tensors[i]);
      continue;
    }
    auto rows = bestGuesses(signature, output, tensors[i]);
    for (size_t row = 0; row < rows.size(); ++row) {
      if (rows.size() > 1)
        text += fmt::format(" {}\n", rowHeading(run, rows.size(), row));
      if (std::isnan(rows[row].front().probability)) {
        text += "  the scores are no numbers, so there is no class\n";
        continue;
      }
      for (const Guess &guess : rows[row])
        text += fmt::format("  {:6.3f}  {:4}  {}\n", guess.probability, guess.index, guess.name);
    }
  }
  return text;
}

nlohmann::json outputsToJson(const Signature &signature, const RunFiles &run,
                             const std::vector<AlignedBytes> &tensors) {
  nlohmann::json outputs = nlohmann::json::array();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Port &output = signature.outputs[i];
    nlohmann::json entry = {
        {"name", output.name}, {"dtype", dtypeName(output.dtype)}, {"shape", output.shape}};
    if (output.labels) {
      for (const auto &row : bestGuesses(signature, output, tensors[i])) {
        nlohmann::json guesses = nlohmann::json::array();
        for (const Guess &guess : row)
          guesses.push_back(
              {{"index", guess.index}, {"name", guess.name}, {"probability", guess.probability}});
        entry["labels"].push_back(std::move(guesses));
      }
    }
    if (elementCount(output) <= maxJsonValues)
      entry["values"] = tensorToJson(output, tensors[i]);
    outputs.push_back(std::move(entry));
  }
  return {{"inputs", run.all}, {"outputs", std::move(outputs)}};
}

/// An output as NumPy can have it. It knows no bf16: such a one is saved as f32, which `widened`
/// holds.
static ArrayView arrayOf(const Port &output, const AlignedBytes &tensor,
                         std::vector<float> &widened) {
  if (output.dtype != QUERN_BF16)
    return {output.dtype, output.shape, tensor.bytes()};
  for (size_t i = 0; i < elementCount(output); ++i)
    widened.push_back(static_cast<float>(element(output, tensor, i)));
  return {QUERN_F32, output.shape, std::as_bytes(std::span(widened))};
}

Status saveOutputs(const Signature &signature, const std::vector<AlignedBytes> &tensors,
                   const std::string &file) {
  if (file.ends_with(".npz")) {
    std::vector<std::pair<std::string, ArrayView>> arrays;
    std::vector<std::vector<float>> widened(tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      const Port &output = signature.outputs[i];
      arrays.emplace_back(output.name.empty() ? fmt::format("output{}", i) : output.name,
                          arrayOf(output, tensors[i], widened[i]));
    }
    return writeNpz(file, arrays);
  }
  if (tensors.size() != 1)
    return Failure{fmt::format("{}: the model has {} outputs, which only an .npz file holds", file,
                               tensors.size())};
  const Port &output = signature.outputs.front();
  std::vector<float> widened;
  if (file.ends_with(".npy"))
    return writeNpy(file, arrayOf(output, tensors.front(), widened));
  std::string ending = std::filesystem::path(file).extension();
  if (!ending.empty() && ending != ".raw" && ending != ".bin")
    fmt::print(stderr, "{}: note: {} holds raw {}; .npy and .npz are the endings of arrays\n",
               program_invocation_short_name, file, output.typeText());
  std::span<const std::byte> parts[] = {tensors.front().bytes()};
  return writeBytes(file, parts);
}

} // namespace quern::runtime
