/** The words of a figure: caption with live numbers, readings with their kinds, table, what is read aloud. */

import { h, pieces, s, set, setAll, write } from "./dom.js";

const QUIET = 700; // milliseconds without a change before a screen reader is told
const MARKS = {
  proved: ["rect", { x: 1.75, y: 1.75, width: 8.5, height: 8.5, class: "x-hard" }],
  calibrated: ["circle", { cx: 6, cy: 6, r: 5, class: "x-soft" }],
  estimated: ["path", { d: "M-0.5,6.4h3.6M4.2,6.4h3.6M8.9,6.4h3.6", class: "x-broken" }],
  unknown: ["path", { d: "M1,5L5,1M1,11L11,1M7,11L11,7", class: "x-hatched" }],
};

/** The mark of a kind of accuracy: each has its own shape beside its color. */
function kindMark(kind) {
  const [tag, attributes] = MARKS[kind] || [];
  if (!tag) return "";
  return s("svg", { class: `x-kind k-${kind}`, viewBox: "0 0 12 12", "aria-hidden": "true" }, s(tag, attributes));
}

/** A text with marks as nodes; `[[name]]` becomes the reading of that name. */
function marked(text, readings = new Map()) {
  return pieces(text).map((piece) => {
    if (piece.style === "reading") return readings.has(piece.text) ? readingNode(readings.get(piece.text)) : piece.text;
    return piece.style ? h(piece.style === "i" ? "em" : "strong", {}, piece.text) : document.createTextNode(piece.text);
  });
}

function readingNode(reading) {
  const named = reading.kind !== "exact";
  const node = h("span", { class: `x-reading k-${reading.kind}` }, ...marked(reading.text));
  if (named) node.append(h("span", { class: "x-unseen" }, ` (${reading.kind})`));
  set(node, "title", named ? earned(reading) : null);
  return node;
}

const earned = ({ kind, plain }) => (plain && kind !== "unknown" ? `${kind}: ${plain}` : kind);

/** Lines of the box "how far to trust it". */
export function trustList(statements) {
  const rows = statements.map(({ kind, text }) =>
    h("li", { class: `k-${kind}` }, kindMark(kind), h("strong", { class: "x-kind-name" }, kind), h("span", {}, ...marked(text))),
  );
  return h("ul", { class: "x-trust" }, ...rows);
}

export class Words {
  constructor() {
    this.caption = h("p", { class: "x-caption" });
    this.readings = h("dl", { class: "x-readings" });
    this.table = h("div", { class: "x-table" });
    this.live = h("p", { class: "x-unseen", "aria-live": "polite" });
    this.before = {};
  }

  /** Write what changed; `aloud` is false for the first scene, which nobody asked for. */
  update(scene, aloud) {
    const readings = new Map(scene.readings.map((r) => [r.name, r]));
    this.once("caption", [scene.caption, scene.readings], () => this.caption.replaceChildren(...marked(scene.caption, readings)));
    this.once("readings", scene.readings, () => this.readings.replaceChildren(...scene.readings.map(row)));
    this.once("table", scene.table, () => this.table.replaceChildren(...(scene.table ? [tableOf(scene.table)] : [])));
    this.readings.hidden = !scene.readings.length;
    this.table.hidden = !scene.table;
    if (scene.table) requestAnimationFrame(() => this.reachable()); // to measure now would lay out twice
    if (aloud) this.tell(() => this.caption.textContent);
  }

  /** A table wider than its place can be scrolled by keys, which needs the focus. */
  reachable() {
    const wide = this.table.scrollWidth > this.table.clientWidth + 1;
    setAll(this.table, { tabindex: wide ? 0 : null, role: wide ? "group" : null, "aria-label": wide ? "wide table" : null });
  }

  once(name, value, draw) {
    const key = JSON.stringify(value);
    if (this.before[name] !== key) draw();
    this.before[name] = key;
  }

  /** Say something when the reader has stopped. */
  tell(text) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => write(this.live, text()), QUIET);
  }
}

function row(reading) {
  const how = ["exact", "unknown"].includes(reading.kind) ? "" : earned(reading); // unknown: the text says it
  return h("div", { class: `k-${reading.kind}` }, h("dt", {}, ...marked(reading.label)),
    h("dd", { class: "x-number-text" }, kindMark(reading.kind), ...marked(reading.text)), h("dd", { class: "x-how" }, how));
}

function tableOf({ caption, heads, rows }) {
  const head = h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, ...marked(text))));
  const body = rows.map(([first, ...rest]) =>
    h("tr", {}, h("th", { scope: "row" }, ...marked(first)), ...rest.map((text) => h("td", {}, ...marked(text)))),
  );
  return h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, ...body));
}
