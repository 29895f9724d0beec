#include "codegen/halide/schedules/CpuTarget.h"

#include <algorithm>

namespace quern::codegen {

CpuTarget CpuTarget::computingIn(int64_t elementBytes) const {
  int wider = static_cast<int>(std::max<int64_t>(1, elementBytes / 4));
  CpuTarget cpu = *this;
  cpu.lanes /= wider;
  cpu.l1Bytes /= wider;
  cpu.l2Bytes /= wider;
  cpu.flopsPerNanosecond /= wider;
  return cpu;
}

CpuTarget cpuTargetOf(const Halide::Target &target) {
  using Halide::Target;
  constexpr int64_t kib = 1024;
  CpuTarget cpu;
  if (target.arch == Target::X86) {
    if (target.has_feature(Target::AVX512_Skylake))
      return {.lanes = 16,
              .registers = 32,
              .l1Bytes = 32 * kib,
              .l2Bytes = 1024 * kib,
              .flopsPerNanosecond = 180};
    if (target.has_feature(Target::AVX2))
      return {.lanes = 8,
              .registers = 16,
              .l1Bytes = 32 * kib,
              .l2Bytes = 512 * kib,
              .flopsPerNanosecond = 90};
    if (target.has_feature(Target::AVX))
      return {.lanes = 8,
              .registers = 16,
              .l1Bytes = 32 * kib,
              .l2Bytes = 256 * kib,
              .flopsPerNanosecond = 40};
    return {.lanes = 4,
            .registers = 16,
            .l1Bytes = 32 * kib,
            .l2Bytes = 256 * kib,
            .flopsPerNanosecond = 15};
  }
  cpu.lanes = 4;
  cpu.flopsPerNanosecond = 20;
  cpu.registers = target.arch == Target::ARM && target.bits == 64 ? 32 : 16;
  return cpu;
}

} // namespace quern::codegen
