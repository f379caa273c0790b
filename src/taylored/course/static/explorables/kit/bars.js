/** Horizontal bars, one row each from the top, with whiskers drawn as their kind of accuracy. */

import { clamp, each, s, short, textWidth } from "./dom.js";

const ROW = 22;
const SLAB = 38;

/** The room that the labels of bars need at the left, at most a good third of the width. */
export function barMargin(layers, width) {
  const labels = layers.filter((l) => l.type === "bars" && readable(l)).flatMap((l) => l.labels);
  const widest = Math.max(0, ...labels.map((text) => textWidth(text, 12)));
  return Math.min(widest + 12, 0.38 * width);
}

/** The least and the most height of a plot with bars: every row can be read, none is a slab. */
export function barHeights(layers) {
  const rows = layers.filter((l) => l.type === "bars" && readable(l)).map((l) => l.labels.length);
  return rows.length ? [Math.max(...rows) * ROW, Math.max(...rows) * SLAB + ROW] : [0, Infinity];
}

const readable = (layer) => layer.labels.length <= 40;

export function bars(g, layer, frame) {
  if (!g.childElementCount) g.append(s("g"), s("g"), s("g"));
  const { box, x } = frame;
  const row = (box.bottom - box.top) / Math.max(layer.labels.length, 1);
  const zero = x.log ? box.left : within(x(0), box);
  const shown = layer.labels.map((label, k) => ({ label, value: layer.values[k], k, middle: box.top + (k + 0.5) * row }));
  drawBars(g.children[0], shown, { row, zero, frame });
  drawWhiskers(g.children[1], layer, shown, { row, frame });
  drawLabels(g.children[2], readable(layer) ? shown : [], box);
  if (readable(layer)) frame.out.walks.push({ label: "bars", stops: stops(layer, shown, frame) });
}

function drawBars(g, shown, { row, zero, frame }) {
  const thick = row > 6 ? row * 0.62 : row;
  each(g, shown, "rect", ({ value, middle }) => {
    const end = within(frame.x(value) || zero, frame.box);
    const [x, y] = [Math.min(zero, end), middle - thick / 2].map((v) => v.toFixed(1));
    return { x, y, width: Math.abs(end - zero).toFixed(1), height: Math.max(thick, 0.5).toFixed(1), class: "x-bar" };
  });
}

const within = (x, box) => clamp(x, box.left, box.right);

function drawWhiskers(g, layer, shown, { row, frame }) {
  const some = layer.lo ? shown.filter(({ k }) => layer.lo[k] !== null && layer.hi[k] !== null) : [];
  const half = Math.min(row * 0.22, 6);
  each(g, some, "path", ({ k, middle }) => {
    const [lo, hi] = [layer.lo[k], layer.hi[k]].map((v) => within(frame.x(v), frame.box).toFixed(1));
    const [y, top] = [middle, middle - half].map((v) => v.toFixed(1));
    const ends = layer.kind === "calibrated" ? "" : `M${lo},${top}v${2 * half}M${hi},${top}v${2 * half}`;
    return { d: `M${lo},${y}H${hi}${ends}`, class: `x-span k-${layer.kind || "exact"}` };
  });
}

function drawLabels(g, shown, box) {
  const place = { x: box.left - 8, "text-anchor": "end", dy: "0.32em", class: "x-row" };
  each(g, shown, "text", ({ label, middle }) => ({ ...place, y: middle.toFixed(1), text: cut(label, box.left - 10) }));
}

/** A label that is too long is cut; the walk over the bars says it in full. */
function cut(label, room) {
  let text = label;
  while (text.length > 3 && textWidth(text, 12) > room) text = `${text.slice(0, -2)}…`;
  return text;
}

function stops(layer, shown, frame) {
  return shown.map(({ label, value, k, middle }) => {
    const span = layer.lo && `from ${short(layer.lo[k])} to ${short(layer.hi[k])}`;
    const text = [`${label}: ${short(value)}`, span, layer.kind].filter(Boolean).join(", ");
    return { x: frame.x(value) || frame.box.left, y: middle, text };
  });
}
