// What a set of a result's elements reads of an operand (as scatterMax of passes/causal), and what an
// output reads of everything before it.

const axesIn = ([first, count]) => upTo(count).map((at) => first + at);

/** What all elements along axes of the result that the read does not depend on want together. */
function withoutUnreadAxes(read, mask, set) {
  const isRead = (axis) => mask.axes.includes(axis) || read.maps.some((map) => axesIn(map.result).includes(axis));
  const axes = allAxes(set.shape), less = makeSet(set.shape, set.box.map((range, axis) => isRead(axis) ? range : once(range)));
  placesOf(less, axes, set.box.map(storedOf)).forEach((place, at) => { less.data[place] |= set.data[at]; });
  return less;
}

/** Which element along its operand's axes, of so many, one of the result reads through a tap of a map; -1 for none. */
function sourceOf(map, result, tap, elements) {
  if (map.table) return map.table[result * map.taps + tap];
  const [stride, dilation, offset] = map.affine, at = result * stride + tap * dilation + offset;
  return at >= 0 && at < elements ? at : -1;
}

/** What elements of the result read through a map: [elements][taps]. */
function sourcesOf(map, results, elements) {
  const sources = new Int32Array(results.length * map.taps);
  let at = 0;
  for (const result of results)
    for (let tap = 0; tap < map.taps; ++tap) sources[at++] = sourceOf(map, result, tap, elements);
  return sources;
}

/** Which of `elements` are among the sources, ascending. */
function distinctOf(sources, elements) {
  const isSource = new Uint8Array(elements), distinct = [];
  for (const source of sources) if (source >= 0) isSource[source] = 1;
  isSource.forEach((is, element) => { if (is) distinct.push(element); });
  return Int32Array.from(distinct);
}

/** For each of some axes of a shape, the coordinate along it of an element numbered over them. */
function coordinatesOver(shape, axes) {
  const extents = axes.map((axis) => shape[axis]), steps = stepsOf(extents);
  return axes.map((_, at) => (number) => Math.floor(number / steps[at]) % extents[at]);
}

/** The range of what is read along each of a map's axes of the operand; of none, where that is nothing. */
function rangesOf(sources, coordinates) {
  return coordinates.map((coordinateOf) => {
    let low = Infinity, high = -1;
    for (const source of sources) {
      if (source < 0) continue;
      const coordinate = coordinateOf(source);
      if (coordinate < low) low = coordinate;
      if (coordinate > high) high = coordinate;
    }
    return { first: low, count: Math.max(0, high - low + 1), isOnce: false };
  });
}

/** Whether each element of the result reads the one at its own place, along one axis of either. */
function isInPlace({ affine, taps, result, operand }, shape, operandShape) {
  return result[1] === 1 && operand[1] === 1 && shape[result[0]] === operandShape[operand[0]] &&
      affine && taps === 1 && affine[0] === 1 && affine[2] === 0;
}

/**
 * How a map is swept: the ranges of what the wanted elements read along its axes of the operand, and a
 * loop over what reads what; none where all read all of that, or the result's data are the operand's.
 */
function planOf(map, isTied, result, operandShape) {
  const resultAxes = axesIn(map.result), axes = axesIn(map.operand), ranges = resultAxes.map((axis) => result.box[axis]);
  const agrees = !isTied && ranges.every((range) => range.isOnce);
  if (agrees && isInPlace(map, result.shape, operandShape)) return { axes, ranges };
  const elements = product(axes.map((axis) => operandShape[axis])), coordinates = coordinatesOver(operandShape, axes);
  const sources = sourcesOf(map, numbersIn(result.shape, resultAxes, ranges), elements);
  const read = rangesOf(sources, coordinates), plan = { axes, ranges: read, coordinates };
  if (!agrees) return { ...plan, loop: { taps: map.taps, results: placesOf(result, resultAxes, ranges), sources } };
  const distinct = distinctOf(sources, elements);
  if (distinct.length === product(read.map(({ count }) => count))) return { axes, ranges: read.map(once) };
  return { ...plan, loop: { taps: distinct.length, results: [0], sources: distinct } };
}

/** Where each source of a plan lies in the operand's set; -1 for none. */
function operandPlaces({ axes, coordinates, loop }, operand) {
  const steps = stepsOf(storedExtents(operand.box));
  return loop.sources.map((source) => source < 0 ? -1 : axes.reduce((place, axis, at) =>
      place + (coordinates[at](source) - operand.box[axis].first) * steps[axis], 0));
}

/** The result's set as the operand's, where all axes along which it differs are read in place and in order; else null. */
function passedOn(read, result, operandShape) {
  const box = operandShape.map(() => null), differing = read.maps.filter((map) => axesIn(map.result).some((axis) => !result.box[axis].isOnce));
  const isInOrder = differing.sort((a, b) => a.result[0] - b.result[0])
      .every((map, at) => isInPlace(map, result.shape, operandShape) && (at === 0 || differing[at - 1].operand[0] < map.operand[0]));
  if (read.mask || !isInOrder) return null;
  for (const map of read.maps) {
    const plan = differing.includes(map) ? null : planOf(map, false, result, operandShape);
    if (plan && plan.loop) return null;
    axesIn(map.operand).forEach((axis, at) => { box[axis] = plan ? plan.ranges[at] : result.box[map.result[0]]; });
  }
  return box.every(({ count }) => count) ? { shape: operandShape, box, data: result.data } : null;
}

function scattered(read, wanted, operandShape) {
  if (read.comparison) return scatteredCompared(read, wanted, operandShape);
  if (read.admitted) return scatteredAdmitted(read, wanted, operandShape);
  const mask = read.mask || { axes: [], maps: [], runs: [0, 1] };
  const result = withoutUnreadAxes(read, mask, wanted), passed = passedOn(read, result, operandShape);
  if (passed) return passed;
  const box = operandShape.map(() => null), plans = read.maps.map((map, number) => {
    // Along which axis of the mask's rows the map runs: its coordinate there is that of the row.
    const row = map.result[1] === 1 ? mask.axes.indexOf(map.result[0]) : -1, place = mask.maps.indexOf(number);
    const plan = planOf(map, row >= 0 || place >= 0, result, operandShape);
    plan.axes.forEach((axis, at) => { box[axis] = plan.ranges[at]; });
    return { ...plan, row, place };
  });
  if (!box.every(({ count }) => count)) return null;
  const operand = makeSet(operandShape, box);
  const loops = plans.filter((plan) => plan.loop)
      .map((plan) => ({ ...plan.loop, operands: operandPlaces(plan, operand), row: plan.row, place: plan.place, kept: 0 }));
  let width = 1;
  for (let place = mask.maps.length - 1; place >= 0; --place) {
    const loop = loops.find((candidate) => candidate.place === place);
    loop.kept = width;
    width *= loop.taps;
  }
  sweepPairs(loops, rowsOf(mask, result, width, loops.some((loop) => loop.row >= 0)), result, operand);
  return compressed(operand);
}

/** Marks what each row of the mask, through the taps that it keeps, reads for those of the result that are wanted. */
function sweepPairs(loops, rows, result, operand) {
  const open = upTo(loops.length).filter((at) => loops[at].row < 0 && loops[at].results.length > 1), tap = loops.map(() => 0);
  function coordinates(at, r, o) {
    if (at === open.length) { if (result.data[r]) operand.data[o] = 1; return; }
    const { results, operands, taps } = loops[open[at]], t = tap[open[at]];
    for (let i = 0; i < results.length; ++i) {
      const source = operands[i * taps + t];
      if (source >= 0) coordinates(at + 1, r + results[i], o + source);
    }
  }
  function taps(at, row, kept, o) {
    if (at === loops.length) { if (row.kept[kept]) coordinates(0, row.result, o); return; }
    const loop = loops[at], isOpen = open.includes(at);
    for (let t = 0; t < loop.taps; ++t) {
      tap[at] = t;
      const source = isOpen ? 0 : loop.operands[(loop.row < 0 ? 0 : row.index[loop.row]) * loop.taps + t];
      if (source >= 0) taps(at + 1, row, kept + t * loop.kept, o + source);
    }
  }
  for (const row of rows) taps(0, row, 0, 0);
}

/** The mask's rows that are wanted; those whose results agree become one, which keeps what any does. */
function rowsOf(mask, result, width, areTied) {
  const ranges = mask.axes.map((axis) => result.box[axis]), steps = stepsOf(ranges.map(({ count }) => count));
  const places = placesOf(result, mask.axes, ranges), numbers = numbersIn(result.shape, mask.axes, ranges);
  const others = allAxes(result.shape).filter((axis) => !mask.axes.includes(axis));
  const inside = placesOf(result, others, others.map((axis) => storedOf(result.box[axis])));
  const rows = new Map(), kept = keptOf(mask);
  places.forEach((place, at) => {
    let content = "";
    for (const offset of inside) content += result.data[place + offset];
    if (!content.includes("1")) return;
    const key = areTied ? at : content;
    if (!rows.has(key))
      rows.set(key, { result: place, kept: new Uint8Array(width),
                      index: ranges.map(({ count }, axis) => Math.floor(at / steps[axis]) % count) });
    const row = rows.get(key);
    for (let i = 0; i < width; ++i) row.kept[i] |= kept[numbers[at] * width + i];
  });
  return rows.values();
}

/** Each combination's 0 or 1, of the lengths of runs of them in turn. */
function keptOf(mask) {
  if (!mask.kept) {
    mask.kept = new Uint8Array(mask.runs.reduce((a, b) => a + b, 0));
    let at = 0;
    mask.runs.forEach((length, number) => { mask.kept.fill(number % 2, at, at += length); });
  }
  return mask.kept;
}

/**
 * What is read through a map whose taps are keys, where that follows from which of `count` elements are
 * wanted if the map, by `direct`, has these along the result's axis instead: `spread` is called for
 * each line, to ask for elements and to mark keys.
 */
function spreadOverKeys(read, { axis, map }, direct, count, wanted, operandShape, spread) {
  const along = read.maps[map].operand[0], maps = read.maps.slice(), shape = operandShape.slice();
  maps[map] = { operand: read.maps[map].operand, result: [axis, 1], taps: 1, ...direct };
  shape[along] = count;
  const from = scattered({ maps }, wanted, shape);
  if (!from) return null;
  const keys = each(wholeAxis(operandShape[along])), range = from.box[along];
  const operand = makeSet(operandShape, from.box.map((own, at) => at === along ? keys : own));
  const others = allAxes(shape).filter((other) => other !== along), lines = others.map((other) => storedOf(from.box[other]));
  const elements = placesOf(from, [along], [range]), places = placesOf(operand, [along], [keys]);
  const operandLines = placesOf(operand, others, lines);
  placesOf(from, others, lines).forEach((line, at) => spread(
      (element) => element >= range.first && element < endOf(range) && from.data[line + elements[element - range.first]],
      (key) => { operand.data[operandLines[at] + places[key]] = 1; }));
  return compressed(operand);
}

/** Under a mask that compares: in the order of the keys, a row reads all up to the last that it is admitted to. */
function scatteredCompared(read, wanted, operandShape) {
  const { comparison } = read, { taps, table } = comparison.byLast ||= lastKeys(comparison);
  return spreadOverKeys(read, comparison, { table }, taps.length, wanted, operandShape, (isLast, mark) => {
    let isRead = 0;
    for (let at = taps.length - 1; at >= 0; --at)
      if (isRead ||= isLast(at)) mark(taps[at]);
  });
}

/** The taps in the order of their keys, and for each row the last in that order that it is admitted to. */
function lastKeys({ keys, limits }) {
  const numbers = numbersOf(keys), taps = upTo(numbers.length);
  if (Array.isArray(keys)) taps.sort((a, b) => numbers[a] - numbers[b]);
  const sorted = taps.map((tap) => numbers[tap]);
  return { taps, table: numbersOf(limits).map((limit) => countUpTo(sorted, limit) - 1) };
}

const numbersOf = (numbers) => Array.isArray(numbers) ? numbers : upTo(numbers.count).map((at) => numbers.first + at);

/** How many of ascending numbers are at most `limit`. */
function countUpTo(sorted, limit) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= limit) low = middle + 1; else high = middle;
  }
  return low;
}

/** Under a mask that admits each row to runs of keys. */
function scatteredAdmitted(read, wanted, operandShape) {
  const { admitted } = read, rows = admitted.rows, keys = operandShape[read.maps[admitted.map].operand[0]];
  return spreadOverKeys(read, admitted, { affine: [1, 0, 0] }, rows.length, wanted, operandShape, (isWanted, mark) => {
    // How many runs begin at a key, less those that end.
    const changes = new Int32Array(keys + 1);
    rows.forEach((row, query) => {
      if (!isWanted(query)) return;
      for (const [first, length, period, count] of row)
        for (let run = 0; run < count; ++run) {
          ++changes[first + run * period];
          --changes[first + run * period + length];
        }
    });
    for (let key = 0, runs = 0; key < keys; ++key)
      if ((runs += changes[key])) mark(key);
  });
}

// ---- From an output back to all that it reads. ----

function unite(sets, value, set) {
  const both = union(sets.get(value), set);
  if (both) sets.set(value, both);
}

function sweepOps(ops, sets) {
  for (let i = ops.length - 1; i >= 0; --i) {
    const op = ops[i];
    if (op.steps) { sweepScan(op, sets); continue; }
    const wanted = sets.get(op.result);
    if (!wanted) continue;
    for (const read of op.reads) unite(sets, read.value, scattered(read, wanted, graph.shapes[read.value]));
  }
}

/** What one step of a scan reads of its arguments, for what is wanted of its results. */
function sweptStep(scan, wanted) {
  const inside = new Map();
  scan.yields.forEach((value, i) => unite(inside, value, wanted[i]));
  sweepOps(scan.body, inside);
  return scan.arguments.map((value) => inside.get(value) || null);
}

function sweepScan(scan, sets) {
  if (!scan.results.some((value) => sets.has(value))) return;
  const sequences = scan.sequences.length, afterCarried = sequences + scan.inits.length;
  const elements = scan.sequences.map(() => new Array(scan.steps).fill(null));
  const end = Math.max(...scan.results.map((value, i) => sets.has(value) ? endOf(sets.get(value).box[scan.resultAxes[i]]) : 0));
  let carried = scan.inits.map(() => null), last = null, read = null;
  for (let step = end - 1; step >= 0; --step) {
    const wanted = carried.map((set, i) => union(set, sliceOf(sets.get(scan.results[i]), scan.resultAxes[i], step)));
    // A step of which the same is wanted as of the one before reads the same.
    if (!last || !wanted.every((set, i) => isSame(set, last[i]))) {
      read = sweptStep(scan, wanted);
      scan.invariants.forEach((value, i) => unite(sets, value, read[afterCarried + i]));
    }
    last = wanted;
    elements.forEach((slices, i) => { slices[step] = read[i]; });
    carried = read.slice(sequences, afterCarried);
  }
  scan.sequences.forEach((value, i) => unite(sets, value, stacked(elements[i], scan.axes[i], graph.shapes[value])));
  scan.inits.forEach((value, i) => unite(sets, value, carried[i]));
}

// ---- The field of one position. ----

const extents = graph.extents, count = product(extents);
const numberOf = (position) => position.reduce((number, at, axis) => number * extents[axis] + at, 0);
const rankOf = (number) => graph.order.length ? graph.order[number] : number;
const positionOf = (number) => stepsOf(extents).map((step, axis) => Math.floor(number / step) % extents[axis]);

/** The elements of the output at a position: several along an axis that is a multiple of the input's. */
function outputAt(number) {
  const shape = graph.shapes[graph.output.value], box = shape.map(wholeAxis), position = positionOf(number);
  graph.output.axes.forEach((axis, at) => {
    const count = shape[axis] / extents[at];
    box[axis] = once({ first: position[at] * count, count });
  });
  return { shape, box, data: Uint8Array.of(1) };
}

function fieldOf(number) {
  const sets = new Map([[graph.output.value, outputAt(number)]]);
  sweepOps(graph.ops, sets);
  const seen = new Uint8Array(count), set = sets.get(graph.input.value);
  if (set) {
    const axes = allAxes(set.shape), steps = axes.map(() => 0);
    graph.input.axes.forEach((axis, at) => { steps[axis] = stepsOf(extents)[at]; });
    const ranges = axes.map((axis) => steps[axis] ? set.box[axis] : storedOf(set.box[axis]));
    const numbers = sumsOf(axes.map((axis) => spaced(ranges[axis], steps[axis])));
    placesOf(set, axes, ranges).forEach((place, at) => { seen[numbers[at]] |= set.data[place]; });
  }
  return { number, sets, seen, ...blindSpot(number, seen) };
}

/** Positions that are generated before, lie within the box of those that are seen, and are not. */
function blindSpot(number, seen) {
  const blind = new Uint8Array(count), limit = rankOf(number) - (graph.strict ? 1 : 0);
  const low = extents.slice(), high = extents.map(() => -1);
  let seenCount = 0, blindCount = 0;
  seen.forEach((is, at) => {
    if (!is) return;
    ++seenCount;
    positionOf(at).forEach((x, axis) => {
      low[axis] = Math.min(low[axis], x);
      high[axis] = Math.max(high[axis], x);
    });
  });
  if (!seenCount) return { blind, limit, low, high, seenCount, blindCount };
  for (const at of numbersIn(extents, allAxes(extents), low.map((first, axis) => ({ first, count: high[axis] - first + 1 }))))
    if (!seen[at] && rankOf(at) < rankOf(number)) blindCount += blind[at] = 1;
  return { blind, limit, low, high, seenCount, blindCount };
}
