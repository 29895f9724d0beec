// What the page shows, and what a click does.

const colour = { seen: "#2f6fb2", output: "#e8912d", blind: "#d1495b", leak: "#7b2d8b", allowed: "#eae6da",
                 future: "#c9ccd3", unread: "#eeede8", unit: "#3d8f6f", grid: "rgba(255, 255, 255, .75)" };

function canvasOf(width, height) {
  const canvas = document.createElement("canvas"), scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return { canvas, pen };
}

/** Seen and unseen shares of a layer, as a colour between the two. */
function blend(share) {
  const mix = (a, b) => Math.round(a + (b - a) * share);
  return share === 0 ? colour.unread : `rgb(${mix(190, 47)}, ${mix(212, 111)}, ${mix(235, 178)})`;
}

/** What a layer whose elements have no positions is: how many, and how many of them the position reads. */
function unitsText(field, shares) {
  const read = shares.filter((share) => share > 0).length;
  const reader = `${graph.output.name}[${positionOf(field.number).join(", ")}]`;
  return `${shares.length} unit${shares.length === 1 ? "" : "s"}, of which ${reader} reads ${read || "none"}`;
}

/** For each cell of a layer's grid, which share of its elements the position reads. */
function sharesOf(field, value, axes) {
  const shape = graph.shapes[value], set = field.sets.get(value);
  const shares = new Float32Array(product(axes.map((axis) => shape[axis])));
  if (!set) return shares;
  const rest = allAxes(shape).filter((axis) => !axes.includes(axis)), stored = rest.map((axis) => storedOf(set.box[axis]));
  const ranges = axes.map((axis) => set.box[axis]), cells = numbersIn(shape, axes, ranges), inside = placesOf(set, rest, stored);
  // How many elements, of all at a cell, one of those that are stored stands for.
  const each = product(rest.map((axis, at) => set.box[axis].count / stored[at].count / shape[axis]));
  placesOf(set, axes, ranges).forEach((place, at) => {
    let some = 0;
    for (const offset of inside) some += set.data[place + offset];
    shares[cells[at]] = some * each;
  });
  return shares;
}

const isLeak = (field, number) => field.seen[number] && rankOf(number) > field.limit + graph.ahead;

function inputColour(field, number) {
  if (isLeak(field, number)) return colour.leak;
  if (number === field.number) return colour.output;
  if (field.seen[number]) return colour.seen;
  if (field.blind[number]) return colour.blind;
  return rankOf(number) <= field.limit ? colour.allowed : colour.future;
}

/** The input's positions as a grid; a third ordered axis splits each cell into columns. */
function drawInputGrid(field) {
  const [rows, columns] = extents, parts = product(extents.slice(2));
  const cell = Math.max(3, Math.min(22, Math.floor(Math.min(760 / columns, 560 / rows))));
  const { canvas, pen } = canvasOf(columns * cell, rows * cell);
  const gap = cell >= 6 ? 1 : 0;
  for (let row = 0; row < rows; ++row)
    for (let column = 0; column < columns; ++column)
      for (let part = 0; part < parts; ++part) {
        const number = (row * columns + column) * parts + part, width = (cell - gap) / parts;
        pen.fillStyle = inputColour(field, number);
        pen.fillRect(column * cell + part * width, row * cell, width, cell - gap);
        if (field.blind[number]) hatch(pen, column * cell + part * width, row * cell, width, cell - gap);
        if (number === field.number) frame(pen, column * cell + part * width, row * cell, width, cell - gap);
      }
  canvas.onclick = (event) => {
    const column = Math.floor(event.offsetX / cell), row = Math.floor(event.offsetY / cell);
    const part = Math.floor((event.offsetX % cell) / (cell / parts));
    show((row * columns + column) * parts + Math.min(part, parts - 1));
  };
  return canvas;
}

function frame(pen, x, y, width, height) {
  pen.strokeStyle = colour.output;
  pen.lineWidth = 2;
  pen.strokeRect(x + 1, y + 1, width - 2, height - 2);
}

/** The cells of a layer's picture on the path that breaks the contract, at the position that it starts from. */
function leakingCells(field, layer) {
  if (!graph.leak || numberOf(graph.leak.reader) !== field.number) return [];
  const shape = graph.shapes[layer.value];
  return graph.leak.path.filter((step) => step.value === layer.value)
      .map((step) => layer.grid.reduce((cell, axis) => cell * shape[axis] + step.element[axis], 0));
}

function hatch(pen, x, y, width, height) {
  if (height < 6) return;
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  pen.strokeStyle = "rgba(255, 255, 255, .7)";
  pen.beginPath();
  for (let at = -height; at < width; at += 5) {
    pen.moveTo(x + at, y + height);
    pen.lineTo(x + at + height, y);
  }
  pen.stroke();
  pen.restore();
}

/** A layer as a small grid: two axes, or one that counts the positions of a grid. */
function drawLayerGrid(field, layer) {
  const shape = graph.shapes[layer.value], shares = sharesOf(field, layer.value, layer.grid);
  let [rows, columns] = layer.units ? [shares.length] : layer.grid.map((axis) => shape[axis]);
  if (columns === undefined) {
    columns = !layer.units && rows % extents[1] === 0 ? extents[1] : Math.ceil(Math.sqrt(rows || 1));
    rows = Math.ceil((rows || 1) / columns);
  }
  const cell = Math.max(2, Math.min(14, Math.floor(Math.min(168 / columns, 168 / rows))));
  const { canvas, pen } = canvasOf(columns * cell, rows * cell);
  const gap = cell >= 5 ? 1 : 0;
  shares.forEach((share, at) => {
    pen.fillStyle = layer.units && share > 0 ? colour.unit : blend(share);
    pen.fillRect(at % columns * cell, Math.floor(at / columns) * cell, cell - gap, cell - gap);
  });
  pen.fillStyle = colour.leak;
  for (const at of leakingCells(field, layer))
    pen.fillRect(at % columns * cell, Math.floor(at / columns) * cell, cell - gap, cell - gap);
  if (layer.units) return canvas;
  const [row, column] = positionOf(field.number);
  if (rows === extents[0] && columns === extents[1])
    frame(pen, column * cell, row * cell, cell - gap, cell - gap);
  canvas.onclick = (event) => {
    const x = Math.floor(event.offsetX / cell / columns * extents[1]);
    const y = Math.floor(event.offsetY / cell / rows * extents[0]);
    show(numberOf([y, x, ...extents.slice(2).map(() => 0)]));
  };
  return canvas;
}

/** Which axes of the input run where in the picture. */
function axesLine() {
  const line = document.createElement("div"), ways = extents.length > 1 ? ["down", "to the right", "within a cell"] : ["to the right"];
  line.className = "axes";
  line.textContent = graph.input.axisNames
      .map((name, at) => `${name} of ${graph.input.name} (${extents[at]}) ${ways[Math.min(at, ways.length - 1)]}`).join(", ");
  return line;
}

function gridView(field) {
  document.getElementById("input").replaceChildren(axesLine(), drawInputGrid(field));
  document.getElementById("heading").textContent =
      "Step by step, from the output down: what the position reads of each layer";
  const layers = graph.layers.slice().reverse(), isRead = (layer) => field.sets.has(layer.value);
  document.getElementById("layers").replaceChildren(...layers.filter(isRead).map((layer) => {
    const card = document.createElement("div");
    card.className = "card";
    const name = document.createElement("div"), place = document.createElement("div");
    name.className = "name";
    name.textContent = layer.name === layer.op ? layer.op : `${layer.name} (${layer.op})`;
    place.className = "place";
    place.textContent = layer.place || "\u00a0";
    if (layer.units) place.textContent += ` \u00b7 ${unitsText(field, sharesOf(field, layer.value, layer.grid))}`;
    card.append(name, place, drawLayerGrid(field, layer));
    return card;
  }));
  const others = layers.filter((layer) => !isRead(layer));
  document.getElementById("others").textContent = others.length
      ? `Nothing is read of ${others.map((layer) => layer.name).join(", ")}.` : "";
}

/** A sequence: a row for each layer, output above, input below, over the columns that matter. */
function sequenceView(field) {
  const columns = extents[0], labelWidth = 250, rowHeight = 17;
  const low = Math.min(field.number, field.low[0]), high = Math.max(field.number, field.high[0]);
  const margin = Math.max(4, Math.ceil((high - low + 1) * .06));
  const first = Math.max(0, low - margin), last = Math.min(columns - 1, high + margin);
  const rows = [...graph.layers.map((layer) => ({ ...layer })).reverse()];
  const height = (rows.length + 2) * rowHeight + 26;
  // The names stay where they are while the columns are scrolled.
  const { canvas: names, pen: namePen } = canvasOf(labelWidth, height);
  names.className = "names";
  namePen.font = "11.5px system-ui, 'DejaVu Sans', sans-serif";
  // What stands behind the columns: the end of the last number below them, or texts about units.
  const numberWidth = Math.ceil(namePen.measureText(String(last)).width) + 8;
  const textWidth = rows.some((layer) => layer.units) ? 300 : numberWidth;
  const cell = Math.min(20, (1012 - textWidth) / (last - first + 1));
  const width = (last - first + 1) * cell + 3;
  const { canvas, pen } = canvasOf(width + textWidth, height);
  pen.font = namePen.font;
  pen.textBaseline = namePen.textBaseline = "middle";
  const gap = cell >= 5 ? 1 : 0;
  /**
   * Columns [from, end) in one colour, from the pixel `free` on, at whole pixels: neighbours of one colour
   * must not show stripes between them. Where they are narrower, what is read hides what is not. Returns where it ends.
   */
  const bar = (row, from, end, fill, free = 0) => {
    const start = Math.round((from - first) * cell), left = Math.max(start, free);
    const least = fill === colour.output || fill === colour.leak ? 3 : fill === colour.unread ? 0 : 1;
    const right = Math.max(Math.round((end - first) * cell) - gap, start + least);
    pen.fillStyle = fill;
    if (right > left) pen.fillRect(left, row * rowHeight, right - left, rowHeight - 2);
    return Math.max(right, free);
  };
  /** All columns, by what is known of each; neighbours of which the same is known as one bar, where no gap is between them. */
  const bars = (row, knownAt, colourOf) => {
    for (let at = first, end, free = 0; at <= last; at = end) {
      const known = knownAt(at);
      for (end = at + 1; !gap && end <= last && knownAt(end) === known;) ++end;
      free = bar(row, at, end, colourOf(known), free);
    }
  };
  const label = (row, text) => {
    namePen.fillStyle = "#1d2433";
    namePen.fillText(text, 0, row * rowHeight + rowHeight / 2 - 1, labelWidth - 12);
  };
  /** Units have no positions: they stand side by side, lower than what has. */
  const drawUnits = (row, shares, leaking) => {
    const space = Math.max(120, (last - first + 1) * cell), unit = Math.min(rowHeight - 6, space / shares.length);
    shares.forEach((share, at) => {
      pen.fillStyle = leaking.includes(at) ? colour.leak : share > 0 ? colour.unit : colour.future;
      pen.fillRect(at * unit, row * rowHeight + 4, unit >= 5 ? unit - 1 : unit, rowHeight - 10);
    });
    pen.fillStyle = "#6b7487";
    pen.fillText(unitsText(field, shares), shares.length * unit + 8, row * rowHeight + rowHeight / 2 - 1);
  };
  label(0, graph.output.name);
  bars(0, () => colour.unread, (fill) => fill);
  bar(0, field.number, field.number + 1, colour.output);
  rows.forEach((layer, row) => {
    label(row + 1, `${layer.name === layer.op ? layer.op : layer.name}  ${layer.place.split("/").pop()}`);
    const extent = product(layer.grid.map((axis) => graph.shapes[layer.value][axis]));
    const shares = sharesOf(field, layer.value, layer.grid);
    if (layer.units) { drawUnits(row + 1, shares, leakingCells(field, layer)); return; }
    const ratio = extent / columns;
    bars(row + 1, (at) => {
      let most = 0;
      for (let i = Math.floor(at * ratio); i < Math.max(Math.floor(at * ratio) + 1, (at + 1) * ratio); ++i)
        most = Math.max(most, shares[i] || 0);
      return most;
    }, blend);
    for (const at of leakingCells(field, layer).map((cell) => Math.floor(cell / ratio))) bar(row + 1, at, at + 1, colour.leak);
    if (ratio === 1 && cell >= 6)
      frame(pen, (field.number - first) * cell, (row + 1) * rowHeight, cell - gap, rowHeight - 2);
  });
  label(rows.length + 1, graph.input.name);
  bars(rows.length + 1, (at) => inputColour(field, at), (fill) => fill);
  pen.fillStyle = "#6b7487";
  const least = Math.max(1, (last - first + 1) / 12), power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((times) => times * power).find((candidate) => candidate >= least);
  const tick = (at) => pen.fillText(String(at), (at - first) * cell, (rows.length + 2) * rowHeight + 8);
  // The last column has its number, too, and those that would run into it have none.
  for (let at = Math.ceil(first / step) * step; (last - at) * cell > numberWidth; at += step) tick(at);
  tick(last);
  canvas.onclick = (event) => {
    const at = first + Math.floor(event.offsetX / cell);
    if (at >= 0 && at < columns) show(at);
  };
  const view = document.getElementById("input");
  const both = document.createElement("div");
  both.className = "sequence";
  both.append(names, canvas);
  const axes = axesLine();
  if (first > 0 || last < columns - 1)
    axes.textContent += `; shown are ${first} to ${last}, beyond which nothing is read`;
  view.replaceChildren(axes, both);
  // A long sequence may be wider than the window: no farther than the position shows, and the number below it.
  view.scrollLeft = Math.max(0, labelWidth + (field.number - first) * cell + numberWidth + 16 - view.clientWidth);
  document.getElementById("heading").textContent = "";
}

// ---- The page. ----

const text = (position) => `[${position.join(", ")}]`;
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** The verdict, and the path that breaks the contract. */
function tellVerdict() {
  const verdict = document.getElementById("verdict");
  verdict.textContent = `${graph.verdict}. ${graph.orderText ? `${sentence(graph.orderText)} ` : ""}${sentence(graph.lookAhead)}`;
  if (!graph.leak) return;
  verdict.className = "broken";
  const path = document.createElement("ol");
  for (const step of graph.leak.path) {
    if (!step.moves && !step.blamed) continue;
    const item = document.createElement("li");
    item.textContent = `${step.text}: element ${text(step.element)} reads ${text(step.reads)}`;
    item.className = step.blamed ? "blamed" : "";
    path.append(item);
  }
  const reader = document.createElement("a");
  Object.assign(reader, { href: "#", textContent: `${graph.leak.text}.` });
  reader.onclick = (event) => { event.preventDefault(); show(numberOf(graph.leak.reader)); };
  document.getElementById("leak").append(reader, path);
}

function show(number) {
  const field = fieldOf(number), position = positionOf(number);
  let leaks = 0;
  for (let at = 0; at < count; ++at) leaks += isLeak(field, at) ? 1 : 0;
  const against = leaks ? `, <strong>${leaks}</strong> of them against the contract` : "";
  const box = field.seenCount ? `, from ${text(field.low)} to ${text(field.high)}` : "";
  document.getElementById("summary").innerHTML =
      `<strong>${graph.output.name}${text(position)}</strong> sees <strong>${field.seenCount}</strong> ` +
      `position${field.seenCount === 1 ? "" : "s"} of ` +
      `${graph.input.name}${box}${against}; ` + (field.blindCount
        ? `its blind spot has <strong>${field.blindCount}</strong>: generated before, within that box, and not seen.`
        : "it has no blind spot.") + " Click a position to see its field.";
  position.forEach((at, axis) => { document.getElementById("choice").elements[axis].value = at; });
  (extents.length > 1 ? gridView : sequenceView)(field);
}

function start() {
  document.title = document.getElementById("title").textContent =
      `${graph.model}: what ${graph.output.name === "output" ? "an output" : graph.output.name} sees of ${graph.input.name}`;
  tellVerdict();
  document.getElementById("memory").textContent = sentence(graph.memory);
  const key = [["output", "the output's own position"], ["seen", "seen"], ["blind", "blind spot"],
               ["leak", "seen against the contract; in a layer, on the path that leads there"], ["allowed", "out of reach"], ["future", "generated later"]];
  if (graph.layers.some((layer) => layer.units))
    key.push(["unit", "unit of a dense layer that the output reads: it has no position of its own"]);
  document.getElementById("key").innerHTML =
      key.map(([name, what]) => `<span><i style="background:${colour[name]}"></i>${what}</span>`).join("");
  const form = document.getElementById("choice");
  form.append("position");
  extents.forEach((extent) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "number", min: 0, max: extent - 1 });
    form.append(field);
  });
  form.onchange = form.onsubmit = (event) => {
    event.preventDefault();
    const position = extents.map((extent, axis) =>
        Math.max(0, Math.min(extent - 1, Math.round(Number(form.elements[axis].value)) || 0)));
    show(numberOf(position));
  };
  show(numberOf(graph.at));
}

start();
