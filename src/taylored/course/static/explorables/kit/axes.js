/** The frame of a panel in pixels, and its axes: ticks on both, a light grid on y only. */

import { barHeights, barMargin } from "./bars.js";
import { each, s, textWidth } from "./dom.js";
import { scale, ticks } from "./scale.js";

const RIGHT = 14;
const TOP = 10;
const BELOW = 24; // for the numbers of the x axis
const TALLEST = 560;
const SMALLEST_GRAPH = 560; // narrower than this a graph scrolls inside its own frame

/** Room for the numbers left of the y axis. */
export function leftMargin(panel, width) {
  if (panel.bare) return RIGHT;
  const layers = layersOf(panel);
  if (hasBars(layers)) return barMargin(layers, width);
  const texts = ticks(panel.y, 6).map((t) => textWidth(t.text, 12));
  return Math.max(16, ...texts) + 10;
}

/** Still layers may be missing (null) where this page has had them. */
export const layersOf = (panel) => [...(panel.stillLayers || []), ...panel.layers];

export const hasBars = (layers) => layers.some((layer) => layer.type === "bars");

/** Scales and the box of the plot for a panel of a given width. */
export function frameOf(panel, width, left) {
  const wide = panel.bare ? Math.max(width, graphWidth(panel)) : width;
  const room = wide - left - RIGHT;
  const size = panel.equal ? equalSize(panel, room, wide) : [room, plotHeight(panel, wide)];
  const shift = left + (room - size[0]) / 2;
  const box = { left: shift, right: shift + size[0], top: TOP, bottom: TOP + size[1] };
  const height = box.bottom + (panel.bare ? TOP : BELOW);
  return { box, width: wide, height, x: scale(panel.x, box.left, box.right), y: scale(panel.y, box.bottom, box.top) };
}

const graphWidth = (panel) => layersOf(panel).some((layer) => layer.type === "nodes") ? SMALLEST_GRAPH : 0;

/** Narrow plots may be taller in proportion, so that a phone shows more than a strip. */
function plotHeight(panel, width) {
  const phone = width < 420 && panel.height >= 0.4 ? 1.25 : 1;
  const wanted = Math.min(panel.height * phone, Math.max(panel.height, 1)) * width;
  const [least, most] = barHeights(layersOf(panel));
  return Math.max(Math.min(wanted, most, TALLEST) - TOP - BELOW, 60, least);
}

function equalSize(panel, room, width) {
  const ratio = Math.abs((panel.y.hi - panel.y.lo) / (panel.x.hi - panel.x.lo));
  const tallest = Math.min(width, TALLEST);
  return ratio * room > tallest ? [tallest / ratio, tallest] : [room, ratio * room];
}

/** Draw the axes of a panel into its group, in place. */
export function drawAxes(group, panel, frame) {
  if (!group.childElementCount) group.append(...Array.from({ length: 5 }, () => s("g")));
  const [grid, lines, marks, xTexts, yTexts] = group.children;
  const { box } = frame;
  const bars = hasBars(layersOf(panel));
  const xs = panel.bare ? [] : ticks(panel.x, Math.max((box.right - box.left) / 80, 3));
  const ys = panel.bare || bars ? [] : ticks(panel.y, Math.max((box.bottom - box.top) / 65, 3));
  each(grid, ys, "path", (t) => ({ d: `M${box.left},${at(frame.y(t.value))}H${box.right}`, class: "x-gridline" }));
  each(lines, panel.bare ? [] : axisLines(panel, frame, bars), "path", (d) => ({ d, class: "x-axis" }));
  each(marks, xs, "path", (t) => ({ d: `M${at(frame.x(t.value))},${box.bottom}v5`, class: "x-axis" }));
  const [below, beside] = [{ y: box.bottom + 18, class: "x-tick" }, { x: box.left - 8, dy: "0.32em", class: "x-tick" }];
  each(xTexts, xs, "text", ({ value, text }) => ({ ...below, x: frame.x(value), "text-anchor": "middle", text }));
  each(yTexts, ys, "text", ({ value, text }) => ({ ...beside, y: frame.y(value), "text-anchor": "end", text }));
}

/** Whole pixels and a half: thin lines stay sharp. */
const at = (v) => Math.round(v) + 0.5;

/** The foot of the plot, and the zero lines that run through it. */
function axisLines(panel, { x, y, box }, bars) {
  const found = [`M${box.left},${at(box.bottom)}H${box.right}`];
  const through = (axis) => !axis.log && axis.lo < 0 && axis.hi > 0;
  if (through(panel.y) && !bars) found.push(`M${box.left},${at(y(0))}H${box.right}`);
  if (through(panel.x) && (panel.equal || bars)) found.push(`M${at(x(0))},${box.top}V${box.bottom}`);
  return found;
}
