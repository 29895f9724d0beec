#include "runtime/main/CommandLine.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <limits>

namespace quern::runtime {

namespace {

/// How people call this model: "PHOTO..." where it takes a photograph.
std::string describeUse(const Signature &signature) {
  std::string text = fmt::format("Runs the model {}.\n", signature.model);
  for (const Port &input : signature.inputs)
    text += fmt::format("  takes {}: {}{}\n", input.name, input.typeText(),
                        input.photo ? " from a photo" : "");
  for (const Port &output : signature.outputs)
    text += fmt::format("  gives {}: {}{}\n", output.name, output.typeText(),
                        output.labels ? ", named" : "");
  return text;
}

std::string checkNamed(const Signature &signature, const std::string &name) {
  std::vector<std::string> names;
  for (const Port &input : signature.inputs) {
    if (input.name == name)
      return {};
    names.push_back(input.name);
  }
  return fmt::format("there is no input '{}'; the model takes {}", name, fmt::join(names, ", "));
}

/// An option that was given for a file without a name would else be as if it had not been given.
std::string checkFileName(const std::string &name) {
  return name.empty() ? "'' names no file" : "";
}

/// Refuses another ending than the one that says what is written; a name may have none.
std::string checkEnding(const std::string &name, const std::string &ending) {
  std::string own = std::filesystem::path(name).extension();
  if (name.empty() || own.empty() || own == ending)
    return checkFileName(name);
  return fmt::format("'{}' ends in {}, and what is written is a {}", name, own, ending);
}

/// Splits NAME=FILE; a message when that cannot be.
std::string addNamed(const Signature &signature, const std::string &argument, Request &request) {
  size_t sign = argument.find('=');
  if (sign == std::string::npos)
    return fmt::format("--input {}: expected NAME=FILE", argument);
  std::string name = argument.substr(0, sign);
  for (const auto &[earlier, file] : request.named)
    if (earlier == name)
      return fmt::format("input '{}' is given twice", name);
  request.named.emplace_back(name, argument.substr(sign + 1));
  return checkNamed(signature, name);
}

/// Refuses what is no whole number of that type, which CLI11 would wrap.
template <typename Whole, Whole least = 0> std::string checkWhole(const std::string &text) {
  Whole number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= least)
    return {};
  return fmt::format("'{}' is no whole number from {} to {}", text, least,
                     std::numeric_limits<Whole>::max());
}

/// Refuses what is no number from `low`, or above it, to `high`: also NaN, which CLI11 lets
/// through.
std::string checkNumber(const std::string &text, double low, bool isAbove, double high) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool isNumber = error == std::errc() && end == text.data() + text.size();
  if (isNumber && (isAbove ? number > low : number >= low) && number <= high)
    return {};
  return fmt::format("'{}' is no number {} {:g} {}to {:g}", text, isAbove ? "above" : "from", low,
                     isAbove ? "and up " : "", high);
}

/// What only a causal model can do.
void addGeneration(CLI::App &app, const Signature &signature, Request &request) {
  bool isImage = signature.image.sequence()->axes > 1;
  auto *stream =
      app.add_flag("--stream", request.stream,
                   "read elements of the input, raw, from the standard input, as many as "
                   "the model has positions at most, and write each output, raw, when it "
                   "is due");
  int64_t batch = signature.generated()->shape.front();
  std::string atOnce =
      fmt::format("{} at once, the batch that the model is compiled for (a larger one takes less "
                  "time for each)",
                  batch);
  auto *sample = app.add_option("--sample", request.sample,
                                isImage ? "draw so many samples, " + atOnce
                                        : "draw so many elements of each sequence, " + atOnce)
                     ->type_name("N")
                     ->check(checkWhole<uint32_t, 1>)
                     ->excludes(stream);
  app.add_option("--prompt", request.prompt,
                 signature.generated()->text
                     ? "the text to go on from; @FILE reads it from a file"
                     : "a file of elements to go on from, as FILE or @FILE: raw, position by "
                       "position, or .npy, .npz")
      ->type_name(signature.generated()->text ? "TEXT|@FILE" : "FILE")
      ->needs(sample);
  app.add_option("--seed", request.seed, "the same seed draws the same sample (0)")
      ->check(checkWhole<uint64_t>)
      ->needs(sample);
  app.add_option("--temperature", request.temperature,
                 "below 1 keeps to likely elements, 0 to the likeliest (1)")
      ->check([](const std::string &text) { return checkNumber(text, 0, false, 1e6); })
      ->needs(sample);
  app.add_option("--top-k", request.topK, "draw among the K likeliest only; 0: among all (0)")
      ->check(checkWhole<uint32_t>)
      ->needs(sample);
  app.add_option("--top-p", request.topP,
                 "draw among the fewest that hold this probability only (1)")
      ->check([](const std::string &text) { return checkNumber(text, 0, true, 1); })
      ->needs(sample);
  app.add_option("--png", request.png, "write a sheet of the samples to this .png file")
      ->type_name("FILE")
      ->check([](const std::string &name) { return checkEnding(name, ".png"); })
      ->needs(sample);
  for (const char *other : {"--bench", "--expect", "--json"}) {
    sample->excludes(app.get_option(other));
    stream->excludes(app.get_option(other));
  }
  stream->excludes(app.get_option("--output"));
}

/// Says why not, rather than that the options are unknown.
void refuseGeneration(CLI::App &app, const Signature &signature) {
  std::string reason = signature.image.text(signature.image.header().stepless);
  for (const char *option : {"--sample", "--stream", "--prompt", "--png", "--seed", "--temperature",
                             "--top-k", "--top-p"})
    app.add_flag_callback(option,
                          [option, reason] {
                            throw CLI::ValidationError(
                                option, "this program has no step programs: " + reason);
                          })
        ->group("");
}

} // namespace

std::variant<Request, int> parseCommandLine(const Signature &signature, int argc,
                                            const char *const *argv) {
  Request request;
  std::vector<std::string> named;
  CLI::App app(describeUse(signature));
  app.set_version_flag("--version", fmt::format("{} ({}, compiled for {})", signature.model,
                                                signature.producer, signature.target));
  app.add_option(
      "FILE", request.files,
      "inputs in order: photos, .npy, .npz or raw files, '-' for the standard input; "
      "one .npz with an array of each input's name will do for all; FILE.npz:ARRAY for an array of "
      "another name than the input's; more files than one run takes are run one after the other");
  app.add_option("--input", named, "an input by its name; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  app.add_option("--output", request.output,
                 "write the outputs to a .npy, .npz (several outputs) or raw file instead of "
                 "printing them; of --sample, the whole input to a .npy, 0 where nothing was drawn")
      ->type_name("FILE")
      ->check(checkFileName);
  auto *expect =
      app.add_option(
             "--expect", request.expect,
             "the true class of each row, integers in a .npy or .npz: tells how many are right")
          ->type_name("FILE");
  app.add_option("--threads", request.threads, "threads to use; as many as it may by default")
      ->check(CLI::Range(1, 1024));
  app.add_option("--weights", request.weights, "the weights file, if they are not in this program")
      ->type_name("FILE");
  app.add_flag("--json", request.json, "print JSON");
  app.add_flag("--info", request.info, "print what the model takes, gives and needs");
  app.add_flag("--profile", request.profile, "print what each kernel costs, to the standard error");
  auto *bench = app.add_flag("--bench", request.bench,
                             "time the model, on random inputs unless files are given")
                    ->excludes(expect);
  auto *repeat = app.add_option("--repeat", request.repeat, "timed runs of --bench")
                     ->check(CLI::Range(1u, 100000000u))
                     ->needs(bench);
  app.add_option("--seconds", request.seconds, "how long --bench times the model (2)")
      ->check(CLI::Range(0.0, 1e6))
      ->needs(bench)
      ->excludes(repeat);
  if (signature.generated())
    addGeneration(app, signature, request);
  else
    refuseGeneration(app, signature);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError &mistake) {
    complain(fmt::format("{} (see --help)", mistake.what()));
    return exitUsage;
  }
  // Other outputs may be raw.
  if (request.sample > 0)
    if (std::string problem = request.output.empty() ? "" : checkEnding(request.output, ".npy");
        !problem.empty()) {
      complain(fmt::format("--output: {} (see --help)", problem));
      return exitUsage;
    }
  for (const std::string &argument : named) {
    std::string problem = addNamed(signature, argument, request);
    if (!problem.empty()) {
      complain(problem);
      return exitUsage;
    }
  }
  return request;
}

void complain(const std::string &message) {
  fmt::print(stderr, "{}: error: {}\n", program_invocation_short_name, message);
}

} // namespace quern::runtime
