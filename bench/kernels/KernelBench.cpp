// Compiles the layers of a table, checks each against plain sums and times them in the order of
// execution, as a net runs them: every layer has its own weights, and activations pass through a
// few buffers.
//     kernel_bench TABLE [--threads N] [--target T] [--rounds N] [--no-check] [--asm DIR] [--serve]
// With --serve it reads `run N` and `report` from standard input, so that a script can take turns
// with a peer.
#include "bench/kernels/CompiledKernel.h"
#include "bench/kernels/Memory.h"
#include "bench/kernels/MicroKernel.h"
#include "bench/kernels/NaiveCheck.h"
#include "bench/kernels/PackedWeights.h"
#include "bench/kernels/SpinPool.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>

namespace {

using namespace quern::bench;

struct Options {
  std::string table, target = "host", assembly;
  int threads = 1, rounds = 20;
  bool check = true, serve = false;
};

Options parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    auto value = [&]() -> std::string {
      if (++i == argc)
        throw std::runtime_error(word + " needs a value");
      return argv[i];
    };
    if (word == "--threads")
      options.threads = std::stoi(value());
    else if (word == "--rounds")
      options.rounds = std::stoi(value());
    else if (word == "--target")
      options.target = value();
    else if (word == "--asm")
      options.assembly = value();
    else if (word == "--no-check")
      options.check = false;
    else if (word == "--serve")
      options.serve = true;
    else
      options.table = word;
  }
  if (options.table.empty())
    throw std::runtime_error(
        "usage: kernel_bench TABLE [--threads N] [--target T] [--rounds N] [--no-check] "
        "[--asm DIR] [--serve]");
  return options;
}

struct Kernel {
  std::unique_ptr<CompiledKernel> code;
  WeightPacking packing;
  std::string note;
  double error = 0;
};

/// A layer's place in the run: its kernel and the descriptors of its arguments.
struct Step {
  const Kernel *kernel = nullptr;
  std::vector<std::unique_ptr<Descriptor>> descriptors{};
  std::vector<halide_buffer_t *> arguments{};
  double best = std::numeric_limits<double>::infinity();

  void add(float *host, const std::vector<int64_t> &extents) {
    descriptors.push_back(std::make_unique<Descriptor>(host, extents));
    arguments.push_back(&descriptors.back()->buffer);
  }
};

Step makeStep(const Layer &layer, const Kernel &kernel, float *input, float *weights, float *bias,
              float *residual, float *output) {
  Step step{.kernel = &kernel};
  const auto &p = layer.problem;
  step.add(input, layer.inputExtents());
  if (hasWeights(layer)) {
    step.add(weights, packedExtents(layer, kernel.packing));
    step.add(bias, {p.outChannels});
  }
  if (layer.residual)
    step.add(residual, layer.outputExtents());
  std::vector<int64_t> extents = layer.outputExtents();
  if (layer.kind == LayerKind::MeanPool)
    extents = {p.outChannels, p.batch};
  if (layer.kind == LayerKind::Linear)
    extents = {p.outChannels, p.batch, 1, 1};
  step.add(output, extents);
  return step;
}

size_t outputCount(const Layer &layer) {
  const auto &p = layer.problem;
  return layer.kind == LayerKind::MeanPool ? static_cast<size_t>(p.outChannels * p.batch)
                                           : product(layer.outputExtents());
}

size_t weightCount(const Layer &layer) {
  const auto &p = layer.problem;
  return static_cast<size_t>(p.outChannels * (p.inChannels / p.groups) * p.kernelX * p.kernelY);
}

float weightScale(const Layer &layer) {
  const auto &p = layer.problem;
  int64_t depth = p.inChannels / p.groups * p.kernelX * p.kernelY;
  return std::sqrt(3.0f / static_cast<float>(depth));
}

double checkKernel(const Layer &layer, const Kernel &kernel) {
  std::mt19937 random(1);
  // The output is followed by a guard that must stay as it is.
  constexpr size_t guard = 64;
  Floats input(product(layer.inputExtents())), guarded(outputCount(layer) + guard),
      residual(outputCount(layer));
  std::span<float> output = guarded.span().first(outputCount(layer));
  Floats logical(weightCount(layer)), packed(product(packedExtents(layer, kernel.packing)));
  Floats bias(static_cast<size_t>(layer.problem.outChannels));
  input.fill(random, 1);
  residual.fill(random, 1);
  bias.fill(random, 1);
  LayerData data{.input = input.span()};
  if (hasWeights(layer)) {
    logical.fill(random, weightScale(layer));
    packWeights(layer, kernel.packing, logical.span(), packed.span());
    data.weights = logical.span();
    data.bias = bias.span();
  }
  data.residual = residual.span();
  std::ranges::fill(guarded.span(), std::numeric_limits<float>::quiet_NaN());
  Step step =
      makeStep(layer, kernel, input.get(), packed.get(), bias.get(), residual.get(), guarded.get());
  if (int code = kernel.code->run(step.arguments))
    throw std::runtime_error(fmt::format("{}: code {}", layer.text, code));
  for (float value : guarded.span().last(guard))
    if (!std::isnan(value))
      throw std::runtime_error(fmt::format("{}: writes behind its output", layer.text));
  return naiveError(layer, data, output);
}

/// The layers with their memory, ready to run in order.
class Net {
public:
  Net(const std::vector<Layer> &layers, const std::map<std::string, Kernel> &kernels, int threads)
      : clock(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC) {
    std::mt19937 random(2);
    size_t largest = 1;
    for (const Layer &layer : layers)
      largest = std::max({largest, product(layer.inputExtents()), product(layer.outputExtents())});
    for (int i = 0; i < 4; ++i) {
      maps.emplace_back(largest);
      maps.back().fill(random, 1);
    }
    for (size_t i = 0; i < layers.size(); ++i) {
      const Layer &layer = layers[i];
      const Kernel &kernel = kernels.at(layer.text);
      weights.emplace_back(hasWeights(layer) ? product(packedExtents(layer, kernel.packing)) : 1);
      weights.back().fill(random, weightScale(layer));
      biases.emplace_back(static_cast<size_t>(layer.problem.outChannels));
      biases.back().fill(random, 1);
      steps.push_back(makeStep(layer, kernel, maps[i % 4].get(), weights.back().get(),
                               biases.back().get(), maps[(i + 2) % 4].get(),
                               maps[(i + 1) % 4].get()));
    }
  }

  /// One run; returns milliseconds.
  double run() {
    double start = now(), last = start;
    for (Step &step : steps) {
      step.kernel->code->run(step.arguments);
      double end = now();
      step.best = std::min(step.best, end - last);
      last = end;
    }
    return last - start;
  }

  double best(size_t step) const { return steps[step].best; }

private:
  /// Milliseconds. One thread's own time, so that neighbours on the machine count less.
  double now() const {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
  }

  clockid_t clock;
  std::vector<Floats> maps, weights, biases;
  std::vector<Step> steps;
};

/// One line for each distinct layer: the least times of its occurrences summed, their rate, its
/// share of the micro-kernel's on every thread, and what was chosen.
void report(const std::vector<Layer> &layers, const std::map<std::string, Kernel> &kernels,
            const Net &net, double microKernelRate) {
  struct Row {
    double milliseconds = 0, flops = 0;
    int count = 0;
  };
  std::map<std::string, Row> rows;
  std::vector<std::string> order;
  double total = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto [row, fresh] = rows.try_emplace(layers[i].text);
    if (fresh)
      order.push_back(layers[i].text);
    row->second.milliseconds += net.best(i);
    row->second.flops += layers[i].problem.flops();
    ++row->second.count;
    total += net.best(i);
  }
  for (const std::string &text : order) {
    const Row &row = rows[text];
    const Kernel &kernel = kernels.at(text);
    double rate = row.flops / row.milliseconds / 1e6;
    fmt::print(
        "{:52} x{:<2} {:8.3f} ms {:6.1f} GF/s {:4.0f} %  compile {:.2f} s  error {:.0e}  {}\n",
        text, row.count, row.milliseconds, rate, 100 * rate / microKernelRate,
        kernel.code->compileSeconds(), kernel.error, kernel.note);
  }
  fmt::print("sum of least times {:.3f} ms\n", total);
}

int runBench(const Options &options) {
  std::vector<Layer> layers = readLayers(options.table);
  auto cpu = quern::codegen::cpuTargetOf(Halide::Target(options.target));
  startPool(options.threads);
  // Workspace is kept between runs, as a model's is.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  std::map<std::string, Kernel> kernels;
  bool good = true;
  for (const Layer &layer : layers) {
    if (kernels.contains(layer.text))
      continue;
    LayerPipeline pipeline = buildLayer(layer, cpu);
    std::string assembly;
    if (!options.assembly.empty()) {
      assembly = options.assembly + "/" + layer.text + ".s";
      std::ranges::replace(assembly, ' ', '_');
    }
    Kernel &kernel = kernels[layer.text];
    kernel.code = std::make_unique<CompiledKernel>(pipeline, options.target, assembly);
    kernel.packing = pipeline.packing;
    kernel.note = pipeline.note;
    if (options.check) {
      kernel.error = checkKernel(layer, kernel);
      if (!(kernel.error <= (layer.winograd > 4 ? 2e-4 : layer.winograd > 0 ? 5e-5 : 2e-5))) {
        fmt::print(stderr, "WRONG {}: error {}\n", layer.text, kernel.error);
        good = false;
      }
    }
  }
  Net net(layers, kernels, options.threads);
  MicroKernel microKernel(cpu, options.target);
  double rate = 0;
  auto least = [&](int rounds) {
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < rounds; ++i) {
      best = std::min(best, net.run());
      rate = std::max(rate, options.threads * microKernel.gigaflops());
    }
    return best;
  };
  if (options.serve) {
    std::cout << "ready" << std::endl;
    for (std::string word; std::cin >> word;) {
      int rounds = 0;
      if (word == "run" && std::cin >> rounds)
        std::cout << fmt::format("{:.4f}", least(rounds)) << std::endl;
      else if (word == "report")
        break;
    }
    report(layers, kernels, net, rate);
    return good ? 0 : 1;
  }
  least(2);
  double best = least(options.rounds);
  report(layers, kernels, net, rate);
  fmt::print("least time of a run {:.3f} ms; micro-kernel {} on {} threads {:.1f} GF/s\n", best,
             microKernel.text(), options.threads, rate);
  return good ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return runBench(parseOptions(argc, argv));
  } catch (const std::exception &error) {
    fmt::print(stderr, "kernel_bench: {}\n", error.what());
    return 2;
  }
}
