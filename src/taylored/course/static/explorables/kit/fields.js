/** Layers that fill a panel: contour lines and grids of colors. */

import { clipRuns, grown, pathOf, runsOf } from "./clip.js";
import { each, s, set, setAll, short, textWidth } from "./dom.js";

const CLASSES = 8;

/** Contour lines, lighter to darker by rank; every second rank is labelled where there is room. */
export function contours(g, layer, frame) {
  const byRank = Array.from({ length: layer.count }, () => []);
  for (const one of layer.lines) byRank[one.rank].push(one);
  const clipped = byRank.map((lines) => clipRuns(lines.flatMap((l) => runsOf(l.x, l.y, frame)), grown(frame.box, 2)));
  if (!g.childElementCount) g.append(s("g"), s("g"));
  each(g.children[0], clipped, "path", (runs, rank) => {
    const depth = 0.22 + (0.58 * rank) / Math.max(layer.count - 1, 1);
    return { d: pathOf(runs), "stroke-opacity": depth.toFixed(2), class: "x-contour" };
  });
  labelContours(g.children[1], byRank, clipped, frame);
}

function labelContours(g, byRank, clipped, frame) {
  const spots = clipped.flatMap((runs, rank) => {
    const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), []);
    const spot = longest[Math.floor(longest.length * (0.15 + 0.07 * rank)) % (longest.length || 1)];
    const wanted = rank % 2 === 1 && longest.length > 12 && roomAt(spot, frame.box);
    return wanted ? [{ spot, text: short(byRank[rank][0].level, 3) }] : [];
  });
  const apart = spots.filter(({ spot }, k) => spots.slice(0, k).every((o) => far(o.spot, spot)));
  each(g, apart, "text", ({ spot, text }) => ({ ...middle(spot), class: "x-level", text }));
}

const middle = ([x, y]) => ({ x: x.toFixed(1), y: y.toFixed(1), "text-anchor": "middle", dy: "0.32em" });

const far = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]) > 34;
const roomAt = ([x, y], box) => x > box.left + 18 && x < box.right - 18 && y > box.top + 10 && y < box.bottom - 10;

/** A grid of colors as one picture; classes are named on the picture itself. */
export function image(g, layer, frame) {
  if (!g.childElementCount) g.append(s("image", { preserveAspectRatio: "none" }), s("g"));
  const [left, right] = layer.x.map(frame.x);
  const [bottom, top] = layer.y.map(frame.y);
  const values = decode(layer.data);
  setAll(g.children[0], {
    x: left, y: top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0),
    class: layer.palette === "classes" ? "x-grid-classes" : "x-grid", "clip-path": `url(#${frame.clip})`,
  });
  const key = `${layer.palette}${frame.theme}${layer.columns}${layer.data}`;
  if (g.image !== key) {
    g.image = key;
    set(g.children[0], "href", picture(values, layer, frame.color));
  }
  nameClasses(g.children[1], values, layer, { left, right, top, bottom });
  if (!layer.texts.length) return;
  frame.out.fields.push((x, y) => textAt(values, layer, frame, x, y));
  frame.out.legend.push(...legendOf(values, layer));
}

const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** Row 0 is at the bottom in the data and at the top in a picture. */
function picture(values, { rows, columns, palette }, color) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const pen = canvas.getContext("2d");
  const out = pen.createImageData(columns, rows);
  const colors = table(palette, color);
  values.forEach((value, k) => {
    const target = (rows - 1 - Math.floor(k / columns)) * columns + (k % columns);
    out.data.set(colors[value], target * 4);
  });
  pen.putImageData(out, 0, 0);
  return canvas.toDataURL();
}

function table(palette, color) {
  if (palette === "classes") {
    const named = Array.from({ length: CLASSES }, (_, k) => [...color(`--class-${k}`), 255]);
    return Array.from({ length: 256 }, (_, k) => named[k] || [0, 0, 0, 0]);
  }
  const stops = [0, 1, 2].map((k) => color(`--${palette}-${k}`));
  return Array.from({ length: 256 }, (_, k) => {
    const t = k <= 128 ? k / 128 : (k - 128) / 127;
    const [p, q] = k <= 128 ? [stops[0], stops[1]] : [stops[1], stops[2]];
    return [...p.map((v, c) => Math.round(v + t * (q[c] - v))), 255];
  });
}

/** Each class carries its name in the middle of its largest square, where that is wide enough. */
function nameClasses(g, values, layer, area) {
  const named = layer.palette === "classes" ? squares(values, layer) : [];
  const cell = [(area.right - area.left) / layer.columns, (area.bottom - area.top) / layer.rows];
  const fits = named.filter((one) => one.side * cell[0] > textWidth(layer.texts[one.value], 12) + 6);
  each(g, fits, "text", ({ value, side, at }) => {
    const x = area.left + ((at % layer.columns) + 1 - side / 2) * cell[0];
    const y = area.bottom - (Math.floor(at / layer.columns) + 1 - side / 2) * cell[1];
    return { ...middle([x, y]), class: "x-class", text: layer.texts[value] };
  });
}

/** The largest square of each class: its side in cells, and its last cell. */
function squares(values, { columns, texts }) {
  const side = new Uint16Array(values.length);
  const best = texts.map((_, value) => ({ value, side: 0, at: 0 }));
  values.forEach((value, k) => {
    const back = [k - 1, k - columns, k - columns - 1];
    const grows = k % columns && k >= columns && back.every((near) => values[near] === value);
    side[k] = grows ? 1 + Math.min(...back.map((near) => side[near])) : 1;
    if (best[value] && side[k] > best[value].side) best[value] = { value, side: side[k], at: k };
  });
  return best.filter((one) => one.side);
}

function textAt(values, layer, frame, px, py) {
  const [x, y] = [frame.x.invert(px), frame.y.invert(py)];
  const index = (v, [lo, hi], count) => Math.floor(((v - lo) / (hi - lo)) * count);
  const [column, row] = [index(x, layer.x, layer.columns), index(y, layer.y, layer.rows)];
  if (column < 0 || column >= layer.columns) return "";
  return layer.texts[values[row * layer.columns + column]] || "";
}

function legendOf(values, layer) {
  const seen = new Set(values);
  return layer.texts.map((text, value) => ({ text, value })).filter(({ value, text }) => text && seen.has(value));
}
