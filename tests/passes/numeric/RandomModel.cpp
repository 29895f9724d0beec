#include "tests/passes/numeric/RandomModel.h"

#include "tests/passes/numeric/RandomGraph.h"

namespace quern::passes {

RandomModel makeRandomModel(mlir::MLIRContext &context, uint64_t seed) {
  std::mt19937_64 random(seed);
  bool isSequence = random() % 3 == 0;
  return isSequence ? makeSequenceModel(context, random) : makeImageModel(context, random);
}

} // namespace quern::passes
