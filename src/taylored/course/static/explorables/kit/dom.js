/** Elements, short numbers, widths of text, and text with little marks. */

const SVG = "http://www.w3.org/2000/svg";
const SMALL = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const MARKUP = /\*\*([^*]+)\*\*|(?<![\w)])\*(?=\S)([^*]+?)\*(?!\w)|\[\[([\w-]+)\]\]/g;
let ids = 0;
let pen = null;

/** An HTML element; attributes that start with "on" are listeners. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...children);
  return node;
}

/** Set an attribute only where it changes: what stays untouched needs no new layout. */
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Set several attributes. */
export function setAll(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  return node;
}

/** Exactly `count` children, old ones reused: figures are updated in place and never flicker. */
export function pool(parent, count, make) {
  while (parent.childElementCount > count) parent.lastElementChild.remove();
  while (parent.childElementCount < count) parent.append(make());
  return [...parent.children];
}

/** One SVG child for each item, reused, with the attributes (and the text) that `of` gives it. */
export function each(parent, items, tag, of) {
  pool(parent, items.length, () => s(tag)).forEach((node, k) => {
    const { text, ...attributes } = of(items[k], k);
    setAll(node, attributes);
    if (text !== undefined) writeMarked(node, text);
  });
}

/** A text that is on the page already is left alone, so that a selection in it survives. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
  return node;
}

/** A new id for this page. */
export const newId = (stem) => `x-${stem}-${(ids += 1)}`;

/** A number as a reader wants it: few digits, a true minus sign, powers of ten. */
export function short(value, digits = 4) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    return scientific(Number(mantissa), Number(power));
  }
  return minus(String(Number(value.toPrecision(digits))));
}

/** "2·10⁻⁵"; one times a power is the power alone. */
export function scientific(mantissa, power) {
  const ten = `10${[...String(power)].map((c) => SMALL[c]).join("")}`;
  if (mantissa === 1) return ten;
  return minus(mantissa === -1 ? `-${ten}` : `${mantissa}·${ten}`);
}

/** The minus sign of typesetting. */
export const minus = (text) => text.replace(/^-/, "−");

/** Width of a text in pixels. */
export function textWidth(text, size = 13) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `${size}px system-ui, sans-serif`;
  return pen.measureText(plain(text)).width;
}

/** `*x*`, `**b**` and `[[name]]` in a text: pieces { text, style } with style "", "i", "b", "reading". */
export function pieces(text) {
  const found = [];
  let done = 0;
  for (const match of text.matchAll(MARKUP)) {
    if (match.index > done) found.push({ text: text.slice(done, match.index), style: "" });
    const which = match.findIndex((part, k) => k > 0 && part !== undefined);
    found.push({ text: match[which], style: ["", "b", "i", "reading"][which] });
    done = match.index + match[0].length;
  }
  if (done < text.length) found.push({ text: text.slice(done), style: "" });
  return found;
}

/** The same text without its marks. */
export const plain = (text) => pieces(text).map((piece) => piece.text).join("");

/** Write a text with marks into an SVG text element, or with "span" into one of HTML. */
export function writeMarked(node, text, tag = "tspan") {
  if (node.dataset.text === text) return node;
  node.dataset.text = text;
  const make = tag === "tspan" ? s : h;
  node.replaceChildren(...pieces(text).map((p) => (p.style ? make(tag, { class: `x-${p.style}` }, p.text) : p.text)));
  return node;
}

/** A number moved into a range. */
export const clamp = (value, lo, hi) => Math.min(Math.max(value, lo), hi);
