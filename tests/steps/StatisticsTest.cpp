// What is drawn from a compiled model has the model's distribution: every outcome of a tiny one is
// listed, with its probability by the full pass, and the draws are held against that (Pearson's
// chi-squared).
#include "tests/steps/StepModel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

namespace quern::tests {
namespace {

struct StatisticsCase {
  StepSource source;
  double temperature = 1;
  uint32_t topK = 0;
  double topP = 1;
  bool isMixture = false;
};

void PrintTo(const StatisticsCase &drawn, std::ostream *out) { PrintTo(drawn.source, out); }

class Statistics : public testing::TestWithParam<StatisticsCase> {};

using Levels = std::vector<int64_t>;

/// A model of batch 1 whose elements are single levels.
class TinyModel {
public:
  TinyModel(const StatisticsCase &drawn) : drawn(drawn), made(drawn.source) {
    if (made.model)
      context = made.context();
  }
  ~TinyModel() {
    if (context)
      made.api.destroy(context);
  }

  uint64_t given() const { return made.order.strict ? 0 : 1; }
  uint64_t positions() const { return made.order.positions; }

  /// The probability of all levels after those given.
  double probability(const Levels &levels) {
    std::mt19937 random(1);
    std::vector<Tensor> inputs = made.inputs(random);
    quern_sequence *sequence = begin(inputs);
    Tensor elements = asElements(levels), output(made.order.output_bytes);
    double probability = 1;
    for (uint64_t at = 0; at < positions(); ++at) {
      if (at >= given()) {
        EXPECT_EQ(made.api.predict(sequence, output.data()), QUERN_OK);
        probability *= ofLevel(output, levels[at]);
      }
      EXPECT_EQ(made.api.advance(sequence, at, at + 1,
                                 elements.data() + at * made.order.input_bytes, nullptr),
                QUERN_OK);
    }
    made.api.end(sequence);
    return probability;
  }

  Levels draw(uint64_t seed) {
    std::mt19937 random(1);
    std::vector<Tensor> inputs = made.inputs(random);
    quern_sequence *sequence = begin(inputs);
    Tensor elements = asElements(Levels(positions(), 0));
    EXPECT_EQ(made.api.advance(sequence, 0, given(), elements.data(), nullptr), QUERN_OK);
    quern_sample_options options = QUERN_SAMPLE_OPTIONS_DEFAULT;
    options.seed = seed;
    options.temperature = drawn.temperature;
    options.top_k = drawn.topK;
    options.top_p = drawn.topP;
    EXPECT_EQ(made.api.sample(sequence, positions() - given(), &options,
                              elements.data() + given() * made.order.input_bytes),
              QUERN_OK)
        << made.api.lastError(context);
    made.api.end(sequence);
    return asLevels(elements);
  }

  const StatisticsCase &drawn;
  StepModel made;
  quern_context *context = nullptr;

private:
  quern_sequence *begin(const std::vector<Tensor> &inputs) {
    quern_sequence *sequence = nullptr;
    EXPECT_EQ(made.api.begin(context, StepModel::pointers(inputs).data(), &sequence), QUERN_OK);
    return sequence;
  }

  /// Whole numbers where the input has such, else parts of 1.
  bool isWhole() const { return made.hasWholeInput(); }
  Tensor asElements(const Levels &levels) const {
    Tensor elements(levels.size() * sizeof(float));
    for (size_t at = 0; at < levels.size(); ++at) {
      auto whole = static_cast<int32_t>(levels[at]);
      float part = static_cast<float>(whole) / static_cast<float>(made.levels() - 1);
      const void *element = isWhole() ? static_cast<const void *>(&whole) : &part;
      std::memcpy(elements.data() + at * sizeof(float), element, sizeof(float));
    }
    return elements;
  }
  Levels asLevels(const Tensor &elements) const {
    Levels levels(elements.size() / sizeof(float));
    for (size_t at = 0; at < levels.size(); ++at) {
      int32_t whole = 0;
      float part = 0;
      std::memcpy(&whole, elements.data() + at * sizeof(float), sizeof(float));
      std::memcpy(&part, elements.data() + at * sizeof(float), sizeof(float));
      levels[at] = isWhole() ? whole : std::lround(part * static_cast<float>(made.levels() - 1));
    }
    return levels;
  }

  /// Of one level by the parameters at its position.
  double ofLevel(const Tensor &output, int64_t level) const {
    std::vector<float> parameters(output.size() / sizeof(float));
    std::memcpy(parameters.data(), output.data(), output.size());
    return drawn.isMixture ? ofMixture(parameters, level) : ofLogits(parameters, level);
  }

  /// Of logits of all levels, or of the second of two alone.
  double ofLogits(std::vector<float> logits, int64_t level) const {
    if (logits.size() == 1)
      logits = {0, logits[0]};
    std::vector<double> weights;
    for (float logit : logits)
      weights.push_back(std::exp(static_cast<double>(logit) / drawn.temperature));
    std::vector<double> sorted = weights;
    std::sort(sorted.rbegin(), sorted.rend());
    sorted.resize(drawn.topK == 0 ? sorted.size() : drawn.topK);
    double all = std::accumulate(sorted.begin(), sorted.end(), 0.0), held = 0;
    size_t count = 0;
    while (count < sorted.size() && held < drawn.topP * all)
      held += sorted[count++];
    double weight = weights[static_cast<size_t>(level)];
    return weight < sorted[count - 1] ? 0 : weight / held;
  }

  /// Of a mixture of logistics: what lies nearer to the level than to another, the ends to
  /// infinity.
  double ofMixture(const std::vector<float> &parameters, int64_t level) const {
    size_t components = parameters.size() / 3;
    int64_t last = made.levels() - 1;
    double all = 0, found = 0;
    for (size_t i = 0; i < components; ++i) {
      double weight = std::exp(static_cast<double>(parameters[i]) / drawn.temperature);
      double scale =
          drawn.temperature * std::exp(static_cast<double>(parameters[2 * components + i]));
      auto below = [&](double bound) {
        double value = 2 * bound / static_cast<double>(last) - 1;
        return 1 /
               (1 + std::exp((static_cast<double>(parameters[components + i]) - value) / scale));
      };
      double at = static_cast<double>(level), low = level == 0 ? 0 : below(at - 0.5);
      all += weight;
      found += weight * ((level == last ? 1 : below(at + 0.5)) - low);
    }
    return found / all;
  }
};

TEST_P(Statistics, DrawsHaveTheModelsDistribution) {
  constexpr int draws = 20000;
  TinyModel model(GetParam());
  ASSERT_TRUE(model.made.model);
  std::map<Levels, int> counts;
  for (int seed = 0; seed < draws; ++seed)
    ++counts[model.draw(static_cast<uint64_t>(seed))];
  Levels levels(model.positions(), 0);
  double all = 0, chi = 0, restExpected = 0, restSeen = 0;
  int classes = 0;
  auto add = [&](double expected, double seen) {
    chi += (seen - expected) * (seen - expected) / expected;
    ++classes;
  };
  while (true) {
    double probability = model.probability(levels), expected = probability * draws;
    all += probability;
    if (expected >= 5) {
      add(expected, counts[levels]);
    } else {
      restExpected += expected;
      restSeen += counts[levels];
    }
    // The next combination.
    size_t at = levels.size();
    while (at > model.given() && ++levels[at - 1] == model.made.levels())
      levels[--at] = 0;
    if (at == model.given())
      break;
  }
  EXPECT_NEAR(all, 1, 1e-5);
  if (restExpected >= 5)
    add(restExpected, restSeen);
  ASSERT_GT(classes, 5);
  // Five deviations of the chi-squared distribution above its mean.
  EXPECT_LE(chi, classes - 1 + 5 * std::sqrt(2.0 * (classes - 1))) << classes << " classes";
}

const std::string models = QUERN_SOURCE_DIR "/models/";
const StatisticsCase cases[] = {
    {{"made", models + "made.qn", {{"D", "4"}, {"hidden", "[8]"}, {"order", "[2, 0, 3, 1]"}}}},
    {{"pixelcnn",
      models + "pixelcnn.qn",
      {{"H", "2"}, {"W", "2"}, {"channels", "6"}, {"layers", "1"}, {"levels", "3"}}},
     0.8},
    {{"gpt",
      models + "gpt.qn",
      {{"T", "4"}, {"vocabulary", "4"}, {"channels", "8"}, {"heads", "2"}, {"layers", "1"}}},
     1.5,
     3},
    {{"gpt_nucleus",
      models + "gpt.qn",
      {{"T", "4"}, {"vocabulary", "4"}, {"channels", "8"}, {"heads", "2"}, {"layers", "1"}}},
     1,
     0,
     0.8},
    {{"mixture", QUERN_SOURCE_DIR "/tests/steps/models/mixture.mlir"}, 0.7, 0, 1, true},
};

INSTANTIATE_TEST_SUITE_P(Models, Statistics, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.source.name; });

} // namespace
} // namespace quern::tests
