// The loops of a convolution by Fourier transforms. Where there are channels, vectors run along
// them; one signal alone has them along its samples.
#include "codegen/halide/schedules/Fft.h"
#include "ir/conv/Division.h"

#include <algorithm>

namespace quern::codegen {

namespace {

using namespace Halide;

using ir::ceilDiv;
using ir::roundUp;

/// Schedules the stages of one plan.
class FftSchedule {
public:
  FftSchedule(const FftPlan &plan, FftStages &stages, Func output)
      : plan(plan), stages(stages), output(output), c(stages.samples.args().front()),
        t(stages.samples.args().back()), lanes(plan.cpu.lanes),
        sampleVectors(plan.hasSampleVectors()) {
    std::vector<Var> args = stages.samples.args();
    index.assign(args.begin() + 1, args.end() - 1);
  }

  void run() {
    scheduleOutput();
    scheduleBackward();
    if (plan.isElementwise()) {
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
    const FftAxis &axis = plan.axes[pass.axis];
    int64_t samples = (axis.outputs - 1) * axis.unit.keptStep + 1;
    return pass.before == 1 ? ceilDiv(samples, pass.stride) : pass.radix;
  }

  void scheduleOutput() {
    std::vector<Var> args = output.args();
    std::vector<VarOrRVar> loops{args[0]};
    std::vector<Var> outer;
    Var co("fco"), far("ffar"), vi("fvi");
    const bool isStepping = plan.axes[0].unit.keptStep > 1; // no vectors of samples to store
    if (sampleVectors) {
      loops.clear();
      if (!isStepping)
        loops.emplace_back(vi);
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
      if (sampleVectors && !isStepping) {
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
    output.reorder(loops).never_partition_all();
    if (!sampleVectors || !isStepping)
      output.vectorize(sampleVectors ? vi : args[0]);
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
             [&, p](size_t q) { return q <= p ? plan.passes[q].stored : plan.samplesGiven(q); });
    }
    if (g == 0 && sampleVectors) {
      place(stages.samples);
      Var lane = laneOf(0);
      stages.samples.vectorize(lane, lanes);
      storeBySamples(stages.samples);
      bounds(stages.samples, lane, group.first, group.last,
             [&](size_t q) { return plan.samplesGiven(q); });
    }
  }

  /// A group's last stage before another group: whole tiles.
  template <typename Place> void scheduleForwardWhole(size_t g, Place place) {
    const FftGroup &group = plan.groups[g];
    Func whole = stages.forward[group.last].result;
    place(whole);
    Var inner = order(stages.forward[group.last], group.last);
    bounds(whole, laneOf(group.last), 0, index.size() - 1, [&](size_t q) {
      return q <= group.last ? plan.passes[q].stored : plan.samplesGiven(q);
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
             [&](size_t q) { return plan.samplesGiven(q); });
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
    const auto transforms = static_cast<int>(plan.phases * plan.positions());
    last.compute_root().bound(c, 0, channels).bound(t, 0, transforms);
    for (size_t q = 0; q < index.size(); ++q)
      last.bound(index[q], 0, static_cast<int>(plan.passes[q].stored));
    std::vector<VarOrRVar> loops{ci, index[group.last]};
    std::vector<Var> storage{c, t};
    for (size_t q = group.last; q-- > group.first;)
      loops.emplace_back(index[q]);
    for (size_t q = 0; q < group.first; ++q)
      loops.emplace_back(index[q]);
    storage.insert(storage.end(), index.rbegin(), index.rend());
    loops.emplace_back(co);
    loops.emplace_back(t);
    last.split(c, co, ci, lanes)
        .reorder(loops)
        .fuse(co, t, all)
        .vectorize(ci)
        .unroll(index[group.last])
        .never_partition_all()
        .reorder_storage(storage)
        .align_storage(t, transforms | 1);
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
    Var panel("fpanel"), ci("fpc"), to("fto"), ti("fti"), f = product.args()[1];
    product.compute_root()
        .bound(c, 0, static_cast<int>(plan.panels) * width)
        .bound(f, 0, static_cast<int>(plan.frequencies))
        .bound(t, 0, static_cast<int>(plan.positions()))
        .split(c, panel, ci, width)
        .split(t, to, ti, mx, TailStrategy::ShiftInwards)
        .reorder(ci, ti, to, panel, f)
        .vectorize(ci, lanes)
        .unroll(ci)
        .unroll(ti)
        .never_partition_all()
        .reorder_storage(c, t, f)
        .align_storage(t, static_cast<int>(plan.positions() | 1));
    if (plan.parallel)
      product.parallel(f, static_cast<int>(std::max<int64_t>(1, plan.frequencies / 64)));
    acc.compute_at(product, to)
        .store_in(MemoryType::Stack)
        .bound_extent(c, width)
        .bound_extent(t, mx)
        .vectorize(c, lanes)
        .unroll(c)
        .unroll(t);
    RVar r = acc.rvars(0)[0], phase = acc.rvars(0)[1];
    acc.update().reorder(c, t, r, phase, f).vectorize(c, lanes).unroll(c).unroll(t);
    if (plan.problem.inChannels / plan.problem.groups % 2 == 0)
      acc.update().unroll(r, 2);
  }

  const FftPlan &plan;
  FftStages &stages;
  Func output;
  Var c, t;               ///< channel and tile of every stage
  std::vector<Var> index; ///< one for each pass, between them
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
