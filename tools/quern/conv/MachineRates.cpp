#include "tools/quern/conv/MachineRates.h"

#include "tools/quern/ModelSource.h"
#include "tools/quern/conv/PeakRate.h"
#include "tools/quern/conv/TuningCache.h"

#include <fmt/format.h>

#include <cmath>

namespace quern::tools {
namespace {

double twoDigits(double value) {
  double unit = std::pow(10, std::floor(std::log10(value)) - 1);
  return std::round(value / unit) * unit;
}

} // namespace

MachineRates hostRates(unsigned threads, int64_t l2Bytes) {
  TuningCache cache(cacheFolder(), processorName());
  std::string what = fmt::format("rates of one of {} threads behind {} bytes", threads, l2Bytes);
  if (std::optional<Json> known = cache.find(what))
    if (known->is_array() && known->size() == 2 && (*known)[0].is_number() &&
        (*known)[1].is_number())
      return {(*known)[0].get<double>(), (*known)[1].get<double>()};
  MachineRates rates{.flopsPerNanosecond = twoDigits(peakGflops(threads) / threads),
                     .bytesPerNanosecond =
                         twoDigits(readGigabytes(threads, 4 * l2Bytes) / threads)};
  // Where they cannot be kept, the next run measures them again.
  llvm::consumeError(cache.insert(what, {rates.flopsPerNanosecond, rates.bytesPerNanosecond}));
  return rates;
}

} // namespace quern::tools
