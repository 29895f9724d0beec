#include "tools/quern/ConvOptions.h"

#include "frontend/Diagnostics.h"
#include "tools/quern/conv/MachineRates.h"

#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::tools {
namespace {

/// What is wrong with the tile of an algorithm's name, of which the algorithm is known.
std::string wrongTile(llvm::StringRef text) {
  auto [name, tile] = text.split(':');
  return fmt::format("'{}' is no tile of {}: one to three numbers from 1, as in winograd:4x4",
                     tile.str(), name.str());
}

bool namesAlgorithm(llvm::StringRef text) {
  return ir::symbolizeConvAlgorithm(text.split(':').first).has_value();
}

/// "; did you mean 'winograd'?", if that is likely.
std::string nearestAlgorithm(llvm::StringRef text) {
  std::vector<llvm::StringRef> names;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms())
    names.push_back(ir::stringifyConvAlgorithm(algorithm->kind()));
  return frontend::didYouMean(text.split(':').first, names);
}

std::string checkChoice(const std::string &text) {
  if (text == "auto" || text == "measure" || parseVariant(text))
    return "";
  if (namesAlgorithm(text))
    return wrongTile(text);
  return fmt::format("'{}' is no way to convolve: auto, measure, or one of {} (with a tile if you "
                     "like, as in winograd:4x4){}",
                     text, algorithmNames(), nearestAlgorithm(text));
}

} // namespace

std::string algorithmNames() {
  std::string names;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms())
    names += (names.empty() ? "" : ", ") + ir::stringifyConvAlgorithm(algorithm->kind()).str();
  return names;
}

std::string checkVariant(const std::string &text) {
  if (parseVariant(text))
    return "";
  if (namesAlgorithm(text))
    return wrongTile(text);
  return fmt::format("no algorithm '{}'; there are {}{}", text, algorithmNames(),
                     nearestAlgorithm(text));
}

std::optional<std::pair<ir::ConvAlgorithm, passes::Tile>> parseVariant(llvm::StringRef text) {
  auto [name, extents] = text.split(':');
  std::optional<ir::ConvAlgorithm> algorithm = ir::symbolizeConvAlgorithm(name);
  if (!algorithm || (extents.empty() && text.contains(':')))
    return std::nullopt;
  passes::Tile tile;
  while (!extents.empty()) {
    auto [extent, rest] = extents.split('x');
    int64_t value = 0;
    if (extent.getAsInteger(10, value) || value < 1 || tile.size() == 4)
      return std::nullopt;
    tile.push_back(value);
    extents = rest;
  }
  return std::pair(*algorithm, tile);
}

std::optional<int64_t> parseBytes(llvm::StringRef text) {
  constexpr llvm::StringLiteral units = "KMGT";
  double scale = 1;
  if (!text.empty())
    if (size_t unit = units.find(llvm::toUpper(text.back())); unit != llvm::StringRef::npos) {
      scale = std::pow(1024.0, static_cast<double>(unit + 1));
      text = text.drop_back();
    }
  double value = 0;
  if (text.getAsDouble(value) || !(value >= 0) || value * scale > 9e18)
    return std::nullopt;
  return static_cast<int64_t>(value * scale);
}

void ConvOptions::addTo(CLI::App &command) {
  command
      .add_option("--conv", choice,
                  "how to convolve: auto (cost model), measure (timed here), or " +
                      algorithmNames())
      ->type_name("HOW")
      ->check(CLI::Validator(checkChoice, "", "conv"))
      ->capture_default_str();
  addBudgetsTo(command, "on as many threads as this machine has processors, two for other targets");
}

void ConvOptions::addBudgetsTo(CLI::App &command, const std::string &onThreads) {
  command
      .add_option("--max-error", maxError,
                  fmt::format("largest error of a convolution, relative to its largest output; "
                              "{} unless given, {} of bf16",
                              passes::usualMaxError(passes::ConvElement::f32),
                              passes::usualMaxError(passes::ConvElement::bf16)))
      ->type_name("E")
      ->check(CLI::Validator(
          [](const std::string &text) {
            double error = 0;
            bool isError =
                CLI::detail::lexical_cast(text, error) && error > 0 && std::isfinite(error);
            return isError ? "" : fmt::format("'{}' is no finite number above 0; try 1e-3", text);
          },
          "", "error"));
  command
      .add_option(
          "--max-workspace", maxWorkspace,
          "largest memory that a convolution may use besides its data, as in 16M, " + onThreads +
              "; more threads hold more, and buffers of up to 16 KiB each lie on the stack and do "
              "not count")
      ->type_name("BYTES")
      ->check(CLI::Validator(
          [](const std::string &text) {
            return parseBytes(text)
                       ? ""
                       : fmt::format("'{}' is no size in bytes, K, M, G or T; try 16M", text);
          },
          "", "bytes"));
}

passes::ConvPolicy ConvOptions::policy(const codegen::Target &target, unsigned threads) const {
  passes::ConvPolicy policy;
  if (auto variant = parseVariant(choice)) {
    policy.mode = passes::ConvMode::fixed;
    std::tie(policy.algorithm, policy.tile) = *variant;
  } else {
    policy.mode = choice == "measure" ? passes::ConvMode::measure : passes::ConvMode::automatic;
  }
  policy.maxError = maxError;
  policy.maxWorkspace = maxWorkspace.empty() ? std::nullopt : parseBytes(maxWorkspace);
  policy.machine = machineOf(target, threads);
  return policy;
}

passes::Machine machineOf(const codegen::Target &target, unsigned threads) {
  passes::Machine machine;
  machine.lanes = target.lanes;
  machine.threads = static_cast<int>(threads);
  machine.l2Bytes = target.l2Bytes;
  machine.isDevice = target.onDevice();
  if (target.name == "host") {
    MachineRates rates = hostRates(threads, target.l2Bytes);
    machine.flopsPerNanosecond = rates.flopsPerNanosecond;
    machine.bytesPerNanosecond = rates.bytesPerNanosecond;
    return machine;
  }
  // A clock of about 3.2 GHz; vectors of AVX-512 and AVX2 machines multiply and add twice a cycle.
  constexpr double gigahertz = 3.2;
  double fmasPerCycle = target.lanes >= 8 ? 2 : 1;
  machine.flopsPerNanosecond = 2 * fmasPerCycle * target.lanes * gigahertz;
  return machine;
}

} // namespace quern::tools
