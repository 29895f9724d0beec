// page_fields.js PAGE ARGUMENTS...: what the page computes at several positions, against what
// `quern causal ARGUMENTS... --json` finds there.
"use strict";
const { spawnSync } = require("child_process"), fs = require("fs");

const [page, ...model] = process.argv.slice(2), html = fs.readFileSync(page, "utf8");
const graphText = html.match(/<script type="application\/json" id="graph">([^]*?)<\/script>/)[1];
const script = html.match(/<script>([^]*)\nstart\(\);\s*<\/script>/)[1];
const { fieldOf, positionOf, count } = new Function("document", `${script}; return { fieldOf, positionOf, count };`)(
    { getElementById: () => ({ textContent: graphText }) });

function foundAt(position) {
  const { stdout, stderr } = spawnSync("quern", ["causal", ...model, "--at", position.join(), "--json"],
                                       { encoding: "utf8", maxBuffer: 1 << 30 });
  if (!stdout) throw new Error(stderr);
  const { receptive_field: field, blind_spot: blind } = JSON.parse(stdout);
  return { seen: field.positions.join(" "), blind: blind.positions.join(" ") };
}

const listed = (marks) => [...marks.keys()].filter((number) => marks[number]).map(positionOf).join(" ");
const chosen = [0, 1, Math.floor(count / 3), Math.floor(count / 2), count - 2, count - 1];
for (const number of new Set(chosen)) {
  const { seen, blind } = fieldOf(number), position = positionOf(number), found = foundAt(position);
  if (listed(seen) !== found.seen || listed(blind) !== found.blind)
    throw new Error(`at ${position} the page finds ${listed(seen)}\nand ${listed(blind)}, and quern ${found.seen}\nand ${found.blind}`);
}
console.log(`${model[0].split("/").pop()}: the same at ${new Set(chosen).size} positions`);
