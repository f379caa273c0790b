/** An explorable: panels, controls and words around one model (get, set, save_changes, on). */

import { hasBars, layersOf, leftMargin } from "./axes.js";
import { makeControl } from "./controls.js";
import { h, newId, set, write } from "./dom.js";
import { counts, Handles } from "./handles.js";
import { Panel, stillOf } from "./panel.js";
import { Clicks, Crosshair } from "./places.js";
import { trustList, Words } from "./words.js";

const GAP = 24; // between panels
const TWO_COLUMNS = 560; // from this width on
const SLOW = 400; // milliseconds after which a figure says that it computes

/** `render` of a kind of figures. */
export function mount(options = {}) {
  return ({ model, el }) => {
    const figure = new Figure({ model, el }, options);
    return () => figure.close();
  };
}

class Figure {
  constructor({ model, el }, options) {
    Object.assign(this, { model, options, problem: "", colors: {}, panels: new Map(), words: new Words() });
    this.about = model.get("figure");
    this.settings = { ...this.starts(), ...model.get("settings") };
    this.build(el);
    this.listen();
    this.redraw();
  }

  starts() {
    return Object.fromEntries(this.about.controls.map((c) => [c.name, c.start]));
  }

  build(el) {
    const [title, about] = [newId("title"), newId("about")];
    this.controls = this.about.controls.map((c) => makeControl(this, c)).filter(Boolean);
    this.grid = h("div", { class: "x-panels" });
    this.probe = h("span", { class: "x-probe", "aria-hidden": "true" });
    this.message = h("p", { class: "x-message", role: "status" });
    this.busy = h("span", { class: "x-busy", "aria-hidden": "true" });
    this.reset = h("button", { type: "button", class: "x-quiet", onclick: () => this.restart() }, "Back to the start");
    this.trust = h("div", { class: "x-trust-box" });
    const { caption, readings, table, live } = this.words;
    const hint = this.hint();
    this.root = h("div", { class: `x-figure x-kind-${this.about.kind}`, role: "group", "aria-labelledby": title, "aria-describedby": about },
      h("p", { class: "x-title", id: title }, this.about.title), h("p", { class: "x-unseen", id: about }, this.about.about),
      ...(hint ? [h("p", { class: "x-hint" }, hint)] : []), ...(this.options.game ? [readings] : []), this.grid,
      h("div", { class: "x-controls" }, ...this.controls.map((c) => c.el)), this.message, caption,
      ...(this.options.game ? [] : [readings]), table, this.trust,
      ...(this.about.controls.length ? [h("p", { class: "x-foot" }, this.reset, this.busy)] : []), live, this.probe);
    el.classList.add("x-host");
    el.replaceChildren(this.root);
  }

  /** How to touch what is in the panels; sliders and buttons explain themselves. */
  hint() {
    const some = (test) => this.about.controls.some(test);
    const grows = some((c) => c.type === "handles" && counts(c).least < counts(c).most);
    return [
      some((c) => c.type.startsWith("handle")) && "Drag what is orange (or Tab to it and use the arrow keys).",
      grows && "A click in the plot adds a point, Delete removes one.",
      some((c) => c.type === "clicks") && "Click in the plot (or Tab to it, move with the arrow keys, press Enter).",
    ].filter(Boolean).join(" ");
  }

  listen() {
    this.heard = {
      "change:scene": () => this.arrived(),
      "change:problem": () => this.refused(this.model.get("problem") || ""),
      "change:settings": () => this.fromOutside(),
    };
    for (const [event, heard] of Object.entries(this.heard)) this.model.on(event, heard);
    this.sizes = new ResizeObserver(() => this.root.clientWidth !== this.width && this.redraw(false, this.root.clientWidth));
    this.sizes.observe(this.root);
    const repaint = () => { this.colors = {}; this.redraw(); }; // pictures have the colors of screen or paper in them
    this.media = new AbortController();
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", repaint, this.media);
    this.themes = new MutationObserver(repaint);
    this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  /** Let go of the model and of everything that watches the page. */
  close() {
    for (const [event, heard] of Object.entries(this.heard)) this.model.off(event, heard);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.media.abort();
    clearTimeout(this.slow);
  }

  arrived() {
    this.answered();
    this.problem = "";
    this.grips((grip) => grip.settle?.());
    this.redraw(this.acted);
  }

  /** The last scene stays, dimmed; the reason stands under it. */
  refused(problem) {
    this.answered();
    this.problem = problem;
    this.showProblem();
    if (problem) this.words.tell(() => problem);
    this.controls.forEach((c) => c.update());
  }

  showProblem() {
    const field = this.about.controls.some((c) => c.type === "formula" && c.name === this.touched);
    write(this.message, field ? "" : this.problem);
    set(this.grid, "data-refused", this.problem ? "yes" : null);
  }

  fromOutside() {
    const given = { ...this.starts(), ...this.model.get("settings") };
    if (JSON.stringify(given) === JSON.stringify(this.settings)) return;
    this.settings = given;
    this.refresh();
  }

  /** A control was moved: show it at once, ask for the scene. */
  change(name, value, moving = false) {
    this.settings = { ...this.settings, [name]: value };
    this.touched = name;
    this.ask(moving);
  }

  /** Nothing is being dragged any more: now with all details. */
  rest() {
    if (this.moving) this.ask(false);
  }

  press(control) {
    const next = (this.settings[control.name] + 1) % (control.most + 1);
    const probes = this.about.controls.filter((c) => this.options.game && c.type === "clicks");
    for (const c of probes) this.settings = { ...this.settings, [c.name]: c.start }; // a new game has none
    this.change(control.name, next);
  }

  restart() {
    this.settings = this.starts();
    this.grips((grip) => grip.settle?.());
    this.ask(false);
    this.words.tell(() => "Back at the start.");
  }

  /** At most one request in a frame of the screen; the newest settings win. */
  ask(moving) {
    this.moving = moving;
    this.acted = true;
    this.refresh();
    if (this.pausing) return (this.late = true);
    this.send();
    this.pausing = true;
    requestAnimationFrame(() => {
      this.pausing = false;
      if (this.late) this.ask(this.moving);
    });
  }

  send() {
    this.late = false;
    this.model.set("moving", this.moving);
    this.model.set("settings", this.settings);
    this.model.save_changes();
    this.slow ??= setTimeout(() => write(this.busy, "computing"), SLOW);
  }

  answered() {
    clearTimeout(this.slow);
    this.slow = null;
    write(this.busy, "");
  }

  /** Controls and handles at their new values, before any answer. */
  refresh() {
    this.controls.forEach((c) => c.update());
    this.grips((grip) => grip.update());
    const same = JSON.stringify(this.settings) === JSON.stringify(this.starts());
    set(this.reset, "disabled", same ? "" : null);
  }

  /** Draw the scene. Width and colors are kept: to measure them anew would lay the page out twice. */
  redraw(aloud = false, width = this.width || this.root.clientWidth) {
    const scene = this.model.get("scene");
    this.width = width;
    if (!scene || !this.width) return;
    const panels = scene.panels.map((panel) => ({ ...panel, ...stillOf(panel) }));
    this.layOut(panels);
    this.words.update(scene, aloud);
    this.showTrust(scene.trust);
    this.showProblem();
    this.refresh();
  }

  layOut(panels) {
    const cells = cellsOf(panels);
    const columns = cells.length > 1 && this.width >= TWO_COLUMNS ? 2 : 1;
    const width = (this.width - GAP * (columns - 1)) / columns;
    const wide = (k) => columns === 2 && k === 0 && cells.length % 2 === 1;
    const widths = new Map(cells.flatMap((cell, k) => cell.map((panel) => [panel, wide(k) ? this.width : width])));
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.arrange(cells, wide);
    this.drawPanels(panels, widths);
  }

  /** Panels into their cells; nothing is moved that is where it belongs. */
  arrange(cells, wide) {
    const key = JSON.stringify(cells.map((cell, k) => [wide(k), ...cell.map((panel) => panel.name)]));
    if (key === this.arranged) return;
    this.arranged = key;
    const made = cells.map(([first, ...low], k) => {
      const [view, ...below] = [first, ...low].map((panel) => this.view(panel.name));
      const rest = h("div", { class: "x-rest" }, view.body, ...below.flatMap((one) => [one.head, one.body]));
      return h("div", { class: "x-cell", "data-wide": wide(k) ? "yes" : null }, view.head, rest);
    });
    this.grid.replaceChildren(...made);
  }

  drawPanels(panels, widths) {
    const theme = `${this.color("--ink")} ${this.color("--class-0")}`;
    const lefts = panels.map((panel) => leftMargin(panel, widths.get(panel)));
    const needed = Math.max(0, ...lefts.filter((_, k) => sharesLeft(panels[k])));
    const key = `${this.width} ${this.arranged}`;
    this.left = key === this.leftKey ? Math.max(this.left, needed) : needed; // never jumps back and forth
    this.leftKey = key;
    panels.forEach((panel, k) => {
      this.view(panel.name).update(panel, widths.get(panel), sharesLeft(panel) ? this.left : lefts[k], theme);
    });
  }

  view(name) {
    if (!this.panels.has(name)) {
      const view = new Panel(this);
      this.panels.set(name, view);
      for (const control of this.about.controls) if ((control.panel || "") === name) this.touchable(control, view);
    }
    return this.panels.get(name);
  }

  touchable(control, view) {
    if (control.type === "clicks") view.grips.set(control.name, new Clicks(this, control, view));
    if (!control.type.startsWith("handle")) return;
    const grip = new Handles(this, control, view);
    view.grips.set(control.name, grip);
    if (grip.single || counts(control).least === counts(control).most) return;
    const adding = { label: `add: ${control.label}`, place: (p) => grip.add(p), open: () => grip.canAdd };
    view.grips.set(`${control.name} cross`, new Crosshair(view, control, adding));
  }

  grips(act) {
    for (const view of this.panels.values()) view.grips.forEach(act);
  }

  /** What a control has in a panel. */
  grip(control) {
    return this.panels.get(control.panel)?.grips.get(control.name);
  }

  /** The trust box of a page follows its figure by itself; in a notebook it stands below. */
  showTrust(statements) {
    const shown = this.model.get("trust") && statements.length;
    this.trust.hidden = !shown;
    if (shown) this.trust.replaceChildren(trustList(statements));
  }

  /** Red, green, blue of a color variable, whatever it is written as. */
  color = (name) => {
    if (!(name in this.colors)) this.probe.style.color = `var(${name})`;
    return (this.colors[name] ??= getComputedStyle(this.probe).color.match(/[\d.]+/g).slice(0, 3).map(Number));
  };
}

/** Axes line up under each other; graphs and bars have margins of their own. */
const sharesLeft = (panel) => !panel.bare && !hasBars(layersOf(panel));

/** A low panel (residuals under a fit) stands in one cell with the panel above it. */
function cellsOf(panels) {
  const cells = [];
  panels.forEach((panel) => (cells.length && isLow(panel) ? cells.at(-1).push(panel) : cells.push([panel])));
  return cells;
}

const isLow = (panel) => panel.height < 0.4 && !panel.equal && !panel.bare;
