/** One panel: axes, layers, names, texts under the pointer, and what can be touched in it. */

import { drawAxes, frameOf, layersOf } from "./axes.js";
import { h, newId, s, set, setAll, write, writeMarked } from "./dom.js";
import { drawLabels } from "./labels.js";
import { drawLayers } from "./layers.js";
import { placeNodes } from "./nodes.js";
import { Walks } from "./walk.js";

const stills = new Map(); // still layers by key: a server sends each once per page
const NEAR = 16; // pixels

/** Still layers of a panel: an array, or { key, layers } with null where they were sent before. */
export function stillOf(panel) {
  const still = panel.still || [];
  if (Array.isArray(still)) return { stillKey: JSON.stringify(still), stillLayers: still };
  if (still.layers) stills.set(still.key, still.layers);
  return { stillKey: still.key, stillLayers: still.layers || stills.get(still.key) || [] };
}

export class Panel {
  constructor(figure) {
    const [clip, hatch] = [newId("clip"), newId("hatch")];
    Object.assign(this, { figure, names: new Map(), grips: new Map(), ids: { clip, hatch } });
    this.clipBox = s("rect");
    this.parts = Object.fromEntries(
      ["axes", "still", "layers", "labels", "walks", "cross", "grips"].map((name) => [name, s("g", { class: `x-g-${name}` })]),
    );
    for (const name of ["axes", "still", "layers", "labels"]) set(this.parts[name], "aria-hidden", "true");
    this.svg = s("svg", { role: "group" }, s("defs", {}, s("clipPath", { id: clip }, this.clipBox), hatching(hatch)), ...Object.values(this.parts));
    this.title = h("p", { class: "x-panel-title" });
    this.yLabel = h("p", { class: "x-y-label" });
    this.xLabel = h("p", { class: "x-x-label" });
    this.tip = h("div", { class: "x-tip", "aria-hidden": "true", hidden: "" });
    this.legend = h("ul", { class: "x-legend" });
    const scroll = h("div", { class: "x-scroll" }, h("div", { class: "x-canvas" }, this.svg, this.tip));
    this.head = h("div", { class: "x-head" }, this.title, this.yLabel);
    this.body = h("div", { class: "x-panel" }, scroll, this.xLabel, this.legend);
    this.walks = new Walks(this);
    for (const touch of ["pointermove", "click"]) this.svg.addEventListener(touch, (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.say(null));
  }

  /** Draw a panel of a scene; `left` is shared by all panels so that their axes line up. */
  update(panel, width, left, theme) {
    this.panel = panel;
    const frame = { ...frameOf(panel, width, left), ...this.ids, theme, color: this.figure.color };
    frame.nodes = placeNodes(layersOf(panel), frame);
    this.resize(panel, frame);
    const shape = JSON.stringify([frame.box, panel.x, panel.y, theme]);
    if (shape !== this.shape || panel.stillKey !== this.stillKey) this.drawStill(panel, frame);
    [this.shape, this.stillKey] = [shape, panel.stillKey];
    frame.out = emptyOut();
    drawLayers(this.parts.layers, panel.layers, frame);
    this.frame = frame;
    this.out = joined(this.stillOut, frame.out);
    this.walks.update(this.out.walks);
    this.drawLegend(this.out.legend);
    for (const grip of this.grips.values()) grip.update();
    this.names = drawLabels(this.parts.labels, this.out.asks, { ...this.out, spots: this.spots(), box: frame.box }, this.names);
  }

  drawStill(panel, frame) {
    drawAxes(this.parts.axes, panel, frame);
    frame.out = emptyOut();
    drawLayers(this.parts.still, panel.stillLayers, frame);
    this.stillOut = frame.out;
  }

  resize(panel, frame) {
    const { box } = frame;
    setAll(this.svg, { width: frame.width, height: frame.height, viewBox: `0 0 ${frame.width} ${frame.height}` });
    setAll(this.clipBox, { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top });
    const words = panel.bare ? "" : `${panel.y.label || "y"} against ${panel.x.label || "x"}`;
    set(this.svg, "aria-label", [panel.title, words].filter(Boolean).join(": ") || "graph");
    const axis = (text) => (panel.bare ? "" : text);
    for (const [node, text] of [[this.title, panel.title], [this.yLabel, axis(panel.y.label)], [this.xLabel, axis(panel.x.label)]]) {
      writeMarked(node, text, "span");
      node.hidden = !text;
    }
  }

  /** Places that names keep clear of: points and handles. */
  spots() {
    const around = ([x, y]) => [-6, 0, 6].flatMap((dx) => [-6, 0, 6].map((dy) => [x + dx, y + dy]));
    const grips = [...this.grips.values()].flatMap((grip) => grip.places()).flatMap(around);
    return [...grips, ...this.out.tips.slice(0, 200).map((t) => [t.x, t.y])];
  }

  drawLegend(items) {
    const key = JSON.stringify(items);
    if (key === this.legendKey) return;
    this.legendKey = key;
    this.legend.hidden = !items.length;
    this.legend.replaceChildren(
      ...items.map(({ text, value }) => h("li", {}, h("span", { class: `x-swatch x-class-${value}` }), text)),
    );
  }

  /** The place of a pointer in the panel, in pixels. */
  local(event) {
    const rect = this.svg.getBoundingClientRect();
    return [event.clientX - rect.left, event.clientY - rect.top];
  }

  /** A text for what is under the pointer. */
  point(event) {
    if (!this.frame || event.buttons) return this.say(null);
    const [x, y] = this.local(event);
    const near = this.out.tips
      .map((tip) => ({ tip, far: Math.hypot(tip.x - x, tip.y - y) }))
      .filter(({ tip, far }) => far < (tip.reach || NEAR))
      .sort((p, q) => p.far - q.far)[0];
    const text = near ? near.tip.text : this.out.fields.map((field) => field(x, y)).find(Boolean);
    this.say(text ? { text, x: near ? near.tip.x : x, y: near ? near.tip.y : y } : null);
  }

  /** Show a short text at a place, or none. */
  say(what) {
    this.tip.hidden = !what;
    if (!what) return;
    write(this.tip, what.text);
    const wide = this.tip.offsetWidth;
    const left = Math.min(Math.max(what.x - wide / 2, 0), Math.max(this.frame.width - wide, 0));
    const above = what.y > 44;
    this.tip.style.transform = `translate(${left}px, ${what.y + (above ? -14 : 18)}px) translateY(${above ? "-100%" : "0"})`;
  }
}

const emptyOut = () => ({ asks: [], lines: [], tips: [], fields: [], walks: [], marks: [], legend: [] });
const joined = (p, q) => Object.fromEntries(Object.keys(p).map((name) => [name, [...p[name], ...q[name]]]));

/** Hatching for what is unknown. */
function hatching(id) {
  const stroke = s("path", { d: "M-1,7L7,-1M-1,1L1,-1M5,7L7,5", class: "x-hatch" });
  return s("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" }, stroke);
}
