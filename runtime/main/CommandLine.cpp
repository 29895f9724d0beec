#include "runtime/main/CommandLine.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>

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

} // namespace

std::variant<Request, int> parseCommandLine(const Signature &signature, int argc,
                                            const char *const *argv) {
  Request request;
  std::vector<std::string> named;
  CLI::App app(describeUse(signature));
  app.set_version_flag("--version", fmt::format("{} ({}, compiled for {})", signature.model,
                                                signature.producer, signature.target));
  app.add_option("FILE", request.files,
                 "inputs in order: photos, .npy, .npz or raw files, '-' for the standard input; "
                 "more files than one run takes are run one after the other");
  app.add_option("--input", named, "an input by its name; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  app.add_option("--output", request.output,
                 "write the outputs to a .npy, .npz (several outputs) or raw file")
      ->type_name("FILE");
  app.add_option("--threads", request.threads, "threads to use; as many as it may by default")
      ->check(CLI::Range(1, 1024));
  app.add_option("--weights", request.weights, "the weights file, if they are not in this program")
      ->type_name("FILE");
  app.add_flag("--json", request.json, "print JSON");
  app.add_flag("--info", request.info, "print what the model takes, gives and needs");
  app.add_flag("--profile", request.profile, "print what each kernel costs, to the standard error");
  auto *bench = app.add_flag("--bench", request.bench,
                             "time the model, on random inputs unless files are given");
  auto *repeat = app.add_option("--repeat", request.repeat, "timed runs of --bench")
                     ->check(CLI::Range(1u, 100000000u))
                     ->needs(bench);
  app.add_option("--seconds", request.seconds, "how long --bench times the model (2)")
      ->check(CLI::Range(0.0, 1e6))
      ->needs(bench)
      ->excludes(repeat);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError &mistake) {
    complain(fmt::format("{} (see --help)", mistake.what()));
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
