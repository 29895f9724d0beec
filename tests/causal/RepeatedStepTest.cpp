// A step is computed anew where the order of what it is given is another, and only there.
#include "passes/causal/RepeatedStep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::passes {
namespace {

using testing::ElementsAre;

/// Three elements of one value.
RankTensor three(int32_t a, int32_t b, int32_t c) {
  RankTensor tensor({3}, {3}, RankTensor::never);
  tensor.data() = {a, b, c};
  return tensor;
}

struct Repeated : testing::Test {
  /// The larger of the first two elements, the third, and one that depends on nothing.
  std::vector<int32_t> of(const RankTensor &given) {
    auto compute = [&](llvm::ArrayRef<RankTensor> tensors) {
      ++computed;
      const std::vector<int32_t> &in = tensors.front().data();
      return RepeatedStep::Tensors{three(std::max(in[0], in[1]), in[2], RankTensor::never)};
    };
    return repeated.of({given}, compute).front().data();
  }

  RepeatedStep repeated;
  int computed = 0;
};

TEST_F(Repeated, IsRenamedWhereTheOrderIsTheSame) {
  EXPECT_THAT(of(three(3, 5, -1)), ElementsAre(5, -1, -1));
  EXPECT_THAT(of(three(4, 9, -1)), ElementsAre(9, -1, -1));
  EXPECT_THAT(of(three(0, 10, -1)), ElementsAre(10, -1, -1));
  EXPECT_EQ(computed, 1);
}

TEST_F(Repeated, IsComputedWhereItIsNot) {
  EXPECT_THAT(of(three(3, 5, 4)), ElementsAre(5, 4, -1));
  EXPECT_THAT(of(three(5, 3, 4)), ElementsAre(5, 4, -1));
  EXPECT_THAT(of(three(6, 6, 7)), ElementsAre(6, 7, -1)) << "two numbers became one";
  EXPECT_THAT(of(three(6, 8, 9)), ElementsAre(8, 9, -1)) << "one number became two";
  EXPECT_THAT(of(three(-1, 8, 9)), ElementsAre(8, 9, -1)) << "one depends on nothing now";
  EXPECT_THAT(of(three(1, 8, 9)), ElementsAre(8, 9, -1)) << "and on something again";
  EXPECT_EQ(computed, 6);
  EXPECT_THAT(
      repeated
          .of({RankTensor({3}, 2)}, [](auto) { return RepeatedStep::Tensors{RankTensor({3}, 2)}; })
          .front()
          .extents(),
      ElementsAre(1))
      << "elements agree now that did not";
}

} // namespace
} // namespace quern::passes
