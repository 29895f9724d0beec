#include "tools/quern/Weights.h"

#include "frontend/weights/ElementTypes.h"
#include "frontend/weights/Load.h"
#include "frontend/weights/Safetensors.h"
#include "runtime/formats/File.h"
#include "tools/quern/JsonText.h"
#include "tools/quern/Table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

namespace quern::tools {

namespace {

using frontend::weights::Weight;
using frontend::weights::WeightStore;
using runtime::Result;
using runtime::Status;

constexpr int exitFailure = 1;
// `diff` keeps the failure's usual code for what it found, as diff(1) does.
constexpr int exitDifferent = 1;
constexpr int exitDiffFailure = 2;

[[noreturn]] void stop(const std::string &message, int code = exitFailure) {
  fmt::print(stderr, "quern weights: error: {}\n", message);
  throw CLI::RuntimeError(code);
}

WeightStore load(const std::string &path, int codeOfFailure = exitFailure) {
  Result<WeightStore> store = frontend::weights::loadWeights(path);
  if (!store)
    stop(store.error(), codeOfFailure);
  for (const std::string &note : store->notes)
    fmt::print(stderr, "quern weights: note: {}: {}\n", path, note);
  return std::move(*store);
}

std::string describe(const Weight &weight) {
  return fmt::format("{} {}", runtime::dtypeName(weight.dtype), runtime::shapeText(weight.shape));
}

// Names come from files: control characters must not reach the terminal.
std::string printable(std::string_view name) {
  const std::string quoted = fmt::format("{:?}", name);
  return quoted.size() == name.size() + 2 ? std::string(name) : quoted;
}

size_t totalBytes(const WeightStore &store) {
  size_t total = 0;
  for (const Weight &weight : store.weights())
    total += weight.data.bytes.size();
  return total;
}

// --- convert ------------------------------------------------------------------------------------

struct ConvertOptions {
  std::string input;
  std::string output;
  std::string stripPrefix;
};

// The same tensors under shorter names.
WeightStore withoutPrefix(const WeightStore &store, const std::string &prefix) {
  WeightStore renamed;
  renamed.metadata = store.metadata;
  for (Weight weight : store.weights()) {
    if (weight.name.starts_with(prefix))
      weight.name.erase(0, prefix.size());
    if (Status added = renamed.add(std::move(weight)); !added)
      stop(fmt::format("without the prefix {:?}, {}", prefix, added.error()));
  }
  return renamed;
}

void convert(const ConvertOptions &options) {
  if (runtime::Status spared =
          runtime::checkSpared(options.output, std::span(&options.input, 1), "the output");
      !spared)
    stop(spared.error());
  WeightStore store = load(options.input);
  const std::string format = store.format;
  if (!options.stripPrefix.empty())
    store = withoutPrefix(store, options.stripPrefix);
  if (Status written =
          frontend::weights::writeSafetensors(store.weights(), store.metadata, options.output);
      !written)
    stop(written.error());
  fmt::print("{} -> {}: {} tensors, {:.1f} MB, from {}\n", options.input, options.output,
             store.weights().size(), static_cast<double>(totalBytes(store)) * 1e-6, format);
}

// --- list ---------------------------------------------------------------------------------------

struct ListOptions {
  std::string file;
  bool json = false;
};

void printJson(const WeightStore &store) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const Weight &weight : store.weights())
    tensors.push_back({{"name", weight.name},
                       {"dtype", runtime::dtypeName(weight.dtype)},
                       {"shape", weight.shape},
                       {"bytes", weight.data.bytes.size()}});
  const nlohmann::ordered_json all = {
      {"format", store.format}, {"metadata", store.metadata}, {"tensors", tensors}};
  fmt::print("{}\n", jsonText(all));
}

void printTable(const WeightStore &store) {
  Table table("<<<>");
  table.add({"name", "dtype", "shape", "bytes"});
  for (const Weight &weight : store.weights())
    table.add({printable(weight.name), runtime::dtypeName(weight.dtype),
               runtime::shapeText(weight.shape), std::to_string(weight.data.bytes.size())});
  fmt::print("{}", table.text());
  for (const auto &[key, value] : store.metadata)
    fmt::print("metadata {}: {}\n", printable(key), printable(value));
  fmt::print("{} tensors, {:.1f} MB, {}\n", store.weights().size(),
             static_cast<double>(totalBytes(store)) * 1e-6, store.format);
}

void list(const ListOptions &options) {
  const WeightStore store = load(options.file);
  if (options.json)
    printJson(store);
  else
    printTable(store);
}

// --- diff ---------------------------------------------------------------------------------------

struct DiffOptions {
  std::string first;
  std::string second;
};

struct Difference {
  size_t elements = 0; // that differ in their bytes
  double largest = 0;  // absolute; NaN where one side is
};

template <typename T, typename Function>
Difference compare(const Weight &first, const Weight &second, Function value) {
  Difference difference;
  for (size_t at = 0; at < first.data.bytes.size(); at += sizeof(T)) {
    const std::byte *a = first.data.bytes.data() + at;
    const std::byte *b = second.data.bytes.data() + at;
    if (std::memcmp(a, b, sizeof(T)) == 0)
      continue;
    ++difference.elements;
    const double distance = std::fabs(value(a) - value(b));
    if (distance > difference.largest || std::isnan(distance))
      difference.largest = distance;
  }
  return difference;
}

template <typename T> Difference compareNumbers(const Weight &first, const Weight &second) {
  return compare<T>(first, second, [](const std::byte *element) {
    T number;
    std::memcpy(&number, element, sizeof(T));
    return static_cast<double>(number);
  });
}

Difference compareHalves(const Weight &first, const Weight &second) {
  return compare<uint16_t>(first, second, [&](const std::byte *element) {
    float number = 0;
    frontend::weights::convertToF32(first.dtype, {element, sizeof(uint16_t)}, {&number, 1});
    return static_cast<double>(number);
  });
}

// Of two tensors of the same type and shape.
Difference compareValues(const Weight &first, const Weight &second) {
  switch (first.dtype) {
  case QUERN_F32:
    return compareNumbers<float>(first, second);
  case QUERN_F64:
    return compareNumbers<double>(first, second);
  case QUERN_F16:
  case QUERN_BF16:
    return compareHalves(first, second);
  case QUERN_I8:
    return compareNumbers<int8_t>(first, second);
  case QUERN_I16:
    return compareNumbers<int16_t>(first, second);
  case QUERN_I32:
    return compareNumbers<int32_t>(first, second);
  case QUERN_I64:
    return compareNumbers<int64_t>(first, second);
  case QUERN_U8:
  case QUERN_BOOL:
    return compareNumbers<uint8_t>(first, second);
  case QUERN_U16:
    return compareNumbers<uint16_t>(first, second);
  case QUERN_U32:
    return compareNumbers<uint32_t>(first, second);
  case QUERN_U64:
    return compareNumbers<uint64_t>(first, second);
  }
  return {};
}

// Prints what differs in the tensor both files have; whether anything does.
bool diffTensor(const Weight &first, const Weight &second) {
  if (first.dtype != second.dtype || first.shape != second.shape) {
    fmt::print("{}: {} and {}\n", printable(first.name), describe(first), describe(second));
    return true;
  }
  const Difference difference = compareValues(first, second);
  if (difference.elements)
    fmt::print("{}: {} of {} elements differ, by at most {:.6g}\n", printable(first.name),
               difference.elements, first.elementCount(), difference.largest);
  return difference.elements != 0;
}

void diff(const DiffOptions &options) {
  const WeightStore first = load(options.first, exitDiffFailure);
  const WeightStore second = load(options.second, exitDiffFailure);
  size_t different = 0;
  size_t common = 0;
  for (const Weight &weight : first.weights()) {
    const Weight *other = second.find(weight.name);
    if (!other)
      fmt::print("{}: only in {}, {}\n", printable(weight.name), options.first, describe(weight));
    different += !other || diffTensor(weight, *other);
    common += other != nullptr;
  }
  for (const Weight &weight : second.weights()) {
    if (first.find(weight.name))
      continue;
    fmt::print("{}: only in {}, {}\n", printable(weight.name), options.second, describe(weight));
    ++different;
  }
  fmt::print("{} tensors in both, {} differences\n", common, different);
  if (different)
    throw CLI::RuntimeError(exitDifferent);
}

} // namespace

void addWeightsCommand(CLI::App &app) {
  CLI::App *weights = app.add_subcommand(
      "weights", "convert, list and compare weights: safetensors, .npz, torch checkpoints");
  weights->require_subcommand(1);

  CLI::App *convertCommand =
      weights->add_subcommand("convert", "write the tensors of IN as safetensors to OUT");
  auto convertOptions = std::make_shared<ConvertOptions>();
  convertCommand->add_option("IN", convertOptions->input, "safetensors, .npz or torch checkpoint")
      ->required();
  auto *positional =
      convertCommand->add_option("OUT", convertOptions->output, "replaced if it is there");
  auto *named = convertCommand->add_option("-o,--output", convertOptions->output, "the same as OUT")
                    ->type_name("OUT");
  convertCommand
      ->add_option("--strip-prefix", convertOptions->stripPrefix,
                   "take PREFIX off the names that begin with it")
      ->type_name("PREFIX");
  convertCommand->callback([convertOptions, positional, named] {
    if (positional->empty() && named->empty())
      throw CLI::RequiredError("OUT");
    if (!positional->empty() && !named->empty())
      throw CLI::ExcludesError("OUT", "--output");
    convert(*convertOptions);
  });

  CLI::App *listCommand = weights->add_subcommand("list", "print names, types, shapes and sizes");
  auto listOptions = std::make_shared<ListOptions>();
  listCommand->add_option("FILE", listOptions->file)->required();
  listCommand->add_flag("--json", listOptions->json, "as JSON");
  listCommand->callback([listOptions] { list(*listOptions); });

  CLI::App *diffCommand = weights->add_subcommand(
      "diff", "print what differs between the tensors of A and B; exit with 1 if anything does");
  auto diffOptions = std::make_shared<DiffOptions>();
  diffCommand->add_option("A", diffOptions->first)->required();
  diffCommand->add_option("B", diffOptions->second)->required();
  diffCommand->callback([diffOptions] { diff(*diffOptions); });
}

} // namespace quern::tools
