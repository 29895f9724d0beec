// quern_run allocates nothing.
#include "tests/runtime/CountedMalloc.h"
#include "tests/runtime/FakeModel.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace quern::tests {
namespace {

TEST(Allocation, CountsAtAll) {
  countAllocations();
  void *volatile block = malloc(10);
  EXPECT_EQ(allocationsCounted(), 1);
  free(block);
}

TEST(Allocation, RunningNeedsNone) {
  FakeModel fake;
  for (int profile : {0, 1})
    for (uint32_t threads : {1u, 2u, 4u}) {
      quern_options options = QUERN_OPTIONS_DEFAULT;
      options.threads = threads;
      options.profile = profile;
      quern_context *context = nullptr;
      ASSERT_EQ(quern_create(&fake.model, &options, &context), QUERN_OK);
      float x[FakeModel::size] = {};
      float y[FakeModel::size];
      const void *inputs[] = {x};
      void *outputs[] = {y};
      countAllocations();
      int status = QUERN_OK;
      for (int repeat = 0; repeat < 200; ++repeat)
        status |= quern_run(context, inputs, outputs);
      EXPECT_EQ(allocationsCounted(), 0) << threads << " threads";
      EXPECT_EQ(status, QUERN_OK);
      quern_destroy(context);
    }
}

} // namespace
} // namespace quern::tests
