#include "runtime/Profile.h"

#include "runtime/Context.h"

#include <ctime>

namespace quern::runtime {

namespace {

uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

} // namespace

void StepCost::begin() { begunNs = now(); }

void StepCost::end() {
  uint64_t spent = now() - begunNs;
  minNs = calls == 0 || spent < minNs ? spent : minNs;
  totalNs += spent;
  ++calls;
}

} // namespace quern::runtime

void quern_profile_begin(quern_context *context, int32_t step) {
  if (static_cast<uint64_t>(step) < context->stepCount)
    context->costs[step].begin();
}

void quern_profile_end(quern_context *context, int32_t step) {
  if (static_cast<uint64_t>(step) >= context->stepCount)
    return;
  // A device only starts a kernel; what it costs shows when it is done. An error shows again at the
  // end of the run.
  if (context->deviceMemory.isOpen())
    context->deviceMemory.finish();
  context->costs[step].end();
}

void quern_set_profiling(quern_context *context, int on) { context->profiles = on != 0; }

void quern_profile_reset(quern_context *context) {
  for (uint64_t i = 0; i < context->stepCount; ++i)
    context->costs[i] = {};
}

size_t quern_profile_count(const quern_context *context) { return context->stepCount; }

quern_status quern_profile(const quern_context *context, size_t index, quern_profile_entry *entry) {
  if (!context || !entry || index >= context->stepCount)
    return QUERN_INVALID_ARGUMENT;
  const quern::runtime::StepEntry &step = context->image.steps()[index];
  const quern::runtime::StepCost &cost = context->costs[index];
  *entry = {context->image.text(step.name),
            context->image.text(step.kernel),
            context->image.text(step.location),
            step.flops,
            step.bytes,
            cost.calls,
            cost.totalNs,
            cost.minNs};
  return QUERN_OK;
}
