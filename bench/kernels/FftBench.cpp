// Times one convolution by Fourier transforms, compiled ahead of time as in a model.
//     fft_bench --conv IN,OUT,GROUPS --axis SIZE,KERNEL,PADLOW,PADHIGH [--axis ... (y) [--axis ...
//     (z)]]
//               [--sizes NX[,NY[,NZ]]] [--threads N] [--rounds N] [--target T] [--asm FILE]
//               [--serve]
// With --serve it reads `run N` from standard input and answers with the least milliseconds of N
// runs, so that a script can take turns with a peer.
#include "bench/kernels/CompiledKernel.h"
#include "bench/kernels/SpinPool.h"
#include "codegen/halide/schedules/Buffers.h"
#include "codegen/halide/schedules/Fft.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace {

using namespace quern::bench;
using namespace quern::codegen;
using Extents = std::vector<int64_t>;

struct Options {
  SpatialConv problem;
  Extents sizes;
  std::string target = "host", assembly;
  int threads = 1, rounds = 20;
  bool serve = false;
};

Extents numbers(const std::string &text) {
  Extents values;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');)
    values.push_back(std::stoll(part));
  return values;
}

Options parseOptions(int argc, char **argv) {
  Options options;
  SpatialConv &p = options.problem;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    auto value = [&]() -> std::string {
      if (++i == argc)
        throw std::runtime_error(word + " needs a value");
      return argv[i];
    };
    if (word == "--conv") {
      Extents v = numbers(value());
      p.inChannels = v.at(0), p.outChannels = v.at(1), p.groups = v.at(2);
    } else if (word == "--axis") {
      Extents v = numbers(value());
      p.axes.push_back({.in = v.at(0),
                        .out = v.at(0) + v.at(2) + v.at(3) - v.at(1) + 1,
                        .kernel = v.at(1),
                        .padLow = v.at(2),
                        .padHigh = v.at(3)});
    } else if (word == "--sizes")
      options.sizes = numbers(value());
    else if (word == "--threads")
      options.threads = std::stoi(value());
    else if (word == "--rounds")
      options.rounds = std::stoi(value());
    else if (word == "--target")
      options.target = value();
    else if (word == "--asm")
      options.assembly = value();
    else if (word == "--serve")
      options.serve = true;
    else
      throw std::runtime_error("unknown option " + word);
  }
  return options;
}

Extents mapExtents(const SpatialConv &p, bool output) {
  Extents extents{output ? p.outChannels : p.inChannels};
  for (const ConvAxis &axis : p.axes)
    extents.push_back(output ? axis.out : axis.in);
  extents.push_back(p.batch);
  return extents;
}

Halide::ImageParam operand(const std::string &name, const Extents &extents) {
  Halide::ImageParam param(Halide::Float(32), static_cast<int>(extents.size()), name);
  pinDense(param, extents);
  return param;
}

LayerPipeline buildFft(const FftPlan &plan) {
  const SpatialConv &p = plan.problem;
  Halide::ImageParam input = operand("input", mapExtents(p, false));
  Halide::ImageParam weights = operand("weights", fftWeightExtents(plan));
  Halide::ImageParam bias = operand("bias", {p.outChannels});
  Halide::Region region{{Halide::Expr(), Halide::Expr()}};
  for (const ConvAxis &axis : p.axes)
    region.push_back({0, static_cast<int>(axis.in)});
  region.push_back({Halide::Expr(), Halide::Expr()});
  Halide::Func padded = Halide::BoundaryConditions::constant_exterior(input, 0.0f, region);
  FftStages stages = emitFft(plan, padded, weights);
  LayerPipeline pipeline;
  std::vector<Halide::Var> args = stages.inverse.args();
  pipeline.output(args) = max(
      stages.inverse(std::vector<Halide::Expr>(args.begin(), args.end())) + bias(args[0]), 0.0f);
  pinDense(pipeline.output.output_buffer(), mapExtents(p, true));
  pipeline.arguments = {input, weights, bias};
  scheduleFft(plan, stages, padded, pipeline.output);
  return pipeline;
}

/// A buffer of small numbers, at a cache line.
class Operand {
public:
  explicit Operand(const Extents &extents) : dims(extents.size()) {
    int64_t stride = 1;
    for (size_t i = 0; i < extents.size(); ++i) {
      dims[i] = {0, static_cast<int32_t>(extents[i]), static_cast<int32_t>(stride), 0};
      stride *= extents[i];
    }
    data.reset(static_cast<float *>(std::aligned_alloc(64, (stride * 4 + 127) / 64 * 64)));
    for (int64_t i = 0; i < stride; ++i)
      data.get()[i] = static_cast<float>((i * 7919 % 2048) - 1024) / 1024;
    buffer.host = reinterpret_cast<uint8_t *>(data.get());
    buffer.type = halide_type_t(halide_type_float, 32);
    buffer.dimensions = static_cast<int32_t>(dims.size());
    buffer.dim = dims.data();
  }
  halide_buffer_t *get() { return &buffer; }

private:
  struct Free {
    void operator()(float *pointer) const { std::free(pointer); }
  };
  std::vector<halide_dimension_t> dims;
  std::unique_ptr<float, Free> data;
  halide_buffer_t buffer{};
};

/// Milliseconds; one thread's own time, so that neighbours on the machine count less.
double now(int threads) {
  timespec time{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

int runBench(const Options &options) {
  const SpatialConv &p = options.problem;
  const CpuTarget cpu = cpuTargetOf(Halide::Target(options.target));
  const FftPlan plan =
      planFft(p, options.sizes.empty() ? chooseFftSizes(p, cpu) : options.sizes, cpu);
  startPool(options.threads);
  // Workspace is kept between runs, as a model's is.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  LayerPipeline pipeline = buildFft(plan);
  CompiledKernel kernel(pipeline, options.target, options.assembly);
  Operand input(mapExtents(p, false)), weights(fftWeightExtents(plan)), bias({p.outChannels}),
      output(mapExtents(p, true));
  std::vector<halide_buffer_t *> buffers{input.get(), weights.get(), bias.get(), output.get()};
  auto least = [&](int rounds) {
    double best = 1e30;
    for (int i = 0; i < rounds; ++i) {
      double start = now(options.threads);
      if (int code = kernel.run(buffers))
        throw std::runtime_error(fmt::format("code {}", code));
      best = std::min(best, now(options.threads) - start);
    }
    return best;
  };
  double best = least(2);
  if (options.serve) {
    std::cout << "ready" << std::endl;
    for (std::string word; std::cin >> word;) {
      int rounds = 0;
      if (word == "run" && std::cin >> rounds)
        std::cout << fmt::format("{:.4f}", least(rounds)) << std::endl;
    }
    return 0;
  }
  best = std::min(best, least(options.rounds));
  std::string passes;
  for (const FftPass &pass : plan.passes)
    passes += fmt::format("{}{}", passes.empty() ? "" : ".", pass.radix);
  int64_t channels = p.inChannels / p.groups;
  double direct = 2.0 * static_cast<double>(p.batch * p.outChannels * channels);
  for (const ConvAxis &axis : p.axes)
    direct *= static_cast<double>(axis.out * axis.kernel);
  fmt::print("{:.3f} ms  direct-equivalent {:.1f} GF/s  own {:.1f} GF/s  {} passes {} tile {}x{}{} "
             "weights {:.1f} MB workspace {:.1f} MB compile {:.2f} s\n",
             best, direct / best / 1e6, plan.flops / best / 1e6, plan.text(), passes, plan.tile.mx,
             plan.tile.nv, plan.parallel ? " par" : "",
             8e-6 *
                 static_cast<double>(plan.frequencies * plan.panels * plan.panelWidth * channels),
             plan.workspaceBytes / 1e6, kernel.compileSeconds());
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return runBench(parseOptions(argc, argv));
  } catch (const std::exception &error) {
    fmt::print(stderr, "fft_bench: {}\n", error.what());
    return 2;
  }
}
