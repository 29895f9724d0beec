#include "tools/quern/conv/Claims.h"

#include "tools/quern/conv/Sweeps.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

namespace quern::tools {
namespace {

using passes::ConvShape;

const ConvBudgets unbound;
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// The figures of convolutions in a row, as one thing to compare.
struct Chain {
  int64_t weights = 0;
  double products = 0, directMs = 0, bestMs = 0;
};

/// Ratios over layers: their geometric mean and extremes.
struct Ratios {
  double logs = 0, least = std::numeric_limits<double>::infinity(), most = 0;
  int count = 0;

  void add(double ratio) {
    logs += std::log(ratio);
    least = std::min(least, ratio);
    most = std::max(most, ratio);
    ++count;
  }
  double mean() const { return std::exp(logs / count); }
  std::string text() const {
    return fmt::format("{:.2f} (geometric mean of {} layers; {:.2f} to {:.2f})", mean(), count,
                       least, most);
  }
  Json json() const { return {{"mean", mean()}, {"least", least}, {"most", most}}; }
};

class Claims {
public:
  Claims(const ConvSetting &setting, const std::vector<ConvLayer> &layers, ConvLab &lab)
      : setting(setting), layers(layers), lab(lab) {}

  std::vector<Claim> all() {
    ConvShape three = same(64, 64, 3, 3);
    return {winograd(),
            im2col(),
            versus("Three stacked 3x3 see what one 7x7 sees, with 27 C² weights instead of 49 C²",
                   {three, three, three}, {same(64, 64, 7, 7)}),
            versus("A bottleneck of 1x1, 3x3 and 1x1 makes 256 channels affordable",
                   {same(256, 64, 1, 1), three, same(64, 256, 1, 1)}, {same(256, 256, 3, 3)}),
            versus("1x3 and then 3x1 does a 3x3 with 6 C² weights instead of 9 C²",
                   {same(64, 64, 1, 3), same(64, 64, 3, 1)}, {three}),
            crossover()};
  }

private:
  /// One image of 56x56 that keeps its size.
  ConvShape same(int64_t in, int64_t out, int64_t kernelY, int64_t kernelX) const {
    ConvShape shape = sameConv(1, in, out, 56, kernelY, kernelX);
    shape.element = setting.element;
    return shape;
  }

  Claim winograd() {
    Ratios time, products;
    std::map<passes::Tile, Ratios> productsOf{{{2, 2}, {}}, {{4, 4}, {}}};
    auto saved = [](const ConvRecord &direct, const ConvRecord &other) {
      return static_cast<double>(direct.multiplications) /
             static_cast<double>(other.multiplications);
    };
    for (const ConvLayer &layer : layers) {
      const ConvRecord *fast = fastest(layer.records, setting.budgets, ir::ConvAlgorithm::winograd);
      const ConvRecord *direct = fastest(layer.records, unbound, ir::ConvAlgorithm::direct);
      if (!fast || !direct)
        continue;
      time.add(direct->msMedian / fast->msMedian);
      products.add(saved(*direct, *fast));
      for (const ConvRecord &record : layer.records)
        if (record.algorithm == ir::ConvAlgorithm::winograd && record.isMeasured())
          if (auto of = productsOf.find(record.tile); of != productsOf.end())
            of->second.add(saved(*direct, record));
    }
    Claim claim{.statement =
                    "Winograd makes 2.25 times fewer multiplications by F(2x2, 3x3), and 4 times "
                    "fewer by F(4x4, 3x3)"};
    if (time.count > 0) {
      claim.findings = {"multiplications, direct over the fastest tile with its transforms: " +
                            products.text(),
                        "time, direct over the fastest tile: " + time.text()};
      claim.numbers = {{"multiplications", products.json()}, {"time", time.json()}};
      for (const auto &[tile, ratios] : productsOf)
        if (ratios.count > 0) {
          std::string name = fmt::format("F({}x{}, 3x3)", tile[0], tile[1]);
          claim.findings.push_back("multiplications, direct over " + name +
                                   " with its transforms: " + ratios.text());
          claim.numbers[name] = ratios.json();
        }
    } else {
      claim.findings = {"no layer was measured both ways"};
    }
    return claim;
  }

  Claim im2col() {
    Claim claim{.statement = "im2col stores the input nine times over for a 3x3 filter"};
    for (ir::ConvAlgorithm kind : {ir::ConvAlgorithm::im2col, ir::ConvAlgorithm::implicit_im2col}) {
      Ratios memory;
      for (const ConvLayer &layer : layers)
        if (const ConvRecord *record = fastest(layer.records, unbound, kind))
          memory.add(static_cast<double>(std::max<int64_t>(record->workspaceBytes, 1)) /
                     static_cast<double>(layer.shape.inputBytes()));
      if (memory.count == 0)
        continue;
      std::string name = ir::stringifyConvAlgorithm(kind).str();
      claim.findings.push_back("workspace of " + name + " over the input: " + memory.text());
      claim.numbers[name] = memory.json();
    }
    if (claim.findings.empty())
      claim.findings = {"no layer was measured so"};
    return claim;
  }

  Claim versus(const char *statement, const std::vector<ConvShape> &a,
               const std::vector<ConvShape> &b) {
    Chain first = chain(a), second = chain(b);
    Claim claim{.statement = statement};
    auto compare = [&](const char *what, const char *key, double ours, double theirs) {
      claim.findings.push_back(std::isnan(ours / theirs)
                                   ? fmt::format("{}: none keeps the budgets", what)
                                   : fmt::format("{}: {:.4g} against {:.4g} ({:.2f})", what, ours,
                                                 theirs, ours / theirs));
      claim.numbers[key] = {ours, theirs};
    };
    compare("weights, thousands", "weights", static_cast<double>(first.weights) * 1e-3,
            static_cast<double>(second.weights) * 1e-3);
    compare("multiplications by direct convolution, millions", "multiplications",
            first.products * 1e-6, second.products * 1e-6);
    compare("ms by direct convolution", "direct_ms", first.directMs, second.directMs);
    compare("ms by the best algorithm of each", "best_ms", first.bestMs, second.bestMs);
    return claim;
  }

  Chain chain(const std::vector<ConvShape> &shapes) {
    Chain chain;
    for (const ConvShape &shape : shapes) {
      std::vector<ConvRecord> records = lab.measure(shape);
      const ConvRecord *direct = fastest(records, unbound, ir::ConvAlgorithm::direct);
      const ConvRecord *best = fastest(records, setting.budgets);
      chain.weights += shape.filterBytes() / passes::bytesOf(shape.element);
      chain.products += direct ? static_cast<double>(direct->multiplications) : missing;
      chain.directMs += direct ? direct->msMedian : missing;
      chain.bestMs += best ? best->msMedian : missing;
    }
    return chain;
  }

  Claim crossover() {
    Claim claim{.statement = "Fourier transforms win where the filter is large"};
    int64_t overDirect = 0, overAll = 0;
    bool isMeasured = false;
    for (int64_t kernel = 3; kernel <= 15 && overAll == 0; kernel += 2) {
      std::vector<ConvRecord> records = lab.measure(same(64, 64, kernel, kernel));
      const ConvRecord *fft = fastest(records, setting.budgets, ir::ConvAlgorithm::fft);
      const ConvRecord *direct = fastest(records, unbound, ir::ConvAlgorithm::direct);
      if (!fft || !direct)
        continue;
      isMeasured = true;
      if (overDirect == 0 && fft->msMedian < direct->msMedian)
        overDirect = kernel;
      if (fastest(records, setting.budgets) == fft)
        overAll = kernel;
    }
    if (!isMeasured) {
      claim.findings = {"no filter was measured both ways"};
      return claim;
    }
    auto finding = [&](const char *rival, int64_t kernel) {
      claim.findings.push_back(
          kernel > 0 ? fmt::format("64 channels at 56x56: faster than {} from {}x{} on", rival,
                                   kernel, kernel)
                     : fmt::format("64 channels at 56x56: not faster than {} up to 15x15", rival));
      claim.numbers[rival] = kernel > 0 ? Json(kernel) : Json(nullptr);
    };
    finding("direct", overDirect);
    finding("all others", overAll);
    return claim;
  }

  const ConvSetting &setting;
  const std::vector<ConvLayer> &layers;
  ConvLab &lab;
};

} // namespace

std::vector<Claim> measureClaims(const ConvSetting &setting, const std::vector<ConvLayer> &layers,
                                 ConvLab &lab) {
  return Claims(setting, layers, lab).all();
}

std::string claimsText(const std::vector<Claim> &claims) {
  std::string text = "\nWhat is said of fast convolutions, and what this machine says:\n";
  for (const Claim &claim : claims) {
    text += fmt::format("  {}\n", claim.statement);
    for (const std::string &finding : claim.findings)
      text += fmt::format("    {}\n", finding);
  }
  return text;
}

Json toJson(const std::vector<Claim> &claims) {
  Json json = Json::array();
  for (const Claim &claim : claims)
    json.push_back(
        {{"claim", claim.statement}, {"findings", claim.findings}, {"numbers", claim.numbers}});
  return json;
}

} // namespace quern::tools
