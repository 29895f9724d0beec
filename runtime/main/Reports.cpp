#include "runtime/main/Reports.h"

#include "runtime/DType.h"
#include "runtime/SequenceState.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <set>

namespace quern::runtime {

namespace {

uint64_t totalFlops(const ImageView &image) {
  uint64_t total = 0;
  for (const StepEntry &step : image.steps())
    total += step.flops;
  return total;
}

/// Distinct kernels among the steps.
size_t kernelCount(const ImageView &image) {
  std::set<std::string> names;
  for (const StepEntry &step : image.steps())
    names.insert(image.text(step.kernel));
  return names.size();
}

std::string bytesText(uint64_t bytes) {
  if (bytes < 10 * 1024)
    return fmt::format("{} bytes", bytes);
  if (bytes < 10 * 1024 * 1024)
    return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string adapterText(const Port &port) {
  if (port.photo)
    return fmt::format(" from photo(resize = {}, crop = {})", port.photo->resize, port.photo->crop);
  if (port.labels)
    return fmt::format(" as labels({} names, top = {})", port.labels->nameCount, port.labels->top);
  if (port.text)
    return fmt::format(" from text({} symbols)", port.text->symbolCount);
  return {};
}

nlohmann::json portsToJson(const std::vector<Port> &ports) {
  nlohmann::json result = nlohmann::json::array();
  for (const Port &port : ports) {
    nlohmann::json entry = {
        {"name", port.name}, {"dtype", dtypeName(port.dtype)}, {"shape", port.shape}};
    if (port.photo)
      entry["photo"] = {{"resize", port.photo->resize},
                        {"crop", port.photo->crop},
                        {"mean", port.photo->mean},
                        {"std", port.photo->std}};
    if (port.labels)
      entry["labels"] = {{"names", port.labels->nameCount}, {"top", port.labels->top}};
    if (port.text)
      entry["text"] = {{"symbols", port.text->symbolCount}};
    result.push_back(std::move(entry));
  }
  return result;
}

} // namespace

/// What a model with step programs says of its sequences.
static std::string describeOrder(const Signature &signature) {
  const SequenceEntry &order = *signature.image.sequence();
  std::string text = fmt::format("order    {}{} position{} of {}{}\n",
                                 order.isStrict ? "strictly causal over " : "causal over ",
                                 fmt::join(std::span(order.extents, order.axes), " x "),
                                 positionsOf(order) == 1 ? "" : "s", signature.generated()->name,
                                 signature.image.places().empty() ? "" : ", by ranks of its own");
  text += fmt::format("latency  {} position{}\n", order.lag, order.lag == 1 ? "" : "s");
  text += fmt::format("sequence {}\n", bytesText(savedBytes(signature.image.states())));
  return text;
}

std::string describeModel(const Signature &signature) {
  const ImageHeader &header = signature.image.header();
  std::string text = fmt::format("model    {}\ntarget   {}\nmade by  {}\n", signature.model,
                                 signature.target, signature.producer);
  for (const Port &input : signature.inputs)
    text += fmt::format("input    {}: {}{}\n", input.name, input.typeText(), adapterText(input));
  for (const Port &output : signature.outputs)
    text += fmt::format("output   {}: {}{}\n", output.name, output.typeText(), adapterText(output));
  text += fmt::format("kernels  {}, called {} times\n", kernelCount(signature.image),
                      signature.image.steps().size());
  text += fmt::format("work     {:.3f} Gflop a run\n",
                      static_cast<double>(totalFlops(signature.image)) * 1e-9);
  std::string place = signature.image.text(header.weightsFile);
  text += fmt::format("weights  {}{}\n", bytesText(header.weightsBytes),
                      place.empty() ? "" : fmt::format(" in {}", place));
  text +=
      fmt::format("memory   {} arena, {} scratch and {} a thread\n", bytesText(header.arenaBytes),
                  bytesText(header.serialScratchBytes), bytesText(header.threadScratchBytes));
  if (signature.generated())
    text += describeOrder(signature);
  return text;
}

nlohmann::json modelToJson(const Signature &signature) {
  const ImageHeader &header = signature.image.header();
  nlohmann::json json = {{"model", signature.model},
                         {"target", signature.target},
                         {"producer", signature.producer},
                         {"inputs", portsToJson(signature.inputs)},
                         {"outputs", portsToJson(signature.outputs)},
                         {"kernels", kernelCount(signature.image)},
                         {"kernel_calls", signature.image.steps().size()},
                         {"flops", totalFlops(signature.image)},
                         {"weights_bytes", header.weightsBytes},
                         {"weights_file", signature.image.text(header.weightsFile)},
                         {"arena_bytes", header.arenaBytes},
                         {"serial_scratch_bytes", header.serialScratchBytes},
                         {"thread_scratch_bytes", header.threadScratchBytes}};
  if (const SequenceEntry *order = signature.image.sequence()) {
    std::vector<uint32_t> places(signature.image.places().begin(), signature.image.places().end());
    json["sequence"] = {{"input", signature.generated()->name},
                        {"extents", std::vector(order->extents, order->extents + order->axes)},
                        {"strict", order->isStrict != 0},
                        {"places", places},
                        {"latency", order->lag},
                        {"bytes", savedBytes(signature.image.states())}};
  }
  return json;
}

/// A rate of `amount` in so many nanoseconds; of what is over before a clock can tell, "-".
static std::string rateText(uint64_t amount, double nanoseconds) {
  constexpr double shortest = 200;
  return nanoseconds < shortest ? "-"
                                : fmt::format("{:.1f}", static_cast<double>(amount) / nanoseconds);
}

std::string describeProfile(const quern_context *context) {
  std::vector<quern_profile_entry> entries;
  uint64_t total = 0;
  for (size_t i = 0; i < quern_profile_count(context); ++i) {
    quern_profile_entry entry;
    if (quern_profile(context, i, &entry) != QUERN_OK || entry.calls == 0)
      continue;
    entries.push_back(entry);
    total += entry.total_ns;
  }
  std::ranges::sort(entries, std::greater(), &quern_profile_entry::total_ns);
  size_t width = std::string_view("kernel").size();
  for (const quern_profile_entry &entry : entries)
    width = std::max(width, std::strlen(entry.name));
  std::string text = fmt::format("{:>9} {:>9} {:>7} {:>7} {:>6}  {:<{}}  {}\n", "min ms", "mean ms",
                                 "GF/s", "GB/s", "share", "kernel", width, "source");
  double minimum = 0;
  for (const quern_profile_entry &entry : entries) {
    auto least = static_cast<double>(std::max<uint64_t>(entry.min_ns, 1));
    double mean = static_cast<double>(entry.total_ns) / static_cast<double>(entry.calls);
    minimum += least;
    text += fmt::format("{:9.4f} {:9.4f} {:>7} {:>7} {:5.1f}%  {:<{}}  {}\n", least * 1e-6,
                        mean * 1e-6, rateText(entry.flops, least), rateText(entry.bytes, least),
                        100.0 * static_cast<double>(entry.total_ns) /
                            static_cast<double>(std::max<uint64_t>(total, 1)),
                        entry.name, width, entry.location);
  }
  if (!entries.empty())
    text += fmt::format("{:9.4f} {:9.4f} in all, {} threads, {} runs\n", minimum * 1e-6,
                        static_cast<double>(total) / static_cast<double>(entries[0].calls) * 1e-6,
                        quern_thread_count(context), entries[0].calls);
  return text;
}

} // namespace quern::runtime
