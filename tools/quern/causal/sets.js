// Sets of a value's elements (as passes/causal/RankTensor, of 0 and 1). Stored is a box, a range along
// each axis, beyond which there are none: of a long sequence an output often reads little. Along axes
// on which all elements of the box agree they are stored once.

const product = (list) => list.reduce((a, b) => a * b, 1);
const upTo = (count) => Array.from({ length: count }, (_, at) => at);
const allAxes = (shape) => upTo(shape.length);

/** Row-major steps. */
const stepsOf = (extents) => extents.map((_, axis) => product(extents.slice(axis + 1)));

const once = ({ first, count }) => ({ first, count, isOnce: true });
const each = ({ first, count }) => ({ first, count, isOnce: false });
const wholeAxis = (count) => ({ first: 0, count, isOnce: true });
/** What is stored of a range: one element, where all agree. */
const storedOf = (range) => range.isOnce ? { ...range, count: 1 } : range;
const storedExtents = (box) => box.map((range) => storedOf(range).count);
const endOf = ({ first, count }) => first + count;
const isSameRange = (a, b) => a.first === b.first && a.count === b.count && a.isOnce === b.isOnce;

function makeSet(shape, box) {
  return { shape, box, data: new Uint8Array(product(storedExtents(box))) };
}

/** All sums of a number of each list, the last list's fastest. */
function sumsOf(lists) {
  let sums = Int32Array.of(0);
  for (const list of lists) {
    const next = new Int32Array(sums.length * list.length);
    for (let i = 0, at = 0; i < sums.length; ++i)
      for (let j = 0; j < list.length; ++j) next[at++] = sums[i] + list[j];
    sums = next;
  }
  return sums;
}

/** `step` times each coordinate of a range. */
function spaced({ first, count }, step) {
  const list = new Int32Array(count);
  for (let at = 0; at < count; ++at) list[at] = (first + at) * step;
  return list;
}

/** Where the elements in ranges of some axes, row-major, lie in a set's data. */
function placesOf(set, axes, ranges) {
  const steps = stepsOf(storedExtents(set.box));
  return sumsOf(axes.map((axis, at) => {
    const own = set.box[axis], { first, count } = ranges[at];
    return spaced({ first: first - own.first, count }, own.isOnce ? 0 : steps[axis]);
  }));
}

/** Numbers, row-major over some axes of a shape, of the elements in ranges of these. */
function numbersIn(shape, axes, ranges) {
  const steps = stepsOf(axes.map((axis) => shape[axis]));
  return sumsOf(ranges.map((range, at) => spaced(range, steps[at])));
}

function hull(a, b) {
  const first = Math.min(a.first, b.first);
  return each({ first, count: Math.max(endOf(a), endOf(b)) - first });
}

const isEqual = (a, b) => a.length === b.length && a.every((is, at) => is === b[at]);

/** What either holds; a set that holds nothing is null. */
function union(a, b) {
  if (!a || !b || a === b) return a || b;
  const axes = allAxes(a.shape), other = axes.filter((axis) => !isSameRange(a.box[axis], b.box[axis]));
  const mayJoin = other.every((axis) => a.box[axis].isOnce && b.box[axis].isOnce &&
      a.box[axis].first <= endOf(b.box[axis]) && b.box[axis].first <= endOf(a.box[axis]));
  if (other.length <= 1 && mayJoin && isEqual(a.data, b.data))
    return { ...a, box: axes.map((axis) => other.includes(axis) ? once(hull(a.box[axis], b.box[axis])) : a.box[axis]) };
  const both = makeSet(a.shape, axes.map((axis) => other.includes(axis) ? hull(a.box[axis], b.box[axis]) : a.box[axis]));
  for (const part of [a, b]) {
    const ranges = axes.map((axis) => both.box[axis].isOnce ? storedOf(both.box[axis]) : part.box[axis]);
    const from = placesOf(part, axes, ranges), to = placesOf(both, axes, ranges);
    for (let at = 0; at < to.length; ++at) both.data[to[at]] |= part.data[from[at]];
  }
  return compressed(both);
}

/** The part of a set in `count` coordinates from the stored one at `at` on, with a new range for the axis. */
function cut(set, axis, at, range) {
  const stored = storedExtents(set.box), inner = product(stored.slice(axis + 1));
  const part = makeSet(set.shape, set.box.map((own, other) => other === axis ? range : own));
  const length = storedOf(range).count * inner;
  for (let from = at * inner, to = 0; to < part.data.length; from += stored[axis] * inner, to += length)
    part.data.set(set.data.subarray(from, from + length), to);
  return part;
}

/** The same set, along one axis no farther than it holds something, and once where all there agree. */
function compressedAlong(set, axis) {
  const { first, count } = set.box[axis], inner = product(storedExtents(set.box).slice(axis + 1));
  const every = (at, holds) => {
    for (let outer = 0; outer < set.data.length; outer += count * inner)
      for (let i = outer; i < outer + inner; ++i) if (!holds(set.data[i + at * inner], set.data[i + low * inner])) return false;
    return true;
  };
  const isEmpty = (at) => every(at, (is) => !is);
  let low = 0, end = count;
  while (low < end && isEmpty(low)) ++low;
  if (low === end) return null;
  while (isEmpty(end - 1)) --end;
  let alike = low + 1;
  while (alike < end && every(alike, (is, atLow) => is === atLow)) ++alike;
  const range = { first: first + low, count: end - low, isOnce: alike === end };
  return isSameRange(range, set.box[axis]) ? set : cut(set, axis, low, range);
}

function compressed(set) {
  if (!set.data.includes(1)) return null;
  for (const axis of allAxes(set.shape))
    if (!set.box[axis].isOnce) set = compressedAlong(set, axis);
  return set;
}

function isSame(a, b) {
  if (!a || !b || a === b) return a === b;
  return a.box.every((range, axis) => isSameRange(range, b.box[axis])) && isEqual(a.data, b.data);
}

/** What a set holds at one coordinate of an axis, without that axis. */
function sliceOf(set, axis, coordinate) {
  const range = set && set.box[axis];
  if (!set || coordinate < range.first || coordinate >= endOf(range)) return null;
  const { data } = cut(set, axis, range.isOnce ? 0 : coordinate - range.first, wholeAxis(1));
  const without = (list) => list.filter((_, other) => other !== axis);
  return compressed({ shape: without(set.shape), box: without(set.box), data });
}

/** Slices at all coordinates of an axis of `shape`, in order, as one set. */
function stacked(slices, axis, shape) {
  const distinct = [...new Set(slices)].filter((slice) => slice);
  if (!distinct.length) return null;
  const first = slices.findIndex((slice) => slice), count = slices.findLastIndex((slice) => slice) + 1 - first;
  const rest = allAxes(shape).filter((other) => other !== axis), own = allAxes(rest);
  const ranges = own.map((at) => distinct.map((slice) => slice.box[at]).reduce((a, b) => isSameRange(a, b) ? a : hull(a, b)));
  const box = [...ranges.slice(0, axis), each({ first, count }), ...ranges.slice(axis)];
  const whole = makeSet(shape, box), step = stepsOf(storedExtents(box))[axis];
  const copies = new Map(distinct.map((slice) => {
    const parts = own.map((at) => ranges[at].isOnce ? storedOf(ranges[at]) : slice.box[at]);
    return [slice, { from: placesOf(slice, own, parts), to: placesOf(whole, rest, parts) }];
  }));
  for (let at = 0; at < count; ++at) {
    const slice = slices[first + at];
    if (!slice) continue;
    const { from, to } = copies.get(slice);
    for (let i = 0; i < to.length; ++i) whole.data[to[i] + at * step] = slice.data[from[i]];
  }
  return compressed(whole);
}
