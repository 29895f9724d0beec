#include "tools/quern/conv/ConvLayer.h"

namespace quern::tools {

std::string ConvLayer::verdictOn(size_t index) const {
  const std::string &doubt = doubts[index];
  return doubt.empty() ? reasons[index] : reasons[index] + "; not taken by the compiler: " + doubt;
}

double effectiveGflops(const ConvLayer &layer, const ConvRecord &record) {
  return 2e-6 * static_cast<double>(layer.shape.products()) / record.msMedian;
}

double trueGflops(const ConvRecord &record) {
  return 2e-6 * static_cast<double>(record.multiplications) / record.msMedian;
}

double peakShare(const ConvRecord &record) { return trueGflops(record) / record.peakGflops; }

const ConvRecord *fastest(const std::vector<ConvRecord> &records, const ConvBudgets &budgets,
                          std::optional<ir::ConvAlgorithm> algorithm) {
  const ConvRecord *best = nullptr;
  for (const ConvRecord &record : records)
    if (record.servesAnyWeights() && budgets.keeps(record) &&
        (!algorithm || record.algorithm == *algorithm) &&
        (!best || record.msMedian < best->msMedian))
      best = &record;
  return best;
}

std::vector<ir::ConvAlgorithm> measuredAlgorithms(const std::vector<ConvLayer> &layers) {
  std::vector<ir::ConvAlgorithm> kinds;
  for (const passes::ConvAlgorithm *algorithm : passes::convAlgorithms())
    if (llvm::any_of(layers, [&](const ConvLayer &layer) {
          return llvm::any_of(layer.records, [&](const ConvRecord &record) {
            return record.servesAnyWeights() && record.algorithm == algorithm->kind();
          });
        }))
      kinds.push_back(algorithm->kind());
  return kinds;
}

} // namespace quern::tools
