#include "runtime/main/Generate.h"

#include "runtime/DType.h"
#include "runtime/formats/File.h"
#include "runtime/main/Samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

namespace quern::runtime {

namespace {

struct EndSequence {
  void operator()(quern_sequence *sequence) const { quern_sequence_destroy(sequence); }
};
using Sequence = std::unique_ptr<quern_sequence, EndSequence>;

/// How the generated input is given, by who gave a file for it.
std::string howToGive(const Signature &signature, const Request &request, const std::string &file) {
  const Port &input = *signature.generated();
  if (request.stream)
    return fmt::format("--stream reads '{}' from the standard input, as in --stream < {}",
                       input.name, file);
  return fmt::format("what '{}' goes on from is given by --prompt {}{}", input.name,
                     input.text ? "@" : "", file);
}

/// The inputs beside the generated one, from the files that were named for them.
Result<std::vector<AlignedBytes>> readConditions(const Signature &signature,
                                                 const Request &request) {
  std::vector<AlignedBytes> inputs;
  std::vector<std::string> files = request.files;
  if (files.size() == 1) {
    std::vector<const Port *> open = openInputs(signature, request);
    std::erase(open, signature.generated());
    Result<std::vector<std::string>> arrays = arraysOf(files.front(), open, /*isOnly=*/true);
    if (!arrays)
      return arrays.failure();
    if (!arrays->empty())
      files = *arrays;
  }
  size_t next = 0;
  for (const Port &input : signature.inputs) {
    inputs.emplace_back();
    const std::string *file = nullptr;
    for (const auto &[name, named] : request.named)
      if (name == input.name)
        file = &named;
    if (&input == signature.generated()) {
      if (file)
        return Failure{fmt::format("input '{}' is what is generated: {}", input.name,
                                   request.stream ? "it comes from the standard input"
                                                  : "give what to go on from by --prompt")};
      continue;
    }
    if (!file && next < files.size())
      file = &files[next++];
    if (!file)
      return Failure{fmt::format("input '{}' ({}) is missing", input.name, input.typeText())};
    Result<AlignedBytes> read = readInput(input, {*file});
    if (!read)
      return read.failure();
    inputs.back() = std::move(*read);
  }
  if (next < files.size())
    return Failure{fmt::format("{}: no input is left for this file: {}", files[next],
                               howToGive(signature, request, files[next]))};
  return inputs;
}

Result<Sequence> begin(Session &session, const std::vector<AlignedBytes> &inputs) {
  std::vector<const void *> pointers;
  pointers.reserve(inputs.size());
  for (const AlignedBytes &input : inputs)
    pointers.push_back(input.data());
  quern_sequence *sequence = nullptr;
  if (quern_sequence_create(session.get(), pointers.data(), &sequence) != QUERN_OK)
    return Failure{quern_last_error(session.get())};
  return Sequence(sequence);
}

Status check(Session &session, quern_status status) {
  return status == QUERN_OK ? success() : Status(Failure{quern_last_error(session.get())});
}

/// What is done with elements as they are drawn.
using Show = std::function<void(std::span<const std::byte>)>;

void ignore(std::span<const std::byte> /*elements*/) {}

/// Prints a text or numbers as they come; images, and a batch of texts, are shown at the end, and
/// nothing is where a file takes it.
Show printerOf(const Signature &signature, const Request &request, uint64_t rows) {
  bool isText = signature.generated()->text != nullptr;
  if (!request.output.empty() || (isText ? rows > 1 : isPicture(signature)))
    return ignore;
  return [&signature, isText](std::span<const std::byte> elements) {
    (isText ? showText : showNumbers)(signature, elements);
  };
}

/// Of the samples after the first each has a seed of its own, which no small seed of a user's is.
uint64_t seedOf(const Request &request, uint64_t run) {
  return request.seed + run * 0x9e3779b97f4a7c15u;
}

/// Draws one sequence of every row of the batch; `elements` begins with the prompt's.
Status drawOne(const Request &request, Session &session, quern_sequence *sequence, uint64_t seed,
               uint64_t count, size_t slot, std::vector<std::byte> &elements, const Show &show) {
  quern_sample_options options = QUERN_SAMPLE_OPTIONS_DEFAULT;
  options.seed = seed;
  options.temperature = request.temperature;
  options.top_k = request.topK;
  options.top_p = request.topP;
  uint64_t given = elements.size() / slot;
  if (Status status = check(session, quern_advance(sequence, 0, given, elements.data(), nullptr));
      !status)
    return status;
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<std::byte> next(slot);
    if (Status status = check(session, quern_sample(sequence, 1, &options, next.data())); !status)
      return status;
    // Not before it is clear that something can be drawn; and what nobody gave is not shown.
    if (i == 0 && request.prompt)
      show(elements);
    show(next);
    elements.insert(elements.end(), next.begin(), next.end());
  }
  return success();
}

/// What is given at the beginning of a sequence: the prompt, or what stands in for one.
std::string notDrawn(const Signature &signature, const Request &request, uint64_t given) {
  if (given == 0)
    return "";
  if (request.prompt)
    return fmt::format(", of which the prompt gives {}", given);
  return fmt::format(", of which the first is given, without --prompt as {}",
                     signature.generated()->text ? "a line feed or the first symbol" : "zero");
}

/// Which choice among levels was asked for of a distribution that is over none.
Status checkChoice(const SequenceEntry &order, const Request &request) {
  if (order.distribution == DistributionKind::categorical ||
      order.distribution == DistributionKind::none || (request.topK == 0 && request.topP == 1))
    return success();
  return Failure{fmt::format("{} is for a categorical distribution, and the model's output is {}: "
                             "--temperature is for all",
                             request.topK != 0 ? "--top-k" : "--top-p",
                             order.distribution == DistributionKind::bernoulli ? "one of two values"
                                                                               : "a mixture")};
}

/// Says that the file, which is of the input's shape, holds more than was asked for.
void noteUnasked(const Request &request, uint64_t known, uint64_t positions, uint64_t images) {
  if (known < positions)
    fmt::print(stderr, "{}: note: {} holds {} positions, of which {} are known: the others are 0\n",
               program_invocation_short_name, request.output, positions, known);
  if (request.sample < images)
    fmt::print(stderr,
               "{}: note: {} holds {} samples, the batch that the model is compiled for, of which "
               "{} {} asked for\n",
               program_invocation_short_name, request.output, images, request.sample,
               request.sample == 1 ? "was" : "were");
}

} // namespace

Status generate(const Signature &signature, const Request &request, Session &session) {
  const SequenceEntry &order = *signature.image.sequence();
  const Port &input = *signature.generated();
  uint64_t positions = positionsOf(order);
  size_t slot = input.bytes / positions;
  bool isImage = order.axes > 1;
  if (!request.png.empty() && !isPicture(signature))
    return Failure{fmt::format("--png draws images, and {} is none", input.typeText())};
  if (isImage && !request.output.empty() &&
      request.sample > static_cast<uint64_t>(input.shape.front()))
    return Failure{fmt::format("--output holds one batch, of {} here: draw no more, or compile the "
                               "model for a larger batch",
                               input.shape.front())};
  if (Status choice = checkChoice(order, request); !choice)
    return choice;
  Result<std::vector<std::byte>> prompt = readPrompt(signature, request);
  if (!prompt)
    return prompt.failure();
  uint64_t given = prompt->size() / slot;
  if (given == 0 && !order.isStrict)
    return Failure{"the prompt is empty, and the model predicts what follows an element: give one, "
                   "or leave --prompt out"};
  if (given > positions)
    return Failure{
        fmt::format("the prompt has {} elements, and a sequence at most {}", given, positions)};
  if (!isImage && request.sample > positions - given)
    return Failure{fmt::format("cannot draw {} element{}: a sequence has {} at most{}: draw fewer, "
                               "or compile the model for more positions",
                               request.sample, request.sample == 1 ? "" : "s", positions,
                               notDrawn(signature, request, given))};
  Result<std::vector<AlignedBytes>> conditions = readConditions(signature, request);
  if (!conditions)
    return conditions.failure();

  uint64_t rows = slot / dtypeBytes(input.dtype);
  uint64_t batch = isImage ? static_cast<uint64_t>(input.shape.front()) : 1;
  uint64_t runs = isImage ? (request.sample + batch - 1) / batch : 1;
  uint64_t count = isImage ? positions - given : request.sample;
  // What is not generated in the order of its places is shown once it is whole.
  bool isInPlace = signature.image.places().empty();
  Show print = printerOf(signature, request, rows);
  uint64_t firstShown = request.prompt ? 0 : given;
  std::vector<std::vector<std::byte>> samples;
  for (uint64_t run = 0; run < runs; ++run) {
    Result<Sequence> sequence = begin(session, *conditions);
    if (!sequence)
      return sequence.failure();
    std::vector<std::byte> &elements = samples.emplace_back(*prompt);
    if (Status status = drawOne(request, session, sequence->get(), seedOf(request, run), count,
                                slot, elements, isInPlace ? print : ignore);
        !status)
      return status;
    if (!isInPlace && !isPicture(signature) && request.output.empty())
      showPlaces(signature, elements);
    else if (input.text && rows > 1 && request.output.empty())
      showTexts(signature, std::span(elements).subspan(firstShown * slot), rows);
    elements = inPlace(signature, elements);
  }
  if (input.text && rows == 1 && request.output.empty())
    fmt::print("\n");
  std::fflush(stdout);
  if (!request.output.empty())
    noteUnasked(request, given + count, positions, isImage ? batch : 0);
  return showSamples(signature, request, samples);
}

Status stream(const Signature &signature, const Request &request, Session &session) {
  quern_order order;
  if (quern_model_order(session.model(), &order) != QUERN_OK)
    return Failure{quern_last_error(nullptr)};
  Result<std::vector<AlignedBytes>> conditions = readConditions(signature, request);
  if (!conditions)
    return conditions.failure();
  Result<Sequence> sequence = begin(session, *conditions);
  if (!sequence)
    return sequence.failure();
  AlignedBytes element(order.input_bytes);
  // What is behind the last position comes all at once.
  AlignedBytes outputs(order.output_bytes * (order.latency + 1));
  for (uint64_t position = 0; position < order.positions; ++position) {
    size_t read = std::fread(element.data(), 1, element.size(), stdin);
    if (read == 0) {
      Status status = check(session, quern_flush(sequence->get(), outputs.data()));
      if (status)
        std::fwrite(outputs.data(), order.output_bytes, std::min(position, order.latency), stdout);
      return status;
    }
    if (read < element.size())
      return Failure{fmt::format("the stream ends within an element of {} bytes", element.size())};
    if (Status status = check(session, quern_advance(sequence->get(), position, position + 1,
                                                     element.data(), outputs.data()));
        !status)
      return status;
    bool isLast = position + 1 == order.positions;
    size_t due = isLast ? order.latency + 1 : position >= order.latency;
    std::fwrite(outputs.data(), order.output_bytes, due, stdout);
    std::fflush(stdout);
  }
  if (std::fgetc(stdin) != EOF)
    return Failure{
        fmt::format("the stream is longer than the model's {} positions", order.positions)};
  return success();
}

} // namespace quern::runtime
