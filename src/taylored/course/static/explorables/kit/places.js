/** Places to choose in a panel: a click, or a crosshair moved by the arrow keys and Enter. */

import { s, set, setAll } from "./dom.js";
import { arrowSteps, Reach } from "./reach.js";

/** A crosshair over a panel; `place` is called with each point [x, y] that is chosen. */
export class Crosshair {
  constructor(view, control, { label, place, open }) {
    Object.assign(this, { view, label, place, open });
    this.reach = new Reach(view, { ...control, step: 0 });
    this.lines = s("path", { class: "x-cross-lines" });
    this.ring = s("circle", { class: "x-cross-ring", r: 9 });
    this.el = s("g", { class: "x-cross", tabindex: 0, role: "slider", "aria-roledescription": "crosshair" }, this.lines, this.ring);
    view.parts.cross.append(this.el);
    this.el.addEventListener("keydown", (event) => this.key(event));
    view.svg.addEventListener("click", (event) => this.click(event));
  }

  update() {
    const { frame, svg } = this.view;
    set(svg, "class", this.open() ? "x-clickable" : null);
    this.at ??= this.reach.middle();
    const [x, y] = [frame.x(this.at[0]), frame.y(this.at[1])].map((v) => Number(v.toFixed(1)));
    setAll(this.lines, { d: `M${frame.box.left},${y}H${frame.box.right}M${x},${frame.box.top}V${frame.box.bottom}` });
    setAll(this.ring, { cx: x, cy: y });
    const label = `${this.label}: move with the arrow keys, choose with Enter`;
    setAll(this.el, { "aria-label": label, ...this.reach.spoken(this.at) });
  }

  key(event) {
    const steps = arrowSteps(event);
    if (!steps && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!steps) return this.choose(this.at);
    this.at = this.reach.allowed(this.reach.stepped(this.at, steps));
    this.update();
  }

  click(event) {
    const { box, x, y } = this.view.frame;
    const [px, py] = this.view.local(event);
    const off = px < box.left || px > box.right || py < box.top || py > box.bottom;
    if (off || event.target.closest(".x-grip")) return;
    this.at = this.reach.allowed([x.invert(px), y.invert(py)]);
    this.choose(this.at);
  }

  choose(at) {
    if (this.open()) this.place([...at]);
    this.update();
  }

  places() {
    return [];
  }
}

/** Clicked places as a setting: one place moves, several are collected up to their number. */
export class Clicks extends Crosshair {
  constructor(figure, control, view) {
    const list = () => figure.settings[control.name];
    const open = () => control.most === 1 || list().length < control.most;
    const place = (point) => figure.change(control.name, control.most === 1 ? [point] : [...list(), point]);
    super(view, control, { label: control.label, place, open });
    this.back = () => figure.change(control.name, list().slice(0, -1));
    this.clear = () => figure.change(control.name, control.start);
  }
}
