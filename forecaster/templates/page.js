"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const WORDS = {
  day: { one: "day", many: "days", year: 364 },
  week: { one: "week", many: "weeks", year: 52 },
  month: { one: "month", many: "months", year: 12 },
};
// What a measure says, for people who plan; lower is better unless `near` names the best value.
const MEASURES = {
  wape: { name: "Missed share", percent: true, tip: "WAPE: of all units sold, the share that the forecast missed, over or under. On items that sell now and then it is high for every method." },
  rmsse: { name: "Scaled error", tip: "RMSSE: the typical error of a series compared with simply repeating the period before. Below 1 is better than that. Mean over the series." },
  mae: { name: "Mean error", tip: "MAE: how many units a forecast is off, on average, over or under." },
  rmse: { name: "Root mean square error", tip: "RMSE: as the mean error, but large misses count more." },
  relative_bias: { name: "Bias", percent: true, near: 0, signed: true, tip: "Forecast less demand, as a share of demand. Above zero: too much was expected." },
  coverage: { name: "In the range", percent: true, near: "confidence", tip: "How often demand fell into the range given. It should be close to what the range promises." },
  mase: { name: "Error against last season", tip: "MASE: mean error compared with repeating the last season." },
  crps: { name: "Distribution error", tip: "CRPS: how far the whole range of possible values was off, not only its middle." },
  weighted_rmsse: { name: "Weighted scaled error", tip: "RMSSE, each series counting by its share of revenue." },
  weighted_scaled_pinball: { name: "Weighted range error", tip: "Error of all the quantiles, scaled, each series counting by its share of revenue." },
  mse_standardised: { name: "Standardised square error", tip: "MSE after scaling demand to mean 0 and deviation 1, as the literature reports it." },
  smape: { name: "Symmetric share", percent: true, tip: "sMAPE: error as a share of forecast and demand together." },
};
const TABLE_MEASURES = ["rmsse", "wape", "mae", "rmse", "relative_bias", "coverage", "mse_standardised"];
const state = { panel: 0, level: null, series: 0, model: null, all: false };
const panel = () => DATA.panels[state.panel];
const words = () => WORDS[panel().frequency];

// --- small helpers ---
function element(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}
function fill(node, ...children) { node.replaceChildren(...children); return node; }
function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
function number(value, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const places = digits ?? (size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
  return value.toLocaleString("en", { maximumFractionDigits: places, minimumFractionDigits: digits ?? 0 });
}
function measure(name, value) {
  const how = MEASURES[name] || {};
  if (value === null || value === undefined) return "–";
  if (how.percent) return `${how.signed && value > 0 ? "+" : ""}${number(100 * value, 1)} %`;
  return Math.abs(value) < 10 ? number(value, 3) : number(value);
}
function day(text, long) {
  if (!text) return "–";
  const date = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return date.toLocaleDateString("en-GB", { day: "numeric", month: long ? "long" : "short", year: "numeric", timeZone: "UTC" });
}
function moment(text) { return text ? `${day(text)}, ${text.slice(11, 16)} UTC` : "–"; }
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 90) return `${number(seconds, seconds < 10 ? 1 : 0)} s`;
  return `${number(seconds / 60, 1)} min`;
}
function plural(n, one, many) { return `${number(n)} ${n === 1 ? one : many}`; }
function mean(values) {
  const known = values.filter((v) => v !== null && v !== undefined);
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
}
function sum(values) { return values.reduce((a, b) => a + (b ?? 0), 0); }
function unique(values) { return [...new Set(values)]; }
function pretty(name) { return name.replaceAll("_", " "); }
function levelName(level) {
  if (level === "bottom") return "each series";
  if (level === "all") return "mean over all levels";
  if (level === "total") return "all together";
  return `by ${level.split("/").map((part) => pretty(part).replace(/ id$/, "")).join(" and ")}`;
}
function options(select, values, label, chosen) {
  fill(select, ...values.map((value) => element("option", { value, textContent: label(value), selected: value === chosen })));
}
function term(name) {
  const how = MEASURES[name];
  if (!how) return element("span", { textContent: pretty(name) });
  const confidence = name === "coverage" && panel().confidence;
  const title = confidence ? `In the ${number(100 * confidence, 0)} % range` : how.name;
  const node = element("dfn", { textContent: title, tabIndex: 0 });
  node.dataset.tip = how.tip;
  return node;
}

// --- tips: on hover, on focus, on a tap ---
const tip = element("div", { id: "tip", hidden: true });
document.body.append(tip);
function showTip(event) {
  const node = event.target.closest?.("[data-tip]");
  if (!node) { tip.hidden = true; return; }
  tip.textContent = node.dataset.tip;
  tip.hidden = false;
  const box = node.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${box.bottom + 6 + scrollY}px`;
}
for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, showTip);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

// --- charts ---
function layout(extra = {}) {
  const axis = { gridcolor: css("--rule"), linecolor: css("--rule"), zeroline: false, tickfont: { color: css("--soft"), size: 12 }, fixedrange: true, automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    font: { family: getComputedStyle(document.body).fontFamily, color: css("--ink"), size: 13 },
    margin: { l: 44, r: 8, t: 12, b: 34 }, hovermode: "x unified",
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--rule"), font: { color: css("--ink"), size: 12 } },
    ...extra, xaxis: { ...axis, showgrid: false, ...extra.xaxis }, yaxis: { ...axis, rangemode: "tozero", ...extra.yaxis },
  };
}
function draw(id, traces, extra) {
  Plotly.react(id, traces, layout(extra), { displayModeBar: false, responsive: true });
}
function wash(alpha) {
  const hex = css("--accent").slice(1);
  const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}
function shade(index, total) {
  if (index === 0) return css("--accent");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const grey = 118 + Math.round((index - 1) * 80 / Math.max(1, total - 1)) * (dark ? -1 : 1) + (dark ? 50 : 0);
  return `rgb(${grey},${grey + 4},${grey + 7})`;
}
const DASHES = ["solid", "solid", "dash", "dot", "dashdot", "longdash"];

// --- what we expect ---
function seriesOf(level) {
  return panel().series.map((one, index) => ({ ...one, index })).filter((one) => one.level === level);
}
function dsAt(offset) { return panel().ds[offset]; }
function spanOf(start, values) { return values.map((_, i) => dsAt(start + i)); }

function showPanel() {
  const p = panel();
  fill($("panels"), ...DATA.panels.map((one, index) => {
    const button = element("button", { type: "button", textContent: pretty(one.name) });
    button.setAttribute("aria-pressed", String(index === state.panel));
    button.onclick = () => {
      Object.assign(state, { panel: index, level: null, model: null });
      history.replaceState(null, "", `#${encodeURIComponent(one.name)}`);
      showPanel();
    };
    return button;
  }));
  const each = p.grain.map((column) => column.replace(/_id$/, "")).join(" and ");
  const period = (text) => (p.frequency === "day" ? day(text, true) : `the ${words().one} of ${day(text, true)}`);
  const until = p.last_period ? ` Demand is known up to ${period(p.last_period)}.` : "";
  const left = p.excluded_reason ? ` Left out, because incomplete: ${p.excluded_reason}.` : "";
  $("panel-words").textContent = `Demand of each ${each}, ${words().many === "days" ? "by day" : `by ${words().one}`}, for the next ${plural(p.horizon, words().one, words().many)}.${until}${left}`;
  const levels = unique(p.series.map((one) => one.level));
  state.level = levels.includes(state.level) ? state.level : levels.includes("bottom") ? "bottom" : levels[0];
  options($("level"), levels, levelName, state.level);
  $("search").value = "";
  const models = unique(p.backtests.map((one) => one.model));
  state.model = models.includes(p.champion) ? p.champion : models[0] ?? null;
  options($("model"), models, pretty, state.model);
  $("model").closest("label").hidden = models.length === 0;
  state.series = seriesOf(state.level)[0]?.index ?? 0;
  showList(); showSeries(); showAccuracy(); showTraining(); showQuality(); showRuns();
}

const SHOWN = 150;
function showList() {
  const query = $("search").value.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = seriesOf(state.level).filter((one) => {
    const text = `${one.id} ${one.label}`.toLocaleLowerCase();
    return query.every((part) => text.includes(part));
  });
  fill($("series"), ...found.slice(0, SHOWN).map((one) => {
    const name = element("span", { textContent: one.label || one.id });
    if (one.label && one.label !== one.id) name.append(element("small", { textContent: one.id }));
    const row = element("li", { id: `s${one.index}` }, name, element("span", { textContent: number(one.rate) }));
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(one.index === state.series));
    row.lastChild.dataset.tip = `Units a ${words().one}, over the last year`;
    row.onclick = () => pick(one.index);
    return row;
  }));
  const hidden = found.length - SHOWN;
  $("more").textContent = !found.length ? "Nothing of that name." : hidden > 0 ? `${number(hidden)} more: type to find them.` : panel().left_out && state.level === "bottom" ? `The ${number(found.length)} largest; ${number(panel().left_out)} more are in the tables.` : `${plural(found.length, "series", "series")}, the largest first; the number is units a ${words().one}.`;
}
function pick(index) {
  state.series = index;
  for (const row of $("series").children) row.setAttribute("aria-selected", String(row.id === `s${index}`));
  showSeries();
}
$("series").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const rows = [...$("series").children];
  const next = rows[rows.findIndex((row) => row.getAttribute("aria-selected") === "true") + step];
  if (next) { pick(Number(next.id.slice(1))); next.scrollIntoView({ block: "nearest" }); }
});

function fanBands(live) {
  const levels = Object.keys(live.quantiles || {}).map(Number).sort((a, b) => a - b);
  const bands = [];
  for (let i = 0; i < Math.floor(levels.length / 2); i += 1) {
    const [low, high] = [levels[i], levels[levels.length - 1 - i]];
    bands.push({ low: live.quantiles[low], high: live.quantiles[high], share: high - low });
  }
  if (!bands.length && live.lower) bands.push({ low: live.lower, high: live.upper, share: live.confidence });
  return bands;
}
function showSeries() {
  const p = panel();
  const one = p.series[state.series];
  if (!one) { $("series-name").textContent = "Nothing was forecast yet."; return; }
  $("series-name").textContent = one.label && one.label !== one.id ? `${one.label} · ${one.id}` : one.id;
  fill($("span"), ...[[false, "Recent"], [true, "All"]].map(([all, text]) => {
    const button = element("button", { type: "button", textContent: text });
    button.setAttribute("aria-pressed", String(state.all === all));
    button.onclick = () => { state.all = all; showSeries(); };
    return button;
  }));
  const traces = [], shapes = [];
  const live = one.live;
  const bands = live ? fanBands(live) : [];
  for (const band of bands) {
    const x = spanOf(live.start, live.yhat);
    const edge = { x, mode: "lines", line: { width: 0, shape: "spline", smoothing: 0 }, hoverinfo: "skip" };
    traces.push({ ...edge, y: band.low }, { ...edge, y: band.high, fill: "tonexty", fillcolor: wash(.16) });
  }
  traces.push({ x: spanOf(one.start, one.y), y: one.y, mode: "lines", name: "demand", line: { color: css("--ink"), width: 1.4 }, hovertemplate: "%{y:,.4~g}" });
  if (one.stockouts?.length) {
    traces.push({ x: one.stockouts.map((i) => dsAt(one.start + i)), y: one.stockouts.map((i) => one.y[i] ?? 0), mode: "markers", name: "out of stock", hovertemplate: "sold %{y}", marker: { size: 6, color: "rgba(0,0,0,0)", line: { color: css("--warn"), width: 1.5 } } });
  }
  const past = p.backtests.filter((back) => back.model === state.model).map((back) => ({ ...back, yhat: back.yhat[state.series] })).filter((back) => back.yhat);
  for (const back of past) {
    traces.push({ x: spanOf(back.start, back.yhat), y: back.yhat, mode: "lines", name: `forecast of ${day(dsAt(back.start - 1))}`, line: { color: css("--accent"), width: 1.6, dash: "5px,3px" }, hovertemplate: "%{y:,.4~g}" });
    shapes.push({ type: "line", x0: dsAt(back.start - 1), x1: dsAt(back.start - 1), yref: "paper", y0: 0, y1: 1, line: { color: css("--faint"), width: 1, dash: "dot" } });
  }
  if (live) {
    traces.push({ x: spanOf(live.start, live.yhat), y: live.yhat, mode: "lines", name: "forecast", line: { color: css("--accent"), width: 2.4 }, customdata: live.lower.map((low, i) => [low, live.upper[i]]), hovertemplate: `%{y:,.4~g} <span style="color:${css("--soft")}">(%{customdata[0]:,.3~g} to %{customdata[1]:,.3~g})</span>` });
    shapes.push({ type: "line", x0: dsAt(live.start - 1), x1: dsAt(live.start - 1), yref: "paper", y0: 0, y1: 1, line: { color: css("--soft"), width: 1 } });
  }
  const end = live ? live.start + live.yhat.length - 1 : one.start + one.y.length - 1;
  const firstPast = Math.min(...past.map((back) => back.start), end);
  const narrow = $("fan").clientWidth < 480;
  const recent = narrow ? end - 4 * p.horizon : Math.min(firstPast - p.horizon, end - 5 * p.horizon);
  const from = state.all ? one.start : Math.max(one.start, recent);
  const values = traces.flatMap((trace) => trace.y.filter((_, i) => trace.x[i] >= dsAt(from)));
  const top = Math.max(1e-9, ...values.filter(Number.isFinite));
  draw("fan", traces, { shapes, xaxis: { type: "date", range: [dsAt(from), dsAt(end)] }, yaxis: { range: [Math.min(0, ...values.filter(Number.isFinite)), top * 1.06] } });
  $("fan-legend").hidden = !bands.length;
  $("fan-legend").lastElementChild.textContent = bands.length > 1 ? `its range: ${bands.map((band) => `${Math.round(100 * band.share)} %`).join(", ")} of outcomes` : `its range: ${Math.round(100 * (bands[0]?.share ?? 0))} % of outcomes`;
  $("stock-legend").hidden = !one.stockouts?.length;
  document.querySelector(".legend .past").parentElement.hidden = !past.length;
  showNumbers(one, past);
}
function showNumbers(one, past) {
  const p = panel(), h = p.horizon, live = one.live;
  const span = `${plural(h, words().one, words().many)}`;
  const known = one.y.slice(0, live ? live.start - one.start : undefined);
  const items = [];
  if (live) {
    const total = sum(live.yhat);
    const range = live.total ? `${Math.round(10 * live.confidence)} times in 10 between ${number(live.total[0])} and ${number(live.total[1])}` : "";
    items.push([`Next ${span}, expected`, number(total), range]);
    if (known.length >= h) items.push([`Last ${span}, sold`, number(sum(known.slice(-h))), ""]);
    const yearAgo = live.start - one.start - words().year;
    if (yearAgo >= 0) items.push([`The same ${span} a year ago`, number(sum(one.y.slice(yearAgo, yearAgo + h))), ""]);
  }
  if (past.length) {
    const pairs = past.flatMap((back) => back.yhat.map((yhat, i) => [one.y[back.start - one.start + i], yhat]).filter(([y, yhat]) => y !== null && y !== undefined && yhat !== null));
    const sold = sum(pairs.map(([y]) => y));
    const share = (sum(pairs.map(([, yhat]) => yhat)) - sold) / sold;
    if (sold > 0) items.push([`Past forecasts' total`, `${share > 0 ? "+" : ""}${number(100 * share, 0)} %`, `against what was sold, ${plural(past.length, "forecast", "forecasts")} by ${pretty(state.model)}`]);
  }
  if (live?.status && live.status !== "ok") items.push(["Note", pretty(live.status), { short_history: "little history to learn from", cold_start: "not sold before: judged by similar series", fallback: "a simpler method stood in" }[live.status] ?? ""]);
  fill($("numbers"), ...items.map(([name, value, note]) => element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }, element("small", { textContent: note })))));
}

// --- accuracy ---
function rowsAt(level) { return panel().accuracy.filter((row) => row.level === level); }
function score(name, value) {
  if (value === null || value === undefined) return Infinity;
  const near = MEASURES[name]?.near;
  if (near === "confidence") return Math.abs(value - (panel().confidence ?? 0.8));
  return near === undefined ? value : Math.abs(value - near);
}
function modelsBest(rows) {
  const models = unique(rows.map((row) => row.model));
  const main = rows.some((row) => row.metric === "rmsse") ? "rmsse" : rows[0]?.metric;
  const value = (model) => mean(rows.filter((row) => row.model === model && row.metric === main).map((row) => row.value)) ?? Infinity;
  return models.sort((a, b) => (b === panel().champion) - (a === panel().champion) || value(a) - value(b));
}
function showAccuracy() {
  const p = panel();
  const levels = unique(p.accuracy.map((row) => row.level));
  const empty = !levels.length;
  for (const id of ["accuracy-table", "bars", "steps"]) $(id).hidden = empty;
  $("accuracy-level").closest(".controls").hidden = empty;
  if (empty) {
    $("verdict").textContent = "Nothing was scored yet. `forecast backtest` forecasts past periods and compares.";
    for (const id of ["bars-title", "steps-title"]) $(id).textContent = "";
    return;
  }
  const level = levels.includes($("accuracy-level").value) ? $("accuracy-level").value : levels.includes("bottom") ? "bottom" : levels[0];
  options($("accuracy-level"), levels, levelName, level);
  const rows = rowsAt(level);
  const metrics = unique(rows.map((row) => row.metric)).filter((name) => MEASURES[name]);
  const shown = TABLE_MEASURES.filter((name) => metrics.includes(name));
  const metric = metrics.includes($("metric").value) ? $("metric").value : shown[0];
  options($("metric"), metrics, (name) => MEASURES[name].name, metric);
  const models = modelsBest(rows);
  const at = (model, name) => mean(rows.filter((row) => row.model === model && row.metric === name).map((row) => row.value));
  showVerdict(models, at, rows, level);
  const head = element("tr", {}, element("th", { textContent: "Method" }), ...shown.map((name) => element("th", { className: "n" }, term(name))));
  const body = models.map((model) => {
    const first = element("td", { textContent: pretty(model) });
    if (model === p.champion) first.append(element("span", { className: "tag", textContent: "in use" }));
    const cells = shown.map((name) => {
      const best = Math.min(...models.map((other) => score(name, at(other, name))));
      const mine = at(model, name);
      const isBest = models.length > 1 && mine !== null && score(name, mine) <= best + 1e-12;
      return element("td", { className: isBest ? "n best" : "n mark", textContent: measure(name, mine) });
    });
    return element("tr", { className: model === p.champion ? "champion" : "" }, first, ...cells);
  });
  fill($("accuracy-table"), element("thead", {}, head), element("tbody", {}, ...body));
  const cutoffs = unique(rows.map((row) => row.cutoff)).sort();
  const how = MEASURES[metric];
  const format = how.percent ? ".1%" : ".3~g";
  $("bars-title").textContent = `${how.name}, forecast by forecast`;
  draw("bars", models.map((model, i) => ({
    type: "bar", name: pretty(model), x: cutoffs.map((cutoff) => day(cutoff)), marker: { color: shade(i, models.length) },
    y: cutoffs.map((cutoff) => mean(rows.filter((row) => row.model === model && row.cutoff === cutoff && row.metric === metric).map((row) => row.value))),
    hovertemplate: `%{y:${format}}`,
  })), { barmode: "group", bargap: .3, xaxis: { type: "category" }, yaxis: { tickformat: format }, showlegend: true, legend: { orientation: "h", y: -.16, yanchor: "top", font: { size: 12, color: css("--soft") } }, margin: { l: 44, r: 8, t: 12, b: 60 } });
  const steps = p.steps.filter((row) => row.level === level && row.metric === metric);
  $("steps").closest("figure").hidden = !steps.length;
  if (!steps.length) return;
  $("steps-title").textContent = `${how.name}, by ${words().many} ahead`;
  draw("steps", models.map((model, i) => {
    const mine = steps.filter((row) => row.model === model).sort((a, b) => a.step - b.step);
    return { x: mine.map((row) => row.step), y: mine.map((row) => row.value), mode: mine.length > 12 ? "lines" : "lines+markers", marker: { size: 5 }, name: pretty(model), line: { color: shade(i, models.length), width: i ? 1.5 : 2.4, dash: DASHES[i % DASHES.length] }, hovertemplate: `%{y:${format}}` };
  }), { xaxis: { dtick: p.horizon > 16 ? 7 : 1, title: { text: `${words().many} ahead`, font: { size: 12, color: css("--soft") } } }, yaxis: { tickformat: format, rangemode: how.signed ? "normal" : "tozero" }, showlegend: true, legend: { orientation: "h", y: -.28, yanchor: "top", font: { size: 12, color: css("--soft") } }, margin: { l: 44, r: 8, t: 12, b: 70 } });
}
function showVerdict(models, at, rows, level) {
  const p = panel();
  const n = unique(rows.map((row) => row.cutoff)).length;
  const base = p.scored === "validation" ? `Scores of the last ${plural(p.horizon, words().one, words().many)}, kept from the model while it learned, ${levelName(level)}. \`forecast backtest\` compares methods over more of the past.` : `Mean of ${plural(n, "forecast", "forecasts")} of the past, each made with only what was known then, ${levelName(level)}; the best in each column has a dot.`;
  const rivals = models.filter((model) => model !== p.champion);
  const mine = at(p.champion, "rmsse");
  const best = rivals.map((model) => [at(model, "rmsse"), model]).filter(([value]) => value !== null).sort((a, b) => a[0] - b[0])[0];
  if (mine === null || !best) { $("verdict").textContent = base; return; }
  const gain = 1 - mine / best[0];
  const said = Math.abs(gain) < .005 ? `${pretty(p.champion)} and ${pretty(best[1])} are equally good` : gain > 0 ? `The scaled error of ${pretty(p.champion)} is ${number(100 * gain, 1)} % below that of the best other method, ${pretty(best[1])}` : `${pretty(best[1])} had a scaled error ${number(100 * (1 - best[0] / mine), 1)} % below that of ${pretty(p.champion)}, which is in use`;
  $("verdict").textContent = `${said}. ${base}`;
}

// --- training ---
function showTraining() {
  const runs = panel().training;
  const any = runs.length > 0;
  $("curve").hidden = !any;
  $("training-run").closest(".controls").hidden = runs.length < 2;
  if (!any) { $("training-words").textContent = "No model of this panel was trained by epochs yet."; return; }
  const chosen = runs.find((run) => run.key === $("training-run").value) ?? runs[0];
  options($("training-run"), runs.map((run) => run.key), (key) => { const run = runs.find((one) => one.key === key); return `${pretty(run.model)}, data to ${day(run.cutoff)}, ${moment(run.started_at)}`; }, chosen.key);
  const best = chosen.validation.length ? chosen.epochs[chosen.validation.indexOf(Math.min(...chosen.validation.filter((value) => value !== null)))] : null;
  $("training-words").textContent = `${pretty(chosen.model)} went over the data ${plural(chosen.epochs.length, "time", "times")} (epochs).${best ? ` Its error on periods it had not seen was lowest after ${plural(best, "epoch", "epochs")}; the model in use was then trained anew on all data for as long.` : ""}`;
  const line = (y, name, color, dash) => ({ x: chosen.epochs, y, name, mode: chosen.epochs.length > 30 ? "lines" : "lines+markers", marker: { size: 5 }, line: { color, width: 2, dash }, hovertemplate: "%{y:.4~g}" });
  const traces = [line(chosen.train, "on what it learned from", css("--faint"), "solid")];
  if (chosen.validation.length) traces.push(line(chosen.validation, "on what it had not seen", css("--accent"), "solid"));
  const shapes = best ? [{ type: "line", x0: best, x1: best, yref: "paper", y0: 0, y1: 1, line: { color: css("--faint"), width: 1, dash: "dot" } }] : [];
  draw("curve", traces, { shapes, xaxis: { title: { text: "epoch", font: { size: 12, color: css("--soft") } }, ...(chosen.epochs.length > 12 ? { nticks: 12 } : { dtick: 1 }) }, yaxis: { rangemode: "normal", title: { text: "loss", font: { size: 12, color: css("--soft") } } }, showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12, color: css("--soft") } }, margin: { l: 56, r: 8, t: 30, b: 44 } });
}

// --- data quality and runs ---
function table(caption, columns, rows) {
  const head = element("tr", {}, ...columns.map((column) => element("th", { className: column.n ? "n" : "", textContent: column.name })));
  const body = rows.map((row) => element("tr", {}, ...columns.map((column) => element("td", { className: column.n ? "n" : column.wide ? "wide" : "", textContent: column.n ? number(row[column.key]) : row[column.key] ?? "" }))));
  const node = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  if (caption) node.prepend(element("caption", { textContent: caption }));
  return element("div", { className: "scroll" }, node);
}
const CHECKS = [
  { key: "check", name: "What was found" }, { key: "treatment", name: "What was done" },
  { key: "rows", name: "Rows", n: true }, { key: "quantity", name: "Units", n: true }, { key: "example", name: "First example", wide: true },
];
function showQuality() {
  $("quality-words").textContent = DATA.inputs_words;
  const read = (rows) => rows.find((row) => row.treatment === "read")?.rows ?? 0;
  const found = (rows) => rows.filter((row) => row.treatment !== "read");
  const byInput = unique(DATA.inputs.map((row) => row.subject)).map((name) => [name, DATA.inputs.filter((row) => row.subject === name)]);
  byInput.sort((a, b) => found(b[1]).length - found(a[1]).length);
  const tables = byInput.filter(([, rows]) => found(rows).length).map(([name, rows]) => table(`${pretty(name)}: ${plural(read(rows), "row", "rows")} read`, CHECKS, found(rows)));
  const clean = byInput.filter(([, rows]) => !found(rows).length).map(([name, rows]) => `${pretty(name)} (${number(read(rows))})`);
  if (clean.length) tables.push(element("p", { className: "lead", textContent: `Nothing to note in ${clean.join(", ")}.` }));
  const ours = panel().quality;
  if (ours.length) tables.push(table(`What is forecast as ${pretty(panel().name)}: ${plural(read(ours), "row", "rows")} of history`, CHECKS, found(ours)));
  fill($("quality-tables"), ...tables);
}
function showRuns() {
  const p = panel();
  const head = element("tr", {}, ...["Run", "What", "Method", "Started", "Took", "Memory", "Rows", ""].map((text, i) => element("th", { textContent: text, className: i > 3 && i < 7 ? "n" : "" })));
  const body = p.runs.map((run) => element("tr", {},
    element("td", { textContent: run.run_id }), element("td", { textContent: run.kind }), element("td", { textContent: pretty(run.model) }),
    element("td", { textContent: moment(run.started_at) }), element("td", { className: "n", textContent: duration(run.seconds) }),
    element("td", { className: "n", textContent: run.memory ? `${number(run.memory, 0)} MB` : "–" }), element("td", { className: "n", textContent: number(run.n_rows) }),
    element("td", { className: run.status === "complete" ? "" : "failed", textContent: p.champion_runs.includes(run.run_id) ? "in use" : run.status === "complete" ? "" : `${run.status}${run.error ? `: ${run.error}` : ""}` })));
  fill($("runs-table"), element("thead", {}, head), element("tbody", {}, ...body));
}

// --- start ---
$("standing").textContent = DATA.standing;
$("colophon").textContent = DATA.colophon;
$("level").onchange = () => { state.level = $("level").value; state.series = seriesOf(state.level)[0]?.index ?? 0; $("search").value = ""; showList(); showSeries(); };
$("search").oninput = showList;
$("model").onchange = () => { state.model = $("model").value; showSeries(); };
$("accuracy-level").onchange = $("metric").onchange = showAccuracy;
$("training-run").onchange = showTraining;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { showSeries(); showAccuracy(); showTraining(); });
state.panel = Math.max(0, DATA.panels.findIndex((one) => one.name === decodeURIComponent(location.hash.slice(1))));
if (DATA.panels.length) showPanel();
else {
  $("panel-words").textContent = "There is no panel with history yet: `forecast build`, then `forecast train`.";
  for (const section of document.querySelectorAll("section + section, .pick-and-see")) section.hidden = true;
}
