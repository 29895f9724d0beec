#include "runtime/Processor.h"

#include "runtime/ModelImage.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace quern::runtime {

#if defined(__x86_64__)

namespace {

struct Leaf {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
};

Leaf leaf(unsigned number, unsigned sub) {
  Leaf result;
  // Leaves that the processor lacks read as zeros.
  __get_cpuid_count(number, sub, &result.eax, &result.ebx, &result.ecx, &result.edx);
  return result;
}

/// The register state that the operating system saves (XCR0).
uint64_t savedState(const Leaf &basic) {
  constexpr unsigned osxsave = 1u << 27;
  if (!(basic.ecx & osxsave))
    return 0;
  unsigned low = 0;
  unsigned high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

struct Requirement {
  X86Feature feature;
  const char *name;
};
constexpr Requirement names[] = {
    {X86Feature::sse41, "sse4.1"},
    {X86Feature::avx, "avx"},
    {X86Feature::avx2, "avx2"},
    {X86Feature::fma, "fma"},
    {X86Feature::f16c, "f16c"},
    {X86Feature::avx512f, "avx512f"},
    {X86Feature::avx512cd, "avx512cd"},
    {X86Feature::avx512bw, "avx512bw"},
    {X86Feature::avx512dq, "avx512dq"},
    {X86Feature::avx512vl, "avx512vl"},
    {X86Feature::avx512vnni, "avx512_vnni"},
    {X86Feature::avx512bf16, "avx512_bf16"},
    {X86Feature::avx512fp16, "avx512_fp16"},
    {X86Feature::avxvnni, "avx_vnni"},
    {X86Feature::amxTile, "amx_tile"},
    {X86Feature::amxInt8, "amx_int8"},
    {X86Feature::amxBf16, "amx_bf16"},
};

} // namespace

// The bits are those of Intel's Software Developer's Manual, volume 2, CPUID.
uint64_t processorFeatures() {
  Leaf basic = leaf(1, 0);
  Leaf extended = leaf(7, 0);
  Leaf extended1 = leaf(7, 1);
  uint64_t state = savedState(basic);
  constexpr uint64_t avxState = 0x6;
  constexpr uint64_t avx512State = 0xe6;
  constexpr uint64_t amxState = 0x60000;
  bool avx = (state & avxState) == avxState;
  bool avx512 = (state & avx512State) == avx512State;
  bool amx = (state & amxState) == amxState;
  uint64_t features = 0;
  auto add = [&](X86Feature feature, bool enabled, unsigned word, int bit) {
    if (enabled && (word >> bit & 1))
      features |= uint64_t{1} << static_cast<uint32_t>(feature);
  };
  add(X86Feature::sse41, true, basic.ecx, 19);
  add(X86Feature::avx, avx, basic.ecx, 28);
  add(X86Feature::fma, avx, basic.ecx, 12);
  add(X86Feature::f16c, avx, basic.ecx, 29);
  add(X86Feature::avx2, avx, extended.ebx, 5);
  add(X86Feature::avxvnni, avx, extended1.eax, 4);
  add(X86Feature::avx512f, avx512, extended.ebx, 16);
  add(X86Feature::avx512dq, avx512, extended.ebx, 17);
  add(X86Feature::avx512cd, avx512, extended.ebx, 28);
  add(X86Feature::avx512bw, avx512, extended.ebx, 30);
  add(X86Feature::avx512vl, avx512, extended.ebx, 31);
  add(X86Feature::avx512vnni, avx512, extended.ecx, 11);
  add(X86Feature::avx512fp16, avx512, extended.edx, 23);
  add(X86Feature::avx512bf16, avx512, extended1.eax, 5);
  add(X86Feature::amxBf16, amx, extended.edx, 22);
  add(X86Feature::amxTile, amx, extended.edx, 24);
  add(X86Feature::amxInt8, amx, extended.edx, 25);
  return features;
}

bool enableAmx() {
  // ARCH_REQ_XCOMP_PERM and XFEATURE_XTILEDATA of the kernel's asm/prctl.h.
  constexpr int requestPermission = 0x1023;
  constexpr int tileData = 18;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

void featureNames(uint64_t features, char *text, uint64_t size) {
  uint64_t at = 0;
  text[0] = '\0';
  for (const Requirement &known : names) {
    uint64_t bit = uint64_t{1} << static_cast<uint32_t>(known.feature);
    if (!(features & bit))
      continue;
    features &= ~bit;
    int added = std::snprintf(text + at, size - at, "%s%s", at ? ", " : "", known.name);
    at += static_cast<uint64_t>(added);
    if (at >= size)
      return;
  }
  if (features)
    std::snprintf(text + at, size - at, "%ssome that this runtime does not know", at ? ", " : "");
}

#else

uint64_t processorFeatures() { return 0; }
bool enableAmx() { return false; }
void featureNames(uint64_t, char *text, uint64_t size) {
  std::snprintf(text, size, "some that this runtime does not know");
}

#endif

} // namespace quern::runtime
