/** Graphs: nodes with a value above and an adjoint below, edges with weights. */

import { headOf } from "./clip.js";
import { pool, s, set, setAll, textWidth, writeMarked } from "./dom.js";

const SIZE = 15;

/** Places and half sizes of all nodes of a panel, by id: the edges end at their borders. */
export function placeNodes(layers, frame) {
  const found = new Map();
  for (const layer of layers) {
    if (layer.type !== "nodes") continue;
    for (const node of layer.nodes) found.set(String(node.id), geometry(node, frame));
  }
  return found;
}

function geometry(node, frame) {
  const wide = textWidth(node.label || "", SIZE) / 2 + 10;
  const round = node.shape === "circle";
  const half = round ? Math.max(wide, 17) : wide;
  return { x: frame.x(node.x), y: frame.y(node.y), round, w: Math.max(half, 17), h: round ? Math.max(half, 17) : 17 };
}

export function nodes(g, layer, frame) {
  const groups = pool(g, layer.nodes.length, makeNode);
  layer.nodes.forEach((node, k) => drawNode(groups[k], node, frame.nodes.get(String(node.id))));
  const stops = layer.nodes.map((node) => {
    const at = frame.nodes.get(String(node.id));
    return { x: at.x, y: at.y, id: String(node.id), text: nodeText(node), reach: Math.max(at.w, at.h) };
  });
  frame.out.walks.push({ label: "nodes", stops });
  frame.out.tips.push(...stops);
}

function makeNode() {
  const text = (name) => s("text", { class: name, "text-anchor": "middle" });
  return s("g", {}, s("rect", { class: "x-node-shape" }), text("x-node-label"), text("x-node-value"), text("x-node-adjoint"));
}

function drawNode(g, node, at) {
  setAll(g, { class: `x-node r-${node.role || "ink"}`, transform: `translate(${at.x.toFixed(1)},${at.y.toFixed(1)})` });
  g.dataset.node = node.id;
  const [shape, label, value, adjoint] = g.children;
  setAll(shape, { x: -at.w, y: -at.h, width: 2 * at.w, height: 2 * at.h, rx: at.round ? at.w : 5 });
  setAll(label, { dy: "0.34em" });
  setAll(value, node.label ? { y: -at.h - 7, dy: null } : { y: 0, dy: "0.34em" }); // inside where there is room
  setAll(adjoint, { y: at.h + 16 });
  writeMarked(label, node.label || "");
  writeMarked(value, node.value || "");
  writeMarked(adjoint, node.adjoint || "");
}

const nodeText = ({ id, label, value, adjoint }) =>
  [label || id, value && `value ${value}`, adjoint && `adjoint ${adjoint}`].filter(Boolean).join(", ");

export function edges(g, layer, frame) {
  const known = layer.edges.filter((e) => frame.nodes.has(String(e.from)) && frame.nodes.has(String(e.to)));
  const groups = pool(g, known.length, () =>
    s("g", {}, s("path", { class: "x-edge" }), s("path", { class: "x-arrowhead" }), s("text", { class: "x-edge-label", "text-anchor": "middle" })),
  );
  known.forEach((edge, k) => drawEdge(groups[k], edge, frame, known.length));
}

/** Width says how much, a dashed line says negative. */
function drawEdge(g, edge, frame, count) {
  const [p, q] = [frame.nodes.get(String(edge.from)), frame.nodes.get(String(edge.to))];
  const [from, to] = [border(p, q), border(q, p)];
  const weight = edge.weight ?? 0.15;
  setAll(g, { class: `x-edge-group r-${edge.role || "muted"}`, "data-from": edge.from, "data-to": edge.to });
  const [path, head, label] = g.children;
  const arrow = headOf(from, to, count > 40 ? 0 : 8);
  setAll(path, {
    d: `M${from.map(fixed)}L${(count > 40 ? to : arrow.neck).map(fixed)}`,
    "stroke-width": (0.8 + 4.2 * Math.min(Math.abs(weight), 1)).toFixed(2),
    "stroke-dasharray": weight < 0 ? "5 4" : null,
  });
  set(head, "d", count > 40 ? "" : `M${arrow.outline.map((v) => v.map(fixed)).join("L")}Z`);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const aside = 11 / (Math.hypot(dx, dy) || 1); // above the edge, whichever way it runs
  const [nx, ny] = dx < 0 ? [-dy, dx] : [dy, -dx];
  setAll(label, { x: fixed((from[0] + to[0]) / 2 + nx * aside), y: fixed((from[1] + to[1]) / 2 + ny * aside), dy: "0.32em" });
  writeMarked(label, edge.label || "");
}

const fixed = (v) => v.toFixed(1);

/** Where the straight line from one node to another leaves the first. */
function border(at, other) {
  const [dx, dy] = [other.x - at.x, other.y - at.y];
  const length = Math.hypot(dx, dy) || 1;
  const reach = at.round ? at.w / length : Math.min(at.w / (Math.abs(dx) || 1e-9), at.h / (Math.abs(dy) || 1e-9));
  return [at.x + dx * reach, at.y + dy * reach];
}
