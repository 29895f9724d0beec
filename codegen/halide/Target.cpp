#include "codegen/Target.h"

#include "codegen/Backend.h"
#include "codegen/halide/schedules/CpuTarget.h"

#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

namespace quern::codegen {
namespace {

using Feature = Halide::Target::Feature;
using runtime::X86Feature;

/// The levels of x86-64 that kernels distinguish. Finer features (VNNI, BF16, AMX) join with the
/// ops that use them: until then a binary asks for no more than it needs.
enum class Level { v1, sse41, avx, v3, v4 };

struct Known {
  llvm::StringLiteral name;
  Level level;
  /// Second-level cache of a core, in KiB.
  int64_t l2;
};

constexpr Known knownCpus[] = {
    {"x86-64", Level::v1, 256},         {"x86-64-v2", Level::sse41, 256},
    {"x86-64-v3", Level::v3, 512},      {"x86-64-v4", Level::v4, 1024},
    {"sandybridge", Level::avx, 256},   {"haswell", Level::v3, 256},
    {"skylake", Level::v3, 256},        {"skylake-avx512", Level::v4, 1024},
    {"cascadelake", Level::v4, 1024},   {"icelake-server", Level::v4, 1280},
    {"alderlake", Level::v3, 1280},     {"sapphirerapids", Level::v4, 2048},
    {"emeraldrapids", Level::v4, 2048}, {"graniterapids", Level::v4, 2048},
    {"znver1", Level::v3, 512},         {"znver2", Level::v3, 512},
    {"znver3", Level::v3, 512},         {"znver4", Level::v4, 1024},
    {"znver5", Level::v4, 1024},
};

struct LevelFeatures {
  std::vector<Feature> halide;
  std::vector<X86Feature> required;
  llvm::StringLiteral llvm;
};

LevelFeatures featuresOf(Level level) {
  switch (level) {
  case Level::v1:
    return {{}, {}, ""};
  case Level::sse41:
    return {{Feature::SSE41}, {X86Feature::sse41}, "+sse4.1"};
  case Level::avx:
    return {{Feature::SSE41, Feature::AVX}, {X86Feature::sse41, X86Feature::avx}, "+sse4.1,+avx"};
  case Level::v3:
    return {
        {Feature::SSE41, Feature::AVX, Feature::AVX2, Feature::FMA, Feature::F16C},
        {X86Feature::sse41, X86Feature::avx, X86Feature::avx2, X86Feature::fma, X86Feature::f16c},
        "+sse4.1,+avx,+avx2,+fma,+f16c"};
  case Level::v4:
    return {{Feature::SSE41, Feature::AVX, Feature::AVX2, Feature::FMA, Feature::F16C,
             Feature::AVX512, Feature::AVX512_Skylake},
            {X86Feature::sse41, X86Feature::avx, X86Feature::avx2, X86Feature::fma,
             X86Feature::f16c, X86Feature::avx512f, X86Feature::avx512cd, X86Feature::avx512bw,
             X86Feature::avx512dq, X86Feature::avx512vl},
            "+sse4.1,+avx,+avx2,+fma,+f16c,+avx512f,+avx512cd,+avx512bw,+avx512dq,+avx512vl"};
  }
  return {{}, {}, ""};
}

/// By the features that the processor reports, not by its name.
Level hostLevel() {
  Halide::Target host = Halide::get_host_target();
  auto has = [&](Level level) {
    return llvm::all_of(featuresOf(level).halide,
                        [&](Feature feature) { return host.has_feature(feature); });
  };
  for (Level level : {Level::v4, Level::v3, Level::avx, Level::sse41})
    if (has(level))
      return level;
  return Level::v1;
}

Target build(llvm::StringRef name, Level level, int64_t l2Kib, runtime::DeviceKind device) {
  Target target;
  target.name = name.str();
  target.device = device;
  target.triple = "x86_64-unknown-linux-gnu";
  LevelFeatures features = featuresOf(level);
  target.features = features.llvm.str();
  for (X86Feature feature : features.required)
    target.cpuFeatures |= uint64_t{1} << static_cast<uint32_t>(feature);
  Halide::Target halide(Halide::Target::Linux, Halide::Target::X86, 64, features.halide);
  target.halide = halide.to_string();
  for (const std::string &feature : backendOf(target).halideFeatures())
    target.halide += "-" + feature;
  CpuTarget cpu = cpuTargetOf(halide);
  target.lanes = cpu.lanes;
  target.registers = cpu.registers;
  target.l1Bytes = cpu.l1Bytes;
  target.l2Bytes = l2Kib > 0 ? l2Kib * 1024 : cpu.l2Bytes;
  return target;
}

} // namespace

mlir::FailureOr<Target> parseTarget(llvm::StringRef name, std::string &error) {
  llvm::StringRef cpu = name;
  auto device =
      cpu.consume_back("-opencl") ? runtime::DeviceKind::opencl : runtime::DeviceKind::none;
  if (cpu == "host") {
    if (Halide::get_host_target().arch != Halide::Target::X86) {
      error = "this machine's processor is none that quern compiles for yet";
      return mlir::failure();
    }
    return build(name, hostLevel(), 0, device);
  }
  for (const Known &known : knownCpus)
    if (cpu == known.name)
      return build(name, known.level, known.l2, device);
  error = fmt::format("unknown target '{}'; known are {}", name.str(),
                      llvm::join(knownTargets(), ", "));
  return mlir::failure();
}

std::vector<std::string> knownTargets() {
  std::vector<std::string> names{"host"};
  for (const Known &known : knownCpus)
    names.emplace_back(known.name);
  names.emplace_back("host-opencl");
  return names;
}

} // namespace quern::codegen
