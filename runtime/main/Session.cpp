#include "runtime/main/Session.h"

#include <algorithm>
#include <chrono>

namespace quern::runtime {

Result<Session> Session::open(const quern_model &model, const Signature &signature,
                              const Request &request) {
  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.threads = request.threads;
  options.weights_path = request.weights.empty() ? nullptr : request.weights.c_str();
  options.profile = request.profile;
  quern_context *context = nullptr;
  if (quern_create(&model, &options, &context) != QUERN_OK)
    return Failure{quern_last_error(nullptr)};
  Session session;
  session.theModel = &model;
  session.context.reset(context);
  for (const Port &output : signature.outputs)
    session.outputs.emplace_back(output.bytes);
  return session;
}

Status Session::run(const std::vector<AlignedBytes> &inputs) {
  std::vector<const void *> from;
  std::vector<void *> to;
  from.reserve(inputs.size());
  to.reserve(outputs.size());
  for (const AlignedBytes &input : inputs)
    from.push_back(input.data());
  for (AlignedBytes &output : outputs)
    to.push_back(output.data());
  if (quern_run(context.get(), from.data(), to.data()) != QUERN_OK)
    return Failure{quern_last_error(context.get())};
  return success();
}

Result<Session::Latency> Session::measure(const std::vector<AlignedBytes> &inputs,
                                          const Request &request) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  constexpr int warmRuns = 3;
  for (int i = 0; i < warmRuns; ++i)
    if (Status status = run(inputs); !status)
      return status.failure();
  quern_profile_reset(context.get());
  std::vector<double> times;
  Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                             std::chrono::duration<double>(request.seconds));
  auto goesOn = [&] {
    return request.repeat ? times.size() < *request.repeat : times.empty() || Clock::now() < end;
  };
  while (goesOn()) {
    Clock::time_point start = Clock::now();
    if (Status status = run(inputs); !status)
      return status.failure();
    times.push_back(Milliseconds(Clock::now() - start).count());
  }
  std::ranges::sort(times);
  size_t half = times.size() / 2;
  double median = times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  return Latency{times.front(), median, times.size()};
}

} // namespace quern::runtime
