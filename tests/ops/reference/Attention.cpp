#include "tests/ops/reference/Reference.h"

#include <cmath>

namespace quern::reference {

Tensor attention(const Tensor &query, const Tensor &key, const Tensor &value, const Tensor *mask,
                 double scale) {
  Shape shape = query.shape;
  shape[3] = value.shape[3];
  Tensor result(shape);
  forEachIndex(shape, [&](const Index &at) {
    double sum = 0, total = 0;
    for (int64_t j = 0; j < key.shape[2]; ++j) {
      if (mask && mask->at({at[2], j}) == 0)
        continue;
      double score = 0;
      for (int64_t d = 0; d < query.shape[3]; ++d)
        score += query.at({at[0], at[1], at[2], d}) * key.at({at[0], at[1], j, d});
      double weight = std::exp(scale * score);
      total += weight;
      sum += weight * value.at({at[0], at[1], j, at[3]});
    }
    result.at(at) = total > 0 ? sum / total : 0;
  });
  return result;
}

} // namespace quern::reference
