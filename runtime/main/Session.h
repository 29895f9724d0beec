// A model with its context, ready to run.
#pragma once

#include "runtime/main/Inputs.h"

namespace quern::runtime {

class Session {
public:
  static Result<Session> open(const quern_model &model, const Signature &signature,
                              const Request &request);
  /// Runs once; `outputs` keeps the results.
  Status run(const std::vector<AlignedBytes> &inputs);

  struct Latency {
    double minMs;
    double medianMs;
    size_t runs;
  };
  /// Runs some times for warmth, then times each of many runs.
  Result<Latency> measure(const std::vector<AlignedBytes> &inputs, const Request &request);

  quern_context *get() const { return context.get(); }
  const quern_model *model() const { return theModel; }
  std::vector<AlignedBytes> outputs;

private:
  struct Destroy {
    void operator()(quern_context *context) const { quern_destroy(context); }
  };
  const quern_model *theModel = nullptr;
  std::unique_ptr<quern_context, Destroy> context;
};

} // namespace quern::runtime
