#include "codegen/halide/schedules/Fft.h"

#include "codegen/halide/schedules/DftCodelet.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quern::codegen {

namespace {

using namespace Halide;

const Var c("fc"), t("ft");

int64_t roundUp(int64_t a, int64_t factor) { return (a + factor - 1) / factor * factor; }
int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

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

/// One product per frequency and nothing to sum.
bool isElementwise(const FftPlan &plan) {
  const SpatialConv &p = plan.problem;
  return p.isDepthwise() || (p.inChannels == 1 && p.outChannels == 1);
}

/// Whether vectors run along the samples of a long axis, in place of channels that are not there:
/// along the last index while the first group transforms, along the first index for the second.
bool hasSampleVectors(const FftPlan &plan) {
  return plan.problem.outChannels == 1 && plan.axes.size() == 1 && plan.groups.size() == 2 &&
         isElementwise(plan) && plan.passes.front().stored % plan.cpu.lanes == 0 &&
         plan.passes.back().radix % plan.cpu.lanes == 0;
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
Buffer<float> twiddleTable(const FftPass &pass) {
  Buffer<float> table(2, static_cast<int>(pass.before), static_cast<int>(pass.radix));
  const auto size = static_cast<double>(pass.before * pass.radix);
  for (int64_t n = 0; n < pass.radix; ++n)
    for (int64_t k = 0; k < pass.before; ++k) {
      double angle = -2 * std::numbers::pi * static_cast<double>(n * k) / size;
      table(0, static_cast<int>(k), static_cast<int>(n)) = static_cast<float>(std::cos(angle));
      table(1, static_cast<int>(k), static_cast<int>(n)) = static_cast<float>(std::sin(angle));
    }
  return table;
}

/// The twiddle factor before pass `pass` at the current indices.
ComplexExpr twiddle(const FftPlan &plan, size_t pass, const std::vector<Var> &index) {
  Expr frequency = 0;
  for (size_t q = 0; q < pass; ++q)
    if (plan.passes[q].axis == plan.passes[pass].axis)
      frequency = index[q] * static_cast<int>(plan.passes[q].before) + frequency;
  Buffer<float> table = twiddleTable(plan.passes[pass]);
  return {table(0, frequency, index[pass]), table(1, frequency, index[pass])};
}

Expr choose(const Var &index, const std::vector<Expr> &values) {
  return values.size() == 1 ? values[0] : mux(index, values);
}

/// All results of one small transform as one Func, without the index that the transform is over: as
/// the values of one tuple they share their subexpressions.
Func emitCodelet(const std::string &name, const FftPlan &plan, size_t pass,
                 const std::vector<Expr> &values) {
  std::vector<Var> args = stageArgs(plan);
  args.erase(args.begin() + static_cast<ptrdiff_t>(pass) + 1);
  std::vector<Expr> defined;
  for (const Expr &value : values)
    defined.push_back(value.defined() ? value : Expr(0.0f));
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

/// Index of a stored frequency: the first pass's index runs fastest.
Expr frequencyIndex(const FftPlan &plan, const std::vector<Var> &index) {
  Expr f = 0;
  int64_t stride = 1;
  for (size_t p = 0; p < plan.passes.size(); ++p) {
    f = index[p] * static_cast<int>(stride) + f;
    stride *= plan.passes[p].stored;
  }
  return f;
}

Func emitSamples(const FftPlan &plan, const Func &padded) {
  const SpatialConv &p = plan.problem;
  std::vector<Var> index = indexVars(plan);
  const auto channels = static_cast<int>(p.inChannels);
  const bool whole = p.inChannels % plan.cpu.lanes == 0 || hasSampleVectors(plan);
  std::vector<Expr> at{whole ? Expr(c) : min(c, channels - 1)};
  Expr tile = t;
  for (size_t axis = 0; axis < plan.axes.size(); ++axis) {
    const auto count = static_cast<int>(plan.axes[axis].tiles);
    Expr first = count == 1 ? Expr(0) : tile % count * static_cast<int>(plan.axes[axis].outputs);
    if (count > 1)
      tile = tile / count;
    for (size_t q = 0; q < plan.passes.size(); ++q)
      if (plan.passes[q].axis == static_cast<int>(axis))
        first = first + index[q] * static_cast<int>(plan.passes[q].stride);
    at.push_back(first - static_cast<int>(p.axes[axis].padLow));
  }
  at.push_back(p.batch == 1 ? Expr(0) : tile);
  Func samples("fft_samples");
  Expr value = padded(at);
  samples(stageArgs(plan)) = whole ? value : select(c < channels, value, 0.0f);
  return samples;
}

void emitForward(const FftPlan &plan, size_t pass, const Func &source, const ImageParam &weights,
                 FftStages &stages) {
  std::vector<Var> index = indexVars(plan);
  std::vector<ComplexExpr> out = forwardDft(inputsOf(plan, source, pass, plan.passes[pass].radix));
  out.resize(plan.passes[pass].stored);
  Func codelet = emitCodelet("fft_forward_codelet", plan, pass, flattened(out));
  ComplexExpr value{codeletResult(codelet, index[pass], 0, 2),
                    codeletResult(codelet, index[pass], 1, 2)};
  if (followsInAxis(plan, pass + 1))
    value = value * twiddle(plan, pass + 1, index);
  if (isElementwise(plan) && pass + 1 == plan.passes.size()) {
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
      value = value * conjugate(twiddle(plan, pass, index));
    backward(stageArgs(plan)) = Tuple(value.re, value.im);
  }
  return {codelet, backward};
}

void emitContraction(const FftPlan &plan, const ImageParam &weights, FftStages &stages) {
  std::vector<Var> index = indexVars(plan), args = stageArgs(plan);
  const auto width = static_cast<int>(plan.panelWidth);
  RDom r(0, static_cast<int>(plan.problem.inChannels), "fr");
  std::vector<Expr> at = exprs(args);
  at[0] = r;
  ComplexExpr x = read(stages.forward.back().result, at);
  Expr f = frequencyIndex(plan, index);
  ComplexExpr w{weights(c % width, 0, r, c / width, f), weights(c % width, 1, r, c / width, f)};
  Func acc("fft_acc"), product("fft_product");
  acc(args) = Tuple(0.0f, 0.0f);
  acc(args) =
      Tuple(acc(args)[0] + x.re * w.re - x.im * w.im, acc(args)[1] + x.re * w.im + x.im * w.re);
  product(args) = Tuple(acc(args)[0], acc(args)[1]);
  stages.accumulator = acc;
  stages.product = product;
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
    Expr local = count == 1 ? position : remainder(position, outputs);
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
    if (hasSampleVectors(plan) && p == plan.groups[0].last)
      stages.turned = source = emitTurn("fft_turned", plan, source);
  }
  if (isElementwise(plan)) {
    stages.product = source;
  } else {
    emitContraction(plan, weights, stages);
    source = stages.product;
  }
  stages.backward.resize(plan.passes.size());
  for (size_t p = plan.passes.size(); p-- > 0;) {
    stages.backward[p] = emitBackward(plan, p, source);
    source = stages.backward[p].result;
    if (hasSampleVectors(plan) && p == plan.groups[1].first)
      stages.turnedBack = source = emitTurn("fft_turned_back", plan, source);
  }
  stages.inverse = emitInverse(plan, source);
  return stages;
}

namespace {

/// Schedules the stages of one plan.
class FftSchedule {
public:
  FftSchedule(const FftPlan &plan, FftStages &stages, Func output)
      : plan(plan), stages(stages), output(output), index(indexVars(plan)), lanes(plan.cpu.lanes),
        sampleVectors(hasSampleVectors(plan)) {}

  void run() {
    scheduleOutput();
    scheduleBackward();
    if (isElementwise(plan)) {
      scheduleForwardWithin();
    } else {
      scheduleForwardAtRoot();
      scheduleContraction();
    }
  }

private:
  size_t groupOf(size_t pass) const {
    size_t g = 0;
    while (plan.groups[g].last < pass)
      ++g;
    return g;
  }

  /// What the vectors of a stage that transforms index `pass` run along.
  Var laneOf(size_t pass) const {
    if (!sampleVectors)
      return c;
    return groupOf(pass) == 0 ? index.back() : index.front();
  }

  /// Loops of a stage that transforms index `pass`: vectors, the index unrolled, then the other
  /// indices of its group, then all others. Returns the innermost loop around the group.
  Var order(FftStage stage, size_t pass) {
    const FftGroup &group = plan.groups[groupOf(pass)];
    Var lane = laneOf(pass), vectors("fvectors"), vi("fvi");
    std::vector<VarOrRVar> inside{vi, index[pass]}, outside;
    if (sampleVectors)
      outside.emplace_back(vectors);
    for (size_t q = 0; q < index.size(); ++q)
      if (q != pass && index[q].name() != lane.name())
        (q >= group.first && q <= group.last ? inside : outside).emplace_back(index[q]);
    outside.emplace_back(t);
    outside.emplace_back(sampleVectors ? c : vectors);
    std::vector<VarOrRVar> loops = inside;
    loops.insert(loops.end(), outside.begin(), outside.end());
    stage.result.split(lane, vectors, vi, lanes, TailStrategy::RoundUp)
        .reorder(loops)
        .vectorize(vi)
        .unroll(index[pass])
        .never_partition_all();
    scheduleCodelet(stage, loops[2].name(), lane);
    if (groupOf(pass) == 0 && plan.axes.size() == 1 && plan.groups.size() == 2)
      storeBySamples(stage.result);
    return outside.front().var;
  }

  /// The storage of a long axis's first group: samples in their order where the output reads them
  /// or vectors run along them.
  void storeBySamples(Func func) {
    if (!sampleVectors && func.name() != stages.backward[0].result.name())
      return;
    std::vector<Var> storage;
    if (!sampleVectors)
      storage.push_back(c);
    storage.insert(storage.end(), index.rbegin(), index.rend());
    if (sampleVectors)
      storage.push_back(c);
    func.reorder_storage(storage);
  }

  /// A codelet's results in registers, or spilled, for the loop of its stage around the index.
  void scheduleCodelet(FftStage stage, const std::string &loop, const Var &lane) {
    stage.codelet.compute_at(stage.result, Var(loop))
        .store_in(MemoryType::Stack)
        .vectorize(lane, lanes);
    for (const Var &var : stage.codelet.args())
      stage.codelet.bound_extent(var, var.name() == lane.name() ? lanes : 1);
  }

  /// A stage inside of a tile's loop: the extents of a vector and of one tile are known, and so are
  /// those of the indices that pass through [0, extent); of the others there is one.
  template <typename Extent>
  void bounds(Func func, const Var &lane, size_t from, size_t to, Extent extent) {
    func.bound_extent(c, sampleVectors ? 1 : lanes).bound_extent(t, 1);
    for (size_t q = 0; q < index.size(); ++q)
      if (q >= from && q <= to)
        func.bound(index[q], 0, static_cast<int>(extent(q)));
      else
        func.bound_extent(index[q], index[q].name() == lane.name() ? lanes : 1);
  }

  int64_t samplesKept(size_t q) const {
    const FftPass &pass = plan.passes[q];
    int64_t outputs = plan.axes[pass.axis].outputs;
    return pass.before == 1 ? ceilDiv(outputs, pass.stride) : pass.radix;
  }

  void scheduleOutput() {
    std::vector<Var> args = output.args();
    std::vector<VarOrRVar> loops{args[0]};
    std::vector<Var> outer;
    Var co("fco"), far("ffar"), vi("fvi");
    if (sampleVectors) {
      loops = {vi};
      outer.push_back(args[0]);
    } else {
      output.split(args[0], co, args[0], lanes,
                   plan.problem.outChannels % lanes == 0 ? TailStrategy::RoundUp
                                                         : TailStrategy::Predicate);
      outer.push_back(co);
    }
    for (size_t axis = 0; axis < plan.axes.size(); ++axis) {
      Var x = args[axis + 1], tile("ftile" + std::to_string(axis));
      if (plan.axes[axis].tiles > 1) {
        const FftAxis &own = plan.axes[axis];
        output.split(x, tile, x, static_cast<int>(own.outputs),
                     plan.problem.axes[axis].out % own.outputs == 0 ? TailStrategy::RoundUp
                                                                    : TailStrategy::GuardWithIf);
        outer.push_back(tile);
      }
      loops.emplace_back(x);
      rows.push_back(x);
      if (sampleVectors) {
        // Vectors that keep within one value of the indices but the last.
        int64_t run = plan.passes.back().radix;
        TailStrategy tail =
            plan.axes[axis].outputs % run == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf;
        output.split(x, far, x, static_cast<int>(run), tail).split(x, x, vi, lanes).unroll(x);
        loops.emplace_back(far);
      }
    }
    outer.push_back(args.back());
    for (const Var &var : outer)
      loops.emplace_back(var);
    // The loops around the stages are not partitioned at the edges: that would copy all of them.
    output.reorder(loops).vectorize(sampleVectors ? vi : args[0]).never_partition_all();
    task = Var("ftask");
    output.fuse(outer[0], outer[1], task);
    for (size_t i = 2; i < outer.size(); ++i)
      output.fuse(task, outer[i], task);
    if (plan.parallel)
      output.parallel(task);
    // Where a group's results are made: those of the last axis, and of both groups of a long one,
    // for the whole tile.
    levels.assign(plan.groups.size(), task);
    for (size_t g = 0; plan.axes.size() > 1 && g + 1 < plan.groups.size(); ++g)
      levels[g] = rows[g + 1];
  }

  void scheduleBackward() {
    for (size_t g = 0; g < plan.groups.size(); ++g) {
      const FftGroup &group = plan.groups[g];
      auto extent = [&](size_t own) {
        return [this, own](size_t q) { return q < own ? plan.passes[q].stored : samplesKept(q); };
      };
      Func whole = stages.backward[group.first].result;
      whole.compute_at(output, levels[g]);
      Var inner = order(stages.backward[group.first], group.first);
      backwardRow = inner;
      if (g == 0)
        samplesRow = inner;
      // Rows of later groups are looped over outside; frequencies of earlier ones are all there.
      bounds(whole, laneOf(group.first), 0, plan.axes.size() == 1 ? index.size() : group.last,
             extent(group.first));
      for (size_t p = group.first + 1; p <= group.last; ++p) {
        Func pass = stages.backward[p].result;
        if (g == 0 && plan.axes.size() == plan.groups.size())
          pass.compute_at(output, levels[0]);
        else
          pass.compute_at(whole, inner);
        order(stages.backward[p], p);
        auto within = [&, p](size_t q) {
          return q < p ? plan.passes[q].stored : q == p ? samplesKept(q) : samplesKept(q);
        };
        bounds(pass, laneOf(p), group.first, group.last, within);
      }
    }
  }

  /// The forward stages of group `g`, for a consumer that holds whole tiles at `level`; the last of
  /// them is scheduled by the caller. `inner` is the last one's loop over the other indices.
  template <typename Place> void scheduleForwardGroup(size_t g, Place place) {
    const FftGroup &group = plan.groups[g];
    for (size_t p = group.first; p < group.last; ++p) {
      Func pass = stages.forward[p].result;
      place(pass);
      order(stages.forward[p], p);
      bounds(pass, laneOf(p), group.first, group.last,
             [&, p](size_t q) { return q <= p ? plan.passes[q].stored : plan.passes[q].radix; });
    }
    if (g == 0) {
      place(stages.samples);
      Var lane = laneOf(0);
      stages.samples.vectorize(lane, lanes);
      if (sampleVectors)
        storeBySamples(stages.samples);
      bounds(stages.samples, lane, group.first, group.last,
             [&](size_t q) { return plan.passes[q].radix; });
    }
  }

  /// A group's last stage before another group: whole tiles.
  template <typename Place> void scheduleForwardWhole(size_t g, Place place) {
    const FftGroup &group = plan.groups[g];
    Func whole = stages.forward[group.last].result;
    place(whole);
    Var inner = order(stages.forward[group.last], group.last);
    bounds(whole, laneOf(group.last), 0, index.size() - 1, [&](size_t q) {
      return q <= group.last ? plan.passes[q].stored : plan.passes[q].radix;
    });
    scheduleForwardGroup(g, [&](Func func) { func.compute_at(whole, inner); });
  }

  /// Depthwise: all of a tile's stages for one vector of channels in one task. The last group goes
  /// forward and back row by row.
  void scheduleForwardWithin() {
    const size_t lastGroup = plan.groups.size() - 1;
    for (size_t g = 0; g < lastGroup; ++g)
      scheduleForwardWhole(g, [&](Func func) { func.compute_at(output, task); });
    const FftGroup &group = plan.groups[lastGroup];
    Func back = stages.backward[group.first].result;
    auto place = [&](Func func) {
      if (lastGroup == 0)
        func.compute_at(output, task);
      else
        func.compute_at(back, backwardRow);
    };
    Func last = stages.forward[group.last].result;
    place(last);
    order(stages.forward[group.last], group.last);
    bounds(last, laneOf(group.last), group.first, group.last,
           [&](size_t q) { return plan.passes[q].stored; });
    scheduleForwardGroup(lastGroup, place);
    if (sampleVectors) {
      Var lane = laneOf(group.first);
      place(stages.turned);
      stages.turned.vectorize(lane, lanes);
      bounds(stages.turned, lane, group.first, group.last,
             [&](size_t q) { return plan.passes[q].radix; });
      const FftGroup &samples = plan.groups[0];
      lane = laneOf(samples.first);
      stages.turnedBack.compute_at(stages.backward[samples.first].result, samplesRow)
          .vectorize(lane, lanes);
      storeBySamples(stages.turnedBack);
      bounds(stages.turnedBack, lane, samples.first, samples.last,
             [&](size_t q) { return plan.passes[q].stored; });
    }
  }

  void scheduleForwardAtRoot() {
    const size_t lastGroup = plan.groups.size() - 1;
    const FftGroup &group = plan.groups[lastGroup];
    Func last = stages.forward[group.last].result;
    Var co("fvo"), ci("fvi"), all("fall");
    const auto channels = static_cast<int>(roundUp(plan.problem.inChannels, lanes));
    last.compute_root().bound(c, 0, channels).bound(t, 0, static_cast<int>(plan.positions()));
    for (size_t q = 0; q < index.size(); ++q)
      last.bound(index[q], 0, static_cast<int>(plan.passes[q].stored));
    std::vector<VarOrRVar> loops{ci, index[group.last]};
    std::vector<Var> storage{c, t};
    for (size_t q = group.last; q-- > group.first;)
      loops.emplace_back(index[q]);
    for (size_t q = 0; q < group.first; ++q)
      loops.emplace_back(index[q]);
    for (const Var &var : index)
      storage.push_back(var);
    loops.emplace_back(co);
    loops.emplace_back(t);
    last.split(c, co, ci, lanes)
        .reorder(loops)
        .fuse(co, t, all)
        .vectorize(ci)
        .unroll(index[group.last])
        .never_partition_all()
        .reorder_storage(storage)
        .align_storage(t, static_cast<int>(plan.positions() | 1));
    if (plan.parallel)
      last.parallel(all);
    scheduleCodelet(stages.forward[group.last], index.size() == 1 ? all.name() : loops[2].name(),
                    c);
    for (size_t g = 0; g < lastGroup; ++g)
      scheduleForwardWhole(g, [&](Func func) { func.compute_at(last, all); });
    scheduleForwardGroup(lastGroup, [&](Func func) {
      if (lastGroup == 0)
        func.compute_at(last, all);
      else
        func.compute_at(last, index[0]);
    });
  }

  void scheduleContraction() {
    Func product = stages.product, acc = stages.accumulator;
    const auto width = static_cast<int>(plan.panelWidth);
    const int mx = plan.tile.mx;
    Var panel("fpanel"), ci("fpc"), to("fto"), ti("fti"), all("ffreq");
    std::vector<VarOrRVar> loops{ci, ti, to, panel};
    std::vector<Var> storage{c, t};
    for (const Var &var : index) {
      loops.emplace_back(var);
      storage.push_back(var);
    }
    product.compute_root()
        .bound(c, 0, static_cast<int>(plan.panels) * width)
        .bound(t, 0, static_cast<int>(plan.positions()));
    for (size_t q = 0; q < index.size(); ++q)
      product.bound(index[q], 0, static_cast<int>(plan.passes[q].stored));
    product.split(c, panel, ci, width)
        .split(t, to, ti, mx, TailStrategy::ShiftInwards)
        .reorder(loops)
        .vectorize(ci, lanes)
        .unroll(ci)
        .unroll(ti)
        .never_partition_all()
        .reorder_storage(storage)
        .align_storage(t, static_cast<int>(plan.positions() | 1));
    Var task = index[0];
    for (size_t q = 1; q < index.size(); ++q) {
      Var fused("ff" + std::to_string(q));
      product.fuse(task, index[q], fused);
      task = fused;
    }
    if (plan.parallel)
      product.parallel(task, static_cast<int>(std::max<int64_t>(1, plan.frequencies / 64)));
    acc.compute_at(product, to)
        .store_in(MemoryType::Stack)
        .bound_extent(c, width)
        .bound_extent(t, mx)
        .vectorize(c, lanes)
        .unroll(c)
        .unroll(t);
    RVar r = acc.rvars(0)[0];
    std::vector<VarOrRVar> updateLoops{c, t, r};
    for (const Var &var : index)
      updateLoops.emplace_back(var);
    acc.update().reorder(updateLoops).vectorize(c, lanes).unroll(c).unroll(t);
    if (plan.problem.inChannels % 2 == 0)
      acc.update().unroll(r, 2);
  }

  const FftPlan &plan;
  FftStages &stages;
  Func output;
  std::vector<Var> index;
  int lanes;
  bool sampleVectors;
  Var task;
  Var samplesRow;          ///< the loop around the first group on its way back
  Var backwardRow;         ///< the loop around the last group on its way back
  std::vector<Var> rows;   ///< the output's loops within a tile, x first
  std::vector<Var> levels; ///< per group: the output's loop at which its results are made
};

} // namespace

void scheduleFft(const FftPlan &plan, FftStages &stages, Func padded, Func output) {
  if (plan.problem.computedInput) {
    padded.compute_root();
    if (plan.problem.inChannels >= plan.cpu.lanes)
      padded.vectorize(padded.args()[0], plan.cpu.lanes, TailStrategy::GuardWithIf);
    if (plan.parallel)
      padded.parallel(padded.args()[padded.args().size() - 2]);
  }
  FftSchedule(plan, stages, output).run();
}

} // namespace quern::codegen
