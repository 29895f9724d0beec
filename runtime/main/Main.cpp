// The main() of every produced program: reads inputs as people have them, runs the model, says what
// it found.
#include "runtime/formats/File.h"
#include "runtime/main/ArrayFile.h"
#include "runtime/main/Generate.h"
#include "runtime/main/Outputs.h"
#include "runtime/main/Reports.h"
#include "runtime/main/Samples.h"
#include "runtime/main/Score.h"
#include "runtime/main/Session.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>

/// The model; the linker makes this name an alias of the model's own accessor.
extern "C" const quern_model *quern_main_model(void);

namespace quern::runtime {
namespace {

int fail(const std::string &message, int code = exitFailure) {
  complain(message);
  return code;
}

void print(const std::string &text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int showInfo(const Signature &signature, const Request &request) {
  print(request.json ? modelToJson(signature).dump(2) + "\n" : describeModel(signature));
  return 0;
}

Result<std::vector<AlignedBytes>> readInputs(const Signature &signature, const RunFiles &run) {
  std::vector<AlignedBytes> inputs;
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    Result<AlignedBytes> input = readInput(signature.inputs[i], run.perInput[i]);
    if (!input)
      return input.failure();
    inputs.push_back(std::move(*input));
  }
  return inputs;
}

int bench(const Signature &signature, const Request &request, const std::vector<RunFiles> &runs,
          Session &session) {
  std::vector<AlignedBytes> inputs;
  if (!runs.empty()) {
    Result<std::vector<AlignedBytes>> read = readInputs(signature, runs.front());
    if (!read)
      return fail(read.error());
    inputs = std::move(*read);
  } else {
    for (const Port &input : signature.inputs)
      inputs.push_back(randomInput(input));
  }
  Result<Session::Latency> latency = session.measure(inputs, request);
  if (!latency)
    return fail(latency.error());
  if (request.json)
    print(nlohmann::json{{"model", signature.model},
                         {"latency_ms_min", latency->minMs},
                         {"latency_ms_median", latency->medianMs},
                         {"runs", latency->runs},
                         {"threads", quern_thread_count(session.get())}}
              .dump(2) +
          "\n");
  else
    print(fmt::format("latency_ms_min={:.6f} latency_ms_median={:.6f}\n", latency->minMs,
                      latency->medianMs));
  return 0;
}

/// What a run has found, as the request wants to see it.
struct Shown {
  std::string text;
  nlohmann::json json;
};

Result<Shown> show(const Signature &signature, const Request &request, const RunFiles &run,
                   const std::vector<AlignedBytes> &outputs) {
  if (request.expect.empty())
    return Shown{describeOutputs(signature, run, outputs), outputsToJson(signature, run, outputs)};
  Result<std::vector<int64_t>> expected = readExpected(signature, request.expect);
  if (!expected)
    return expected.failure();
  Score score = scoreOf(*expected, outputs.front());
  return Shown{score.text() + "\n",
               {{"inputs", run.all}, {"right", score.right}, {"rows", score.rows}}};
}

/// Runs and shows each; one that fails does not keep the others from being shown.
int runAll(const Signature &signature, const Request &request, const std::vector<RunFiles> &runs,
           Session &session) {
  int code = 0;
  nlohmann::json results = nlohmann::json::array();
  for (const RunFiles &run : runs) {
    Result<std::vector<AlignedBytes>> inputs = readInputs(signature, run);
    Status status = inputs ? session.run(*inputs) : Status(inputs.failure());
    if (status && !request.output.empty())
      status = saveOutputs(signature, session.outputs, request.output);
    if (!status) {
      code = fail(status.error());
      continue;
    }
    if (!request.output.empty() && request.expect.empty() && !request.json)
      continue;
    Result<Shown> shown = show(signature, request, run, session.outputs);
    if (!shown)
      code = fail(shown.error());
    else if (request.json)
      results.push_back(shown->json);
    else
      print(shown->text);
  }
  if (request.json)
    print(nlohmann::json{{"model", signature.model}, {"results", std::move(results)}}.dump(
              2, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n");
  return code;
}

/// The program itself, and the file of its weights that lies beside it.
std::vector<std::string> ownFiles(const Signature &signature) {
  std::error_code none;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", none);
  if (none)
    return {};
  std::vector<std::string> files{program.string()};
  if (std::string weights = signature.image.text(signature.image.header().weightsFile);
      !weights.empty())
    files.push_back((program.parent_path() / weights).string());
  return files;
}

/// The files that a request reads.
std::vector<std::string> filesRead(const Signature &signature, const Request &request) {
  std::vector<std::string> files = request.files;
  for (const auto &[name, file] : request.named)
    files.push_back(file);
  files.push_back(request.expect);
  for (std::string &file : files)
    file = ArrayFile(file).path;
  files.push_back(request.weights);
  if (std::optional<std::string> prompt = promptFile(signature, request))
    files.push_back(ArrayFile(*prompt).path);
  for (const std::string &own : ownFiles(signature))
    files.push_back(own);
  return files;
}

/// Whether what the request writes can be written, as far as can be known before the work.
Status checkPlaces(const Signature &signature, const Request &request) {
  if (isOneFile(request.output, request.png))
    return Failure{fmt::format("{}: --output and --png need a file each", request.png)};
  for (const std::string &file : {request.output, request.png}) {
    if (file.empty())
      continue;
    if (Status spared = checkSpared(file, filesRead(signature, request), "the output"); !spared)
      return spared;
    if (Status status = checkWritable(file); !status)
      return status;
  }
  return success();
}

int generateAll(const Signature &signature, const Request &request) {
  Result<Session> session = Session::open(*quern_main_model(), signature, request);
  if (!session)
    return fail(session.error());
  Status status = request.stream ? stream(signature, request, *session)
                                 : generate(signature, request, *session);
  if (!status)
    return fail(status.error());
  if (request.profile)
    fmt::print(stderr, "{}", describeProfile(session->get()));
  return 0;
}

int serve(const Signature &signature, const Request &request) {
  if (request.info)
    return showInfo(signature, request);
  if (Status places = checkPlaces(signature, request); !places)
    return fail(places.error());
  if (request.sample > 0 || request.stream)
    return generateAll(signature, request);
  if (!quern_main_model()->run)
    return fail("this program has step programs alone, as it was compiled with --steps only: give "
                "--sample or --stream, or compile it with --steps auto");
  Result<std::vector<RunFiles>> runs = dealFiles(signature, request);
  if (!runs)
    return fail(runs.error() + " (see --help)", exitUsage);
  if (runs->empty() && !request.bench)
    return fail(fmt::format("input '{}' ({}) is missing (see --help)",
                            signature.inputs.front().name, signature.inputs.front().typeText()),
                exitUsage);
  for (const auto &[option, file] :
       {std::pair("--output", &request.output), std::pair("--expect", &request.expect)})
    if (runs->size() > 1 && !file->empty())
      return fail(fmt::format("{} is about one run, but the files make several", option),
                  exitUsage);
  Result<Session> session = Session::open(*quern_main_model(), signature, request);
  if (!session)
    return fail(session.error());
  int code = request.bench ? bench(signature, request, *runs, *session)
                           : runAll(signature, request, *runs, *session);
  if (request.profile && code == 0)
    fmt::print(stderr, "{}", describeProfile(session->get()));
  return code;
}

int program(int argc, const char *const *argv) {
  Result<Signature> signature = readSignature(*quern_main_model());
  if (!signature)
    return fail(signature.error());
  std::variant<Request, int> parsed = parseCommandLine(*signature, argc, argv);
  const int *ended = std::get_if<int>(&parsed);
  int code = ended ? *ended : serve(*signature, std::get<Request>(parsed));
  // A full disk or a closed pipe shows only here.
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return fail(fmt::format("cannot write the standard output: {}", std::strerror(errno)));
  return code;
}

} // namespace
} // namespace quern::runtime

int main(int argc, char **argv) {
  try {
    return quern::runtime::program(argc, argv);
  } catch (const std::bad_alloc &) {
    return quern::runtime::fail("out of memory");
  } catch (const std::exception &error) {
    return quern::runtime::fail(error.what());
  }
}
