/** Drawing of the layers of a panel: one function per type, each updates its group in place.
 *
 * A frame holds the scales, the box of the panel in pixels and what the layers leave for others:
 * `asks` (names to write beside lines), `lines` (what labels should not cover, what handles slide
 * along), `tips` (texts at places) and `fields` (texts anywhere).
 */

import { clipArea, clipRuns, grown, headOf, pathOf, runsOf, samples } from "./clip.js";
import { pool, s, set, setAll, short, writeMarked } from "./dom.js";
import { contours, image } from "./fields.js";
import { bars } from "./bars.js";
import { edges, nodes } from "./nodes.js";

const DRAW = { line, band, points, arrows, polygon, mark, rule, bars, contours, image, nodes, edges };

/** Draw layers into a group, reusing what is there. */
export function drawLayers(group, layers, frame) {
  const groups = pool(group, layers.length, () => s("g"));
  layers.forEach((layer, k) => {
    let g = groups[k];
    if (g.dataset.type && g.dataset.type !== layer.type) g.replaceWith((g = s("g")));
    g.dataset.type = layer.type;
    set(g, "class", `x-${layer.type} r-${layer.role || layer.kind || "ink"}`);
    DRAW[layer.type]?.(g, layer, frame);
  });
}

/** The k-th child of a group, made the first time. */
function part(g, k, tag, attributes) {
  while (g.childElementCount <= k) g.append(s(tag));
  return setAll(g.children[k], attributes);
}

function ask(frame, layer, spots) {
  if (!layer.label || !spots.length) return;
  frame.out.asks.push({ text: layer.label, role: layer.role, spots });
}

/** Places for a name along runs, the end first. */
function along(runs, count = 9) {
  const all = samples(runs, 12);
  const step = (all.length - 1) / (count - 1);
  return all.length ? Array.from({ length: count }, (_, k) => all[Math.round((count - 1 - k) * step)]) : [];
}

function line(g, layer, frame) {
  const runs = clipRuns(runsOf(layer.x, layer.y, frame), grown(frame.box, 1));
  part(g, 0, "path", { d: pathOf(runs), class: layer.dash ? "x-stroke x-dash" : "x-stroke" });
  frame.out.lines.push({ runs, role: layer.role });
  ask(frame, layer, along(clipRuns(runs, frame.box)));
}

function band(g, layer, frame) {
  const both = layer.lo.map((v, k) => (v === null || layer.hi[k] === null ? null : layer.x[k]));
  const above = (v) => (frame.y.log && v <= 0 ? Number.MIN_VALUE : v); // zero is far down on a logarithmic axis
  const [low, high] = [layer.lo, layer.hi].map((side) => runsOf(both, side.map(above), frame));
  const box = grown(frame.box, 1);
  const areas = low.map((run, k) => clipArea([...run, ...[...(high[k] || [])].reverse()], box)).filter((a) => a.length);
  part(g, 0, "path", { d: pathOf(areas, "Z"), class: "x-fill" });
  g.children[0].style.fill = layer.role === "unknown" ? `url(#${frame.hatch})` : "";
  const borders = clipRuns([...low, ...high], box);
  part(g, 1, "path", { d: pathOf(borders), class: "x-border" });
  ask(frame, layer, along(clipRuns(high, frame.box)));
}

/** Shapes differ by role, so that color is never the only difference. */
function shape([x, y], r, role) {
  if (role === "b") return `M${x},${y - r * 1.25}l${r * 1.25},${r * 1.25}l${-r * 1.25},${r * 1.25}l${-r * 1.25},${-r * 1.25}Z`;
  if (role === "a") return `M${x - r * 0.9},${y - r * 0.9}h${r * 1.8}v${r * 1.8}h${-r * 1.8}Z`;
  return `M${x - r},${y}a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0Z`;
}

function points(g, layer, frame) {
  const at = layer.x.map((x, k) => [frame.x(x), frame.y(layer.y[k])]);
  const shown = at.map((p, k) => ({ p, k })).filter(({ p }) => inside(p, grown(frame.box, 5)));
  const r = layer.size || 4;
  const round = ([x, y]) => [Number(x.toFixed(1)), Number(y.toFixed(1))];
  part(g, 0, "path", { d: layer.lo ? whiskers(layer, frame, shown) : "", class: "x-whisker" });
  part(g, 1, "path", {
    d: shown.map(({ p }) => shape(round(p), r, layer.role)).join(""),
    class: layer.hollow ? "x-dot x-hollow" : "x-dot",
  });
  const tips = shown.map(({ p, k }) => ({ x: p[0], y: p[1], text: layer.texts?.[k] || pointText(layer, k) }));
  frame.out.tips.push(...tips);
  if (layer.texts?.length) frame.out.walks.push({ label: layer.label || "points", stops: tips });
  ask(frame, layer, shown.map(({ p }) => p).reverse().slice(0, 8));
}

function whiskers(layer, frame, shown) {
  return shown
    .filter(({ k }) => layer.lo[k] !== null && layer.hi[k] !== null)
    .map(({ p, k }) => {
      const [x, lo, hi] = [p[0], frame.y(layer.lo[k]), frame.y(layer.hi[k])].map((v) => v.toFixed(1));
      return `M${x},${lo}V${hi}M${x - 3},${lo}h6M${x - 3},${hi}h6`;
    })
    .join("");
}

function pointText(layer, k) {
  const y = short(layer.y[k]);
  const half = layer.lo ? ` ± ${short((layer.hi[k] - layer.lo[k]) / 2, 2)}` : "";
  return `(${short(layer.x[k])}, ${y}${half})`;
}

const inside = ([x, y], box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;

function arrows(g, layer, frame) {
  const [shafts, heads, tips] = [[], [], []];
  layer.x0.forEach((x0, k) => {
    const p = [frame.x(x0), frame.y(layer.y0[k])];
    const q = [frame.x(layer.x1[k]), frame.y(layer.y1[k])];
    const length = Math.hypot(q[0] - p[0], q[1] - p[1]);
    if (!(length >= 0.5)) return;
    const head = headOf(p, q, Math.min(9, 3 + length * 0.35));
    shafts.push([p, head.neck]);
    heads.push(head.outline);
    tips.push(q);
  });
  const box = grown(frame.box, 1);
  part(g, 0, "path", { d: pathOf(clipRuns(shafts, box)), class: "x-stroke" });
  part(g, 1, "path", { d: pathOf(heads.filter((o) => inside(o[0], box)), "Z"), class: "x-arrowhead" });
  if (shafts.length < 12) shafts.forEach((run) => frame.out.lines.push({ runs: [run], role: layer.role }));
  ask(frame, layer, tips.filter((p) => inside(p, frame.box)).slice(0, 3));
}

function polygon(g, layer, frame) {
  const runs = runsOf(layer.x, layer.y, frame);
  const box = grown(frame.box, 1);
  part(g, 0, "path", { d: pathOf(runs.map((r) => clipArea(r, box)).filter((r) => r.length), "Z"), class: "x-fill" });
  const closed = runs.map((run) => [...run, run[0]]);
  const border = clipRuns(closed, box);
  part(g, 1, "path", { d: pathOf(border), class: "x-border" });
  frame.out.lines.push({ runs: border, role: layer.role });
  ask(frame, layer, along(border));
}

function mark(g, layer, frame) {
  const at = [frame.x(layer.x), frame.y(layer.y)];
  const text = part(g, 0, "text", {
    x: at[0].toFixed(1), y: at[1].toFixed(1), class: "x-mark", "text-anchor": layer.anchor, dy: "0.32em",
  });
  set(text, "display", inside(at, grown(frame.box, 1)) ? null : "none");
  writeMarked(text, layer.text);
  frame.out.marks.push({ at, text: layer.text, anchor: layer.anchor });
}

function rule(g, layer, frame) {
  const { box } = frame;
  const flat = layer.along === "x";
  const at = flat ? frame.y(layer.at) : frame.x(layer.at);
  const run = flat ? [[box.left, at], [box.right, at]] : [[at, box.bottom], [at, box.top]];
  const runs = clipRuns([run], box);
  part(g, 0, "path", { d: pathOf(runs), class: layer.dash ? "x-stroke x-dash" : "x-stroke" });
  if (runs.length) frame.out.lines.push({ runs, role: layer.role });
  ask(frame, layer, along(runs));
}
