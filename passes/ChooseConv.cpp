// Only one algorithm is there to choose from: direct. The pass writes it all the same, since what
// obeys a choice reads it off the op, where a test or a plan file can set it by hand.
#include "passes/Passes.h"

namespace quern::passes {
#define GEN_PASS_DEF_CHOOSECONV
#include "passes/Passes.h.inc"

namespace {
struct ChooseConv : impl::ChooseConvBase<ChooseConv> {
  void runOnOperation() override {
    getOperation().walk([](ir::ConvOp conv) {
      if (!conv.getAlgorithm())
        conv.setAlgorithm(ir::ConvAlgorithm::direct);
    });
  }
};
} // namespace
} // namespace quern::passes
