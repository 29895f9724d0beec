#include "tests/steps/RandomModel.h"

#include <fmt/format.h>

#include <random>
#include <vector>

namespace quern::tests {
namespace {

/// Statements that each make a value of the input's shape, [N, C, T] or [N, C, H, W], out of
/// earlier ones.
class Writer {
public:
  explicit Writer(uint32_t seed)
      : random(seed), isRaster(seed % 2 == 1), isStrict(chance(3)),
        ahead(isRaster || isStrict || !chance(2) ? 0 : 1 + pick(3)), mayLookAhead(ahead) {}

  std::string text() {
    for (uint32_t count = 3 + pick(5); count > 0; --count)
      add(isRaster && chance(2) ? rasterLayer() : layer());
    std::string result = isStrict ? shifted() : last();
    std::string over = isRaster ? "(H, W)" : ahead > 0 ? fmt::format("T ahead {}", ahead) : "T";
    return fmt::format("model random(x: f32[N = {}, C = {}, {}]) -> f32[N, C, {}] {}causal over {} "
                       "{{\n{}    return {}\n}}\n",
                       1 + pick(2), 2 + pick(2), isRaster ? "H = 4, W = 6" : "T = 12", extents(),
                       isStrict ? "strictly " : "", over, body, result);
  }

private:
  uint32_t pick(uint32_t count) { return static_cast<uint32_t>(random() % count); }
  bool chance(uint32_t outOf) { return pick(outOf) == 0; }
  std::string last() const { return values.back(); }
  /// An earlier value, or the last.
  std::string any() { return values[pick(static_cast<uint32_t>(values.size()))]; }
  std::string label() { return fmt::format("l{}", ++labels); }

  void add(const std::string &expression) {
    std::string name = fmt::format("v{}", values.size());
    body += fmt::format("    {} = {}\n", name, expression);
    values.push_back(name);
  }

  /// The axis along which positions follow each other, its name and what stands for all others.
  int axis() const { return isRaster ? 3 : 2; }
  std::string extent() const { return isRaster ? "W" : "T"; }
  std::string extents() const { return isRaster ? "H, W" : "T"; }
  std::string perAxis(const std::string &along, const std::string &channels) const {
    return isRaster ? fmt::format("[0, {}, 0, {}]", channels, along)
                    : fmt::format("[0, {}, {}]", channels, along);
  }
  /// What is learned, the same for all of a batch, of each channel and so many positions.
  std::string learned(int many) {
    std::string shape = isRaster ? fmt::format("C, H, {}]", many) : fmt::format("C, {}]", many);
    return fmt::format("broadcast(param(\"{}\", [1, {}), [N, {})", label(), shape, shape);
  }

  std::string shifted() { return fmt::format("shift({}, axis = {})", last(), axis()); }

  /// Later along the row, behind zeros, numbers or what is learned; sometimes something is computed
  /// of it before the last are cut off.
  std::string delayed() {
    int by = 1 + static_cast<int>(pick(2));
    std::string longer =
        chance(2) ? fmt::format("pad({}, {}, {}, {})", last(), perAxis(std::to_string(by), "0"),
                                perAxis("0", "0"), chance(3) ? "0.0" : "-1.5")
                  : fmt::format("concat([{}, {}], {})", learned(by), last(), axis());
    return fmt::format("{}({})[..., ..{}]", chance(2) ? "sigmoid" : "", longer, extent());
  }

  std::string conv() {
    if (isRaster)
      return fmt::format("tanh({}: masked_conv2d({}, C, kernel = {}))", label(), last(),
                         chance(2) ? "3" : "[1, 3]");
    return fmt::format("tanh({}: conv1d({}, C, kernel = {}, dilation = {}, pad = causal))", label(),
                       last(), 1 + pick(3), 1 + pick(2));
  }

  /// A recurrence along the row, which begins with zeros, numbers or what is learned; or one from
  /// row to row, whose cell is one along the row.
  std::string recurrence() {
    if (isRaster && chance(2))
      return fmt::format("scan((row, above) => scan((e, s) => tanh(0.6 * e + 0.9 * s), row + 0.5 * "
                         "above, full([N, C], 0), over = 2), {}, full([N, C, W], 0), over = 2)",
                         last());
    std::string shape = isRaster ? "[N, C, H]" : "[N, C]";
    std::string begin = isRaster || chance(3) ? fmt::format("full({}, 0)", shape)
                        : chance(2)
                            ? fmt::format("full({}, 1)", shape)
                            : fmt::format("broadcast(param(\"{}\", [1, C]), [N, C])", label());
    return fmt::format("scan((e, s) => tanh(0.6 * e + 0.9 * s), {}, {}, over = {})", last(), begin,
                       axis());
  }

  /// What a mask adds to a query's place where it lets keys lie ahead.
  std::string keysAhead() {
    uint32_t taken = pick(mayLookAhead + 1);
    mayLookAhead -= taken;
    return fmt::format(" + {}", taken);
  }

  std::string param(const std::string &shape) {
    return fmt::format("param(\"{}\", {})", label(), shape);
  }

  std::string pool() {
    return fmt::format("max_pool(pad({}, {}, {}), kernel = {}, stride = 1)", last(),
                       perAxis("2", "0"), perAxis("0", "0"), isRaster ? "[1, 3]" : "3");
  }

  /// Scores of which a mask excludes all but those admitted, and each query's own: a row that
  /// admits none would weigh all alike.
  std::string lowered(const std::string &admitted, const std::string &scores) {
    std::string kept = fmt::format("({} or iota([T, 1], 0) == iota([1, T], 1))", admitted);
    switch (pick(3)) {
    case 0:
      return fmt::format("({} - 1e9 * cast(not {}, f32)) * 0.5", scores, kept);
    case 1:
      return fmt::format("min({}, select({}, full([T, T], 1e9), full([T, T], -1e9)))", scores,
                         kept);
    default:
      return fmt::format("select({}, {}, full([T, T], -1e9))", kept, scores);
    }
  }

  /// The op, or what it consists of.
  std::string softmax(const std::string &name, const std::string &scores) {
    if (chance(2))
      return fmt::format("softmax({}, -1)", scores);
    body += fmt::format(
        "    s{0} = {1}\n    e{0} = exp(s{0} - reduce_max(s{0}, -1, keep = true))\n", name, scores);
    return fmt::format("e{0} / sum(e{0}, -1, keep = true)", name);
  }

  /// Scores of all pairs that are written out, under a mask: weighed by a softmax, or as they are,
  /// some divided by their sums; and some that lose by distance.
  std::string scores() {
    std::string name = label();
    auto projected = [&](const std::string &which, const std::string &of) {
      return fmt::format("{}{}: conv1d({}, C, kernel = 1)", name, which, of);
    };
    std::string s = fmt::format("contract({}, {}, \"nci,ncj->nij\")", projected("q", last()),
                                projected("k", any()));
    std::string distance = "cast(iota([T, 1], 0) - iota([1, T], 1), f32)";
    std::string bias = chance(2)
                           ? fmt::format("{} * {}", chance(2) ? "0.2" : param("[1]"), distance)
                           : param("[T, T]");
    std::string admitted = fmt::format("broadcast(iota([1, T], 1) {} iota([T, 1], 0){}, [T, T])",
                                       chance(3) ? "<" : "<=", keysAhead());
    if (chance(2))
      s = fmt::format("{} - {}", s, bias);
    bool isSoftmax = chance(2);
    s = isSoftmax ? softmax(name, lowered(admitted, s))
                  : fmt::format("sigmoid({}) * cast({}, f32)", s, admitted);
    body += fmt::format("    {} = {}\n", name, s);
    std::string result = fmt::format("contract({}, {}, \"nij,ncj->nci\")", name, any());
    if (!isSoftmax && chance(2))
      result += fmt::format(" / (0.5 + unsqueeze(sum({}, -1), 1))", name);
    return result;
  }

  /// What reads positions to come, as many as the contract still admits.
  std::string lookAhead() {
    uint32_t by = 1 + pick(mayLookAhead);
    mayLookAhead -= by;
    switch (pick(3)) {
    case 0:
      return fmt::format("tanh({}: conv1d({}, C, kernel = {}, pad = [(1, {})]))", label(), last(),
                         by + 2, by);
    case 1:
      return fmt::format("tanh(pad({}, [0, 0, 0], [0, 0, {}])[..., {}..])", last(), by, by);
    default:
      return fmt::format("max_pool(pad({}, [0, 0, 1], [0, 0, {}]), kernel = {}, stride = 1)",
                         last(), by, by + 2);
    }
  }

  /// Half as many along the row, and back to all, late enough not to look ahead.
  std::string strided() {
    std::string both = isRaster ? "[1, 2]" : "2";
    std::string down =
        chance(2) ? fmt::format("avg_pool({}, kernel = {}, stride = {})", last(), both, both)
                  : fmt::format("tanh({}: conv{}d({}, C, kernel = {}, stride = {}))", label(),
                                isRaster ? 2 : 1, last(), both, both);
    return fmt::format("tanh(shift(resize({}, [{}], mode = \"nearest\"), axis = {}))", down,
                       extents(), axis());
  }

  std::string layer() {
    if (mayLookAhead > 0 && chance(3))
      return lookAhead();
    switch (pick(isRaster ? 8 : 11)) {
    case 0:
      return conv();
    case 1:
      return delayed();
    case 2:
      return fmt::format("{} * sigmoid({})", last(), any());
    case 3:
      return fmt::format("{} + 0.5 * {}", last(), any());
    case 4:
      return fmt::format("{0} - mean({0}, over = 1, keep = true)", last());
    case 5:
      return pool();
    case 6:
      return fmt::format("flip({}, 1)", last());
    case 7:
      return strided();
    case 8:
      return recurrence();
    case 9:
      return scores();
    default: {
      std::string mask = fmt::format("j <= i{}{}", keysAhead(), chance(2) ? "" : " and j + 3 > i");
      return fmt::format("transpose({0}: multi_head_attention(transpose({1}, [0, 2, 1]), "
                         "transpose({1}, [0, 2, 1]), heads = 1, mask = (i, j) => {2}), [0, 2, 1])",
                         label(), last(), mask);
    }
    }
  }

  /// What reads rows above.
  std::string rasterLayer() {
    switch (pick(5)) {
    case 0:
      return fmt::format("shift_down({}: conv2d({}, C, kernel = [2, 3], pad = [(1, 0), (1, 1)]))",
                         label(), last());
    case 1:
      return fmt::format("{}(pad({}, [0, 0, 1, 0], [0, 0, 0, 0], {}))[.., .., ..H, ..]",
                         chance(2) ? "sigmoid" : "", last(), chance(2) ? "0.0" : "0.75");
    case 2:
      return fmt::format(
          "tanh(pad(resize({}: conv2d({}, C, kernel = 2, stride = 2), [H, W], mode = "
          "\"nearest\"), [0, 0, 2, 0], [0, 0, 0, 0])[.., .., ..H, ..])",
          label(), last());
    case 3:
      return fmt::format("shift_down(flip(tanh({}: conv2d(flip({}, 3), C, kernel = [1, 2], "
                         "pad = [(0, 0), (1, 0)])), 3))",
                         label(), last());
    default:
      return fmt::format("shift({}, axis = 2) + {}", any(), last());
    }
  }

  std::mt19937 random;
  bool isRaster, isStrict;
  /// How far the contract lets outputs look ahead, and how much of that no layer has taken yet.
  uint32_t ahead, mayLookAhead;
  std::string body;
  std::vector<std::string> values{"x"};
  int labels = 0;
};

} // namespace

std::string randomCausalModel(uint32_t seed) { return Writer(seed).text(); }

} // namespace quern::tests
