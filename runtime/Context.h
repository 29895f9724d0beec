// All that one caller needs to run a model.
#pragma once

#include "runtime/Arena.h"
#include "runtime/DeviceMemory.h"
#include "runtime/Profile.h"
#include "runtime/Scratch.h"
#include "runtime/ThreadPool.h"
#include "runtime/Weights.h"

/// Lies, with the arrays that it points at, in one block of memory. The name is the C interface's.
struct quern_context {
  const quern_model *model = nullptr;
  quern::runtime::ImageView image;
  quern::runtime::Error error{};
  /// Whether error was set by a kernel in this run; the first one counts.
  std::atomic<bool> kernelComplained{false};
  bool profiles = false;

  quern::runtime::Arena memory;
  quern::runtime::Weights weights;
  quern::runtime::ThreadPool pool;
  quern::runtime::DeviceMemory deviceMemory;

  /// Scratch of the code outside parallel loops, and of each thread within.
  quern::runtime::ScratchStack serialScratch;
  quern::runtime::ScratchStack *threadScratch = nullptr;

  /// The driver's buffers, and the axes that they point at.
  uint64_t bufferCount = 0;
  quern::runtime::abi::Buffer *buffers = nullptr;
  uint64_t stepCount = 0;
  quern::runtime::StepCost *costs = nullptr;

  /// Keeps the first message of a run. May be called by several threads at once.
  void complain(const char *message);
};

namespace quern::runtime {

/// A driver: of the model or of a step program.
using DriverFunction = int32_t (*)(quern_context *context, struct halide_buffer_t *buffers);

/// Runs a driver over the context's buffers. On failure the context's error says why.
quern_status runDriver(quern_context &context, DriverFunction run);

} // namespace quern::runtime
