#include "tools/quern/conv/page/Page.h"

#include "passes/conv/ErrorClaims.h"
#include "tools/quern/Compilation.h"
#include "tools/quern/conv/ConvSummary.h"
#include "tools/quern/conv/page/AlgorithmStyle.h"
#include "tools/quern/conv/page/Plots.h"
#include "tools/quern/conv/page/Svg.h"

#include <fmt/format.h>

#include <regex>

namespace quern::tools {
namespace {

constexpr const char *style = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --soft: #5f6672; --rule: #d9dce1; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e8eb; --soft: #9aa2ad; --rule: #363b43; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 76rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 0.3rem; } h3 { font-size: 1rem; margin: 1rem 0 0; }
p { margin: 0.3rem 0; } .note { color: var(--soft); } .option { white-space: nowrap; }
svg { width: 100%; height: auto; display: block; } .scroll > svg { min-width: 44rem; } svg { font: 13px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .small { font-size: 12px; } svg .tick { fill: var(--soft); font-size: 12px; }
svg .heading { font-weight: 600; } svg .grid { stroke: var(--rule); } svg .curve { fill: none; stroke-width: 2; }
svg .mark { stroke: var(--paper); stroke-width: 0.7; } svg .budget { stroke: var(--ink); stroke-dasharray: 5 4; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 12.5px; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { text-align: right; padding: 0.15rem 0.4rem; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child, td.reason { text-align: left; } tr.reasoned > td { border-bottom: none; }
td.reason { white-space: normal; padding-top: 0; color: var(--soft); }
.reason > div { position: sticky; left: 0; width: fit-content; max-width: calc(min(100vw, 76rem) - 6rem); padding-left: 1rem; }
tr.chosen, tr.sum { font-weight: 600; } summary { cursor: pointer; margin-top: 0.5rem; }
.legend label { display: inline-block; margin-right: 1.2rem; white-space: nowrap; cursor: pointer; }
.legend input { margin: 0 0.3rem 0 0; vertical-align: -2px; } .legend svg { display: inline; width: 13px; vertical-align: -2px; }
)";

/// Text in which options are not broken between lines.
std::string prose(std::string_view text) {
  static const std::regex option("--[a-z]+( [A-Z]+)?");
  return std::regex_replace(escaped(text), option, "<span class=\"option\">$&</span>");
}

std::string legend(const std::vector<ConvLayer> &layers) {
  std::string text = legendHtml(measuredAlgorithms(layers));
  bool leavesOut = llvm::any_of(layers, [](const ConvLayer &layer) {
    return llvm::any_of(layer.records,
                        [](const ConvRecord &r) { return r.isMeasured() && r.isConditional; });
  });
  if (leavesOut)
    text += "<p class=\"note\">Separable convolution is not in the plots: it was timed on filters "
            "made up for it, products of two lines, as trained ones hardly ever are.</p>\n";
  return text;
}

std::string section(const char *title, const char *note, const std::string &content) {
  return content.empty()
             ? ""
             : fmt::format("<h2>{}</h2>\n<p class=\"note\">{}</p>\n{}", title, note, content);
}

/// The columns of figures, besides the algorithm's.
constexpr const char *figures[] = {"median ms", "spread",     "GFLOP/s",   "true",
                                   "of peak",   "workspace",  "weights",   "max error",
                                   "claimed",   "mean error", "M products"};

std::string figureCells(const ConvLayer &layer, size_t index) {
  const ConvRecord &record = layer.records[index];
  std::string cells;
  for (const std::string &cell :
       {fmt::format("{:.4g}", record.msMedian),
        record.hasSpread() ? fmt::format("{:.2g}", record.msSpread) : std::string(oneRunText),
        fmt::format("{:.1f}", effectiveGflops(layer, record)),
        fmt::format("{:.1f}", trueGflops(record)), fmt::format("{:.0f} %", 100 * peakShare(record)),
        byteText(record.workspaceBytes), byteText(record.weightBytes),
        fmt::format("{:.1e}", record.maxError),
        layer.claims[index] ? passes::claimText(*layer.claims[index]) : "-",
        fmt::format("{:.1e}", record.meanError),
        fmt::format("{:.4g}", static_cast<double>(record.multiplications) * 1e-6)})
    cells += fmt::format("<td>{}</td>", cell);
  return cells;
}

/// The figures, and below them why it is chosen or not, which stays in sight when they are
/// scrolled.
std::string rowHtml(const ConvLayer &layer, size_t index) {
  const ConvRecord &record = layer.records[index];
  std::string part = partOf(record.algorithm), chosen = layer.chosen == index ? " chosen" : "",
              name = passes::variantText(record.algorithm, record.tile),
              reason = prose(layer.verdictOn(index));
  if (!record.isMeasured())
    return fmt::format("<tr class=\"{}\"><td>{}</td><td colspan=\"{}\" class=\"reason\">"
                       "<div>{}</div></td></tr>\n",
                       part, name, std::size(figures), reason);
  return fmt::format("<tr class=\"reasoned {0}{1}\"><td>{2}</td>{3}</tr>\n<tr class=\"{0}{1}\"><td "
                     "colspan=\"{4}\" class=\"reason\"><div>{5}</div></td></tr>\n",
                     part, chosen, name, figureCells(layer, index), 1 + std::size(figures), reason);
}

std::string tables(const std::vector<ConvLayer> &layers) {
  std::string text;
  for (const ConvLayer &layer : layers) {
    std::string shape = layer.label.empty() ? "" : ": " + layer.shape.text();
    text += fmt::format("<details{}><summary>{}{}</summary><div class=\"scroll\"><table>\n"
                        "<tr><th>algorithm</th>",
                        layers.size() == 1 ? " open" : "", escaped(layer.name()), escaped(shape));
    for (const char *figure : figures)
      text += fmt::format("<th>{}</th>", figure);
    text += "</tr>\n";
    for (size_t index = 0; index < layer.records.size(); ++index)
      text += rowHtml(layer, index);
    text += "</table></div>\n";
    if (layer.isKept())
      text += fmt::format("<p class=\"note\">{}</p>\n", prose(keptText));
    text += "</details>\n";
  }
  return text;
}

/// What the layers take together: empty of one.
std::string summaryHtml(const ConvSetting &setting, const std::vector<ConvLayer> &layers) {
  if (layers.size() == 1)
    return "";
  ConvSummary summary = summarise(setting, layers);
  std::string text = "<div class=\"scroll\"><table>\n<tr><th>layer</th><th>times</th>";
  for (const std::string &title : summary.titles)
    text += fmt::format("<th>{}</th>", title);
  for (const ConvSummary::Row &row : summary.rows) {
    text += fmt::format("</tr>\n<tr{}><td>{}</td><td>{}</td>",
                        &row == &summary.rows.back() ? " class=\"sum\"" : "", escaped(row.name),
                        row.times);
    for (double cell : row.cells)
      text += fmt::format("<td>{}</td>", millisecondsText(cell));
  }
  return text + "</tr>\n</table></div>\n";
}

std::string claimsHtml(const std::vector<Claim> &claims) {
  std::string text;
  for (const Claim &claim : claims) {
    text += fmt::format("<h3>{}</h3>\n<ul>", escaped(claim.statement));
    for (const std::string &finding : claim.findings)
      text += fmt::format("<li>{}</li>", escaped(finding));
    text += "</ul>\n";
  }
  return text;
}

} // namespace

std::string pageHtml(const ConvSetting &setting, const std::vector<ConvLayer> &layers,
                     const std::vector<Claim> &claims) {
  // Layers without names come from ranges of extents.
  bool isRange = llvm::all_of(layers, [](const ConvLayer &layer) { return layer.label.empty(); });
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>Ways to convolve</title>\n"
      "<style>{}{}</style></head><body>\n<h1>Ways to convolve</h1>\n",
      style, algorithmRules());
  page += fmt::format(
      "<p class=\"note\">{}, {}, {}; measured peak {:.1f} GFLOP/s; error budget {:.1e} of "
      "the largest output{}; errors on {}. Compiled by Quern for {}.</p>\n",
      escaped(setting.processor), threadsText(setting.threads), passes::text(setting.element).str(),
      setting.peakGflops, setting.budgets.maxError,
      setting.budgets.maxWorkspace ? ", workspace budget " + byteText(*setting.budgets.maxWorkspace)
                                   : "",
      prose(setting.weights), escaped(setting.target));
  page += legend(layers);
  if (isRange)
    page += section("Crossover",
                    "Median time of each algorithm's fastest variant within the error budget.",
                    crossoverPlots(setting, layers));
  page += section("Speed",
                  "Each algorithm's fastest variant within the error budget; the longer, the "
                  "faster, beside the fastest of the layer. GFLOP/s by the count of direct "
                  "convolution; share of peak by the multiplications counted in the loops.",
                  speedPlot(setting, layers));
  page += section("All layers",
                  "Median milliseconds of each algorithm's fastest variant within the budgets; in "
                  "the sum each layer counts as often as there is one.",
                  summaryHtml(setting, layers));
  page += section("Error against time",
                  "Every variant; further left is faster, further down more accurate. Errors are "
                  "relative to the largest output, against double precision.",
                  errorPlot(setting, layers));
  page += section("What is said, and what this machine says",
                  "Classic claims about convolutions beside figures of this machine.",
                  claimsHtml(claims));
  page += section("All figures",
                  "Bold: the fastest within the budgets. Spread is what lies between the "
                  "quartiles, in ms. Claimed is what the compiler, by samples, expects the largest "
                  "error hardly to exceed. Workspace is held besides the stack, where buffers "
                  "of up to 16 KiB each lie.",
                  tables(layers));
  return page + "</body></html>\n";
}

} // namespace quern::tools
