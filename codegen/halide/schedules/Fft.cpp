#include "codegen/halide/schedules/Fft.h"

#include "codegen/halide/schedules/DftCodelet.h"

#include <cmath>
#include <numbers>

namespace quern::codegen {

namespace {

using namespace Halide;

const Var c("fc"), t("ft");

std::vector<Var> indexVars(const FftPlan &plan) {
  std::vector<Var> vars;
  for (size_t p = 0; p < plan.passes.size(); ++p)
    vars.emplace_back("fi" + std::to_string(p));
  return vars;
}

/// The arguments that all stages share: channel, one index per pass, tile.
std::vector<Var> stageArgs(const FftPlan &plan) {
  std::vector<Var> args{c};
  for (const Var &index : indexVars(plan))
    args.push_back(index);
  args.push_back(t);
  return args;
}

std::vector<Expr> exprs(const std::vector<Var> &vars) { return {vars.begin(), vars.end()}; }

ComplexExpr read(const Func &func, const std::vector<Expr> &at) {
  return func.outputs() == 1 ? ComplexExpr{func(at), Expr()}
                             : ComplexExpr{func(at)[0], func(at)[1]};
}

bool followsInAxis(const FftPlan &plan, size_t pass) {
  return pass > 0 && pass < plan.passes.size() && plan.passes[pass].before > 1;
}

/// Twiddle factors before pass `pass`: (part, frequency so far, sample).
template <typename Number> Buffer<Number> twiddleTable(const FftPass &pass) {
  Buffer<Number> table(2, static_cast<int>(pass.before), static_cast<int>(pass.radix));
  const auto size = static_cast<double>(pass.before * pass.radix);
  for (int64_t n = 0; n < pass.radix; ++n)
    for (int64_t k = 0; k < pass.before; ++k) {
      double angle = -2 * std::numbers::pi * static_cast<double>(n * k) / size;
      table(0, static_cast<int>(k), static_cast<int>(n)) = static_cast<Number>(std::cos(angle));
      table(1, static_cast<int>(k), static_cast<int>(n)) = static_cast<Number>(std::sin(angle));
    }
  return table;
}

/// The twiddle factor before pass `pass` at the current indices, of numbers of that type.
ComplexExpr twiddle(const FftPlan &plan, size_t pass, const std::vector<Var> &index,
                    const Type &type) {
  Expr frequency = 0;
  for (size_t q = 0; q < pass; ++q)
    if (plan.passes[q].axis == plan.passes[pass].axis)
      frequency = index[q] * static_cast<int>(plan.passes[q].before) + frequency;
  Buffer<> table = type == Float(64) ? Buffer<>(twiddleTable<double>(plan.passes[pass]))
                                     : Buffer<>(twiddleTable<float>(plan.passes[pass]));
  return {table(0, frequency, index[pass]), table(1, frequency, index[pass])};
}

Expr choose(const Var &index, const std::vector<Expr> &values) {
  return values.size() == 1 ? values[0] : mux(index, values);
}

/// All results of one small transform as one Func, without the index that the transform is over: as
/// the values of one tuple they share their subexpressions. The first is defined.
Func emitCodelet(const std::string &name, const FftPlan &plan, size_t pass,
                 const std::vector<Expr> &values) {
  std::vector<Var> args = stageArgs(plan);
  args.erase(args.begin() + static_cast<ptrdiff_t>(pass) + 1);
  std::vector<Expr> defined;
  for (const Expr &value : values)
    defined.push_back(value.defined() ? value : Internal::make_zero(values.front().type()));
  Func codelet(name + std::to_string(pass));
  codelet(args) = Tuple(defined);
  return codelet;
}

/// Part `part` of a codelet's results, which come with `parts` each, as a function of the index
/// that was left out.
Expr codeletResult(const Func &codelet, const Var &index, int part, int parts) {
  std::vector<Var> args = codelet.args();
  std::vector<Expr> values;
  for (int i = part; i < codelet.outputs(); i += parts)
    values.push_back(codelet.outputs() == 1 ? Expr(codelet(exprs(args)))
                                            : Expr(codelet(exprs(args))[i]));
  return choose(index, values);
}

std::vector<Expr> flattened(const std::vector<ComplexExpr> &values) {
  std::vector<Expr> parts;
  for (const ComplexExpr &value : values) {
    parts.push_back(value.re);
    parts.push_back(value.im);
  }
  return parts;
}

std::vector<ComplexExpr> inputsOf(const FftPlan &plan, const Func &source, size_t pass,
                                  int64_t count) {
  std::vector<Expr> at = exprs(stageArgs(plan));
  std::vector<ComplexExpr> in;
  for (int64_t k = 0; k < count; ++k) {
    at[pass + 1] = static_cast<int>(k);
    in.push_back(read(source, at));
  }
  return in;
}

/// Index of a stored frequency: the last pass's index runs fastest.
Expr frequencyIndex(const FftPlan &plan, const std::vector<Var> &index) {
  Expr f = 0;
  for (size_t p = 0; p < plan.passes.size(); ++p)
    f = f * static_cast<int>(plan.passes[p].stored) + index[p];
  return f;
}

Func emitSamples(const FftPlan &plan, const Func &padded) {
  const SpatialConv &p = plan.problem;
  std::vector<Var> index = indexVars(plan);
  const auto channels = static_cast<int>(p.inChannels);
  const bool whole = p.inChannels % plan.cpu.lanes == 0 || plan.hasSampleVectors();
  std::vector<Expr> at{whole ? Expr(c) : min(c, channels - 1)};
  Expr tile = t, phase = 0;
  if (plan.phases > 1) {
    phase = t / static_cast<int>(plan.positions());
    tile = t % static_cast<int>(plan.positions());
  }
  for (size_t axis = 0; axis < plan.axes.size(); ++axis) {
    const ir::UnitStride &unit = plan.axes[axis].unit;
    const auto count = static_cast<int>(plan.axes[axis].tiles);
    const auto phases = static_cast<int>(unit.phases);
    Expr first = count == 1
                     ? Expr(0)
                     : tile % count * static_cast<int>(plan.axes[axis].outputs * unit.keptStep);
    if (count > 1)
      tile = tile / count;
    for (size_t q = 0; q < plan.passes.size(); ++q)
      if (plan.passes[q].axis == static_cast<int>(axis))
        first = first + index[q] * static_cast<int>(plan.passes[q].stride);
    // The filters' spectra know of the padding before a whole axis, which begins with its input.
    if (!plan.axes[axis].isWhole())
      first = first - static_cast<int>(unit.axis.padLow);
    at.push_back(first * phases + phase % phases * static_cast<int>(unit.axis.dilation) +
                 static_cast<int>(unit.origin));
    phase = phase / phases;
  }
  at.push_back(p.batch == 1 ? Expr(0) : tile);
  Func samples("fft_samples");
  Expr value = padded(at);
  samples(stageArgs(plan)) =
      whole ? value : select(c < channels, value, Internal::make_zero(value.type()));
  return samples;
}

void emitForward(const FftPlan &plan, size_t pass, const Func &source, const ImageParam &weights,
                 FftStages &stages) {
  std::vector<Var> index = indexVars(plan);
  std::vector<ComplexExpr> in = inputsOf(plan, source, pass, plan.samplesGiven(pass));
  in.resize(plan.passes[pass].radix);
  std::vector<ComplexExpr> out = forwardDft(in);
  out.resize(plan.passes[pass].stored);
  Func codelet = emitCodelet("fft_forward_codelet", plan, pass, flattened(out));
  ComplexExpr value{codeletResult(codelet, index[pass], 0, 2),
                    codeletResult(codelet, index[pass], 1, 2)};
  if (followsInAxis(plan, pass + 1))
    value = value * twiddle(plan, pass + 1, index, value.re.type());
  if (plan.isElementwise() && pass + 1 == plan.passes.size()) {
    const auto width = static_cast<int>(plan.panelWidth);
    Expr f = frequencyIndex(plan, index);
    auto weight = [&](int part) {
      return plan.problem.isDepthwise() ? weights(c % width, part, 0, f, c / width)
                                        : weights(0, part, 0, 0, f);
    };
    value = value * ComplexExpr{weight(0), weight(1)};
  }
  Func forward("fft_forward" + std::to_string(pass));
  forward(stageArgs(plan)) = Tuple(value.re, value.im);
  stages.forward.push_back({codelet, forward});
}

FftStage emitBackward(const FftPlan &plan, size_t pass, const Func &source) {
  std::vector<Var> index = indexVars(plan);
  const FftPass &own = plan.passes[pass];
  std::vector<ComplexExpr> in = inputsOf(plan, source, pass, own.stored);
  Func backward("fft_backward" + std::to_string(pass));
  const bool real = pass == 0;
  Func codelet = emitCodelet("fft_backward_codelet", plan, pass,
                             real ? inverseRealDft(in, own.radix) : flattened(inverseDft(in)));
  if (real) {
    backward(stageArgs(plan)) = codeletResult(codelet, index[0], 0, 1);
  } else {
    ComplexExpr value{codeletResult(codelet, index[pass], 0, 2),
                      codeletResult(codelet, index[pass], 1, 2)};
    if (followsInAxis(plan, pass))
      value = value * conjugate(twiddle(plan, pass, index, value.re.type()));
    backward(stageArgs(plan)) = Tuple(value.re, value.im);
  }
  return {codelet, backward};
}

/// The digits of a stored frequency: where its transform's result is found.
std::vector<Expr> frequencyDigits(const FftPlan &plan, Expr frequency) {
  std::vector<Expr> digits(plan.passes.size());
  for (size_t p = plan.passes.size(); p-- > 0;) {
    const auto stored = static_cast<int>(plan.passes[p].stored);
    digits[p] = frequency % stored;
    frequency = frequency / stored;
  }
  return digits;
}

/// The input channel of term `r` of output channel c: one for all of a panel where a group's
/// outputs fill panels.
Expr inputChannel(const FftPlan &plan, const Expr &r) {
  const SpatialConv &p = plan.problem;
  if (p.groups == 1)
    return r;
  const auto inputs = static_cast<int>(p.inChannels / p.groups);
  const auto outputs = static_cast<int>(p.outChannels / p.groups);
  const auto width = static_cast<int>(plan.panelWidth);
  Expr group = outputs % width == 0 ? c / width / (outputs / width)
                                    : min(c, static_cast<int>(p.outChannels) - 1) / outputs;
  return group * inputs + r;
}

/// The sums over channels, by frequencies as one number: of a number that is put together from
/// loops and taken apart again Halide would not see that it is one.
Func emitContraction(const FftPlan &plan, const ImageParam &weights, FftStages &stages) {
  const auto width = static_cast<int>(plan.panelWidth);
  Var f("ff");
  const auto inputs = static_cast<int>(plan.problem.inChannels / plan.problem.groups);
  RDom r(0, inputs, 0, static_cast<int>(plan.phases), "fr");
  std::vector<Expr> at{inputChannel(plan, r.x)};
  for (const Expr &digit : frequencyDigits(plan, f))
    at.push_back(digit);
  at.push_back(r.y * static_cast<int>(plan.positions()) + t);
  ComplexExpr x = read(stages.forward.back().result, at);
  Expr term = r.y * inputs + r.x;
  ComplexExpr w{weights(c % width, 0, term, c / width, f),
                weights(c % width, 1, term, c / width, f)};
  Func acc("fft_acc"), product("fft_product"), spectrum("fft_spectrum");
  Expr zero = Internal::make_zero(x.re.type());
  acc(c, f, t) = Tuple(zero, zero);
  acc(c, f, t) = Tuple(acc(c, f, t)[0] + x.re * w.re - x.im * w.im,
                       acc(c, f, t)[1] + x.re * w.im + x.im * w.re);
  product(c, f, t) = Tuple(acc(c, f, t)[0], acc(c, f, t)[1]);
  stages.accumulator = acc;
  stages.product = product;
  Expr frequency = frequencyIndex(plan, indexVars(plan));
  spectrum(stageArgs(plan)) = Tuple(product(c, frequency, t)[0], product(c, frequency, t)[1]);
  return spectrum;
}

/// a % b, in a form from which bounds inference sees that one `a` gives one remainder, and many
/// give no other than these.
Expr remainder(const Expr &a, int b) { return clamp(a - a / b * b, 0, b - 1); }

/// A copy between two groups, for vectors that run along different indices on both sides.
Func emitTurn(const std::string &name, const FftPlan &plan, const Func &source) {
  Func turned(name);
  std::vector<Expr> at = exprs(stageArgs(plan));
  turned(stageArgs(plan)) = Tuple(source(at)[0], source(at)[1]);
  return turned;
}

/// The result at (c, x[, y[, z]], n), out of the tiles.
Func emitInverse(const FftPlan &plan, const Func &tiles) {
  static const char *const names[] = {"fx", "fy", "fz"};
  std::vector<Var> args{c};
  for (size_t axis = 0; axis < plan.axes.size(); ++axis)
    args.emplace_back(names[axis]);
  args.emplace_back("fn");
  std::vector<Expr> at(plan.passes.size() + 2);
  at[0] = c;
  Expr tile = plan.problem.batch == 1 ? Expr(0) : Expr(args.back());
  for (size_t axis = plan.axes.size(); axis-- > 0;) {
    const auto outputs = static_cast<int>(plan.axes[axis].outputs);
    const auto count = static_cast<int>(plan.axes[axis].tiles);
    Expr position = args[axis + 1];
    Expr local = (count == 1 ? position : remainder(position, outputs)) *
                 static_cast<int>(plan.axes[axis].unit.keptStep);
    if (count > 1)
      tile = tile * count + position / outputs;
    for (size_t p = 0; p < plan.passes.size(); ++p) {
      const FftPass &pass = plan.passes[p];
      if (pass.axis != static_cast<int>(axis))
        continue;
      Expr digit = pass.stride == 1 ? local : local / static_cast<int>(pass.stride);
      at[p + 1] = pass.before == 1 ? digit : remainder(digit, static_cast<int>(pass.radix));
    }
  }
  at.back() = tile;
  Func inverse("fft_inverse");
  inverse(args) = tiles(at);
  return inverse;
}

} // namespace

FftStages emitFft(const FftPlan &plan, Func padded, ImageParam weights) {
  FftStages stages;
  stages.samples = emitSamples(plan, padded);
  Func source = stages.samples;
  for (size_t p = 0; p < plan.passes.size(); ++p) {
    emitForward(plan, p, source, weights, stages);
    source = stages.forward.back().result;
    if (plan.hasSampleVectors() && p == plan.groups[0].last)
      stages.turned = source = emitTurn("fft_turned", plan, source);
  }
  if (!plan.isElementwise())
    source = emitContraction(plan, weights, stages);
  stages.backward.resize(plan.passes.size());
  for (size_t p = plan.passes.size(); p-- > 0;) {
    stages.backward[p] = emitBackward(plan, p, source);
    source = stages.backward[p].result;
    if (plan.hasSampleVectors() && p == plan.groups[1].first)
      stages.turnedBack = source = emitTurn("fft_turned_back", plan, source);
  }
  stages.inverse = emitInverse(plan, source);
  return stages;
}

} // namespace quern::codegen
