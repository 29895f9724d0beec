// Who runs how often in the race between ways to convolve.
#include "tools/quern/conv/InTurns.h"

#include <gtest/gtest.h>

namespace quern::tools {
namespace {

constexpr double secondsEach = 0.05;

/// One that takes as long as it says, by a clock of its own.
Contestant taking(double milliseconds, std::optional<double> trial = std::nullopt) {
  return {.run = [=] { return milliseconds; }, .trial = trial};
}

TEST(InTurns, WhoIsHopelessSitsOutAfterTheFirstTurns) {
  std::vector<Contestant> contestants{taking(1), taking(3), taking(5)};
  timeInTurns(contestants, secondsEach);
  EXPECT_GT(contestants[1].times.size(), 5U);
  EXPECT_LE(contestants[2].times.size(), 5U);
}

TEST(InTurns, TrialsThatWereSlowAndHopelessAreNotRepeated) {
  std::vector<Contestant> contestants{taking(1, 2), taking(500, 600), taking(3, 600)};
  timeInTurns(contestants, secondsEach);
  EXPECT_EQ(contestants[1].times, std::vector<double>{600});
  EXPECT_EQ(contestants[2].times, std::vector<double>{600}) << "its trial was hopeless";
  EXPECT_GT(contestants[0].times.size(), 5U);
}

TEST(InTurns, SlowTrialsAreRepeatedWhereAllAreSlow) {
  std::vector<Contestant> contestants{taking(500, 500), taking(600, 600)};
  timeInTurns(contestants, secondsEach);
  for (const Contestant &contestant : contestants)
    EXPECT_GT(contestant.times.size(), 1U);
}

TEST(InTurns, WhatTakesOverASecondRunsOnce) {
  std::vector<Contestant> contestants{taking(1200, 1500), taking(1100, 1100), taking(900, 900)};
  timeInTurns(contestants, secondsEach);
  EXPECT_EQ(contestants[0].times, std::vector<double>{1500});
  EXPECT_EQ(contestants[1].times, std::vector<double>{1100});
  EXPECT_GT(contestants[2].times.size(), 1U);
  std::vector<Contestant> alone{taking(1200, 1500)};
  timeInTurns(alone, secondsEach);
  EXPECT_EQ(alone[0].times, std::vector<double>{1500});
}

TEST(InTurns, WhoHasAsManySecondsAsARunTakesRunsAgain) {
  std::vector<Contestant> contestants{taking(1200, 1500)};
  timeInTurns(contestants, 0.5);
  EXPECT_GT(contestants[0].times.size(), 1U);
}

} // namespace
} // namespace quern::tools
