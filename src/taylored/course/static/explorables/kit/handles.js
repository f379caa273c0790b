/** Points to drag: mouse, touch, pen and keys. They move at once; the scene follows. */

import { pool, s, setAll } from "./dom.js";
import { arrowSteps, Reach } from "./reach.js";
import { acrossAt, lineThrough, nearest } from "./track.js";

const WAYS = { x: "M-11,-4l-5,4l5,4M11,-4l5,4l-5,4", y: "M-4,-11l4,-5l4,5M-4,11l4,5l4,-5" };

/** The least and the most points that a control allows. */
export function counts({ least, most, at }) {
  return { least: least || at.length, most: most || at.length };
}

export class Handles {
  constructor(figure, control, view) {
    Object.assign(this, { figure, control, view, along: control.along, current: 0 });
    this.single = control.type === "handle";
    this.which = this.along === "y" ? 1 : 0; // the coordinate that is told as the value
    this.reach = new Reach(view, control);
    this.group = s("g");
    this.held = new Map(); // what the browser shows ahead of the next scene, by index
    view.parts.grips.append(this.group);
  }

  get list() {
    const value = this.figure.settings[this.control.name];
    return this.single ? [value] : value;
  }

  placed(index) {
    const given = this.view.panel.handles?.[this.control.name];
    return given && (this.single ? given : given[index]);
  }

  /** Where a handle is drawn: the reader's coordinates, and what the scene says of the rest. */
  shown(index) {
    if (this.held.has(index)) return this.held.get(index);
    const [own, placed] = [this.list[index], this.placed(index)];
    if (!placed) return own;
    return this.along === "x" ? [own[0], placed[1]] : this.along === "y" ? [placed[0], own[1]] : placed;
  }

  pixels(index) {
    const [x, y] = this.shown(index);
    return [this.view.frame.x(x), this.view.frame.y(y)];
  }

  places() {
    return this.list.map((_, index) => this.pixels(index));
  }

  /** A scene has come: what it says replaces what the browser had guessed, except in the hand. */
  settle() {
    for (const index of [...this.held.keys()]) if (index !== this.grabbed) this.held.delete(index);
  }

  update() {
    pool(this.group, this.list.length, () => this.make()).forEach((grip, index) => this.draw(grip, index));
  }

  draw(grip, index) {
    const [px, py] = this.pixels(index);
    const count = this.list.length;
    setAll(grip, {
      transform: `translate(${px.toFixed(1)},${py.toFixed(1)})`,
      "aria-label": count === 1 ? this.control.label : `${this.control.label} ${index + 1} of ${count}`,
      "aria-orientation": this.along === "y" ? "vertical" : null,
      ...this.reach.spoken(this.shown(index), this.which),
    });
  }

  make() {
    const grip = s("g", { class: `x-grip${this.single ? "" : " x-small"}`, tabindex: 0, role: "slider" });
    grip.append(s("circle", { class: "x-hit", r: 14 }), s("circle", { class: "x-ring", r: 14 }));
    if (WAYS[this.along]) grip.append(s("path", { class: "x-way", d: WAYS[this.along] }));
    grip.append(s("circle", { class: "x-knob", r: this.single ? 8 : 6.5 }));
    const index = () => [...this.group.children].indexOf(grip);
    grip.addEventListener("pointerdown", (event) => this.grab(event, grip, index()));
    grip.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false }); // no swipe back
    grip.addEventListener("keydown", (event) => this.key(event, index()));
    grip.addEventListener("keyup", () => this.figure.rest());
    grip.addEventListener("focus", () => (this.current = index()));
    return grip;
  }

  grab(event, grip, index) {
    if (event.button) return;
    event.preventDefault();
    grip.focus({ preventScroll: true });
    grip.setPointerCapture(event.pointerId);
    this.view.say(null);
    const [start, hand] = [this.pixels(index), this.view.local(event)];
    const offset = [start[0] - hand[0], start[1] - hand[1]]; // the point does not jump to the finger
    const track = this.trackOf(index);
    this.grabbed = index;
    const released = new AbortController();
    const move = (e) => this.drag(index, this.view.local(e).map((v, k) => v + offset[k]), track);
    const stop = () => {
      released.abort();
      this.grabbed = undefined;
      this.figure.rest();
    };
    grip.addEventListener("pointermove", move, released);
    for (const end of ["pointerup", "pointercancel"]) grip.addEventListener(end, stop, released);
  }

  /** Still lines only: one that moves with the handle is no track. */
  trackOf(index) {
    return this.placed(index) ? lineThrough(this.view.stillOut.lines, this.pixels(index)) : null;
  }

  drag(index, hand, track) {
    const { x, y } = this.view.frame;
    const [px, py] = track && this.along === "both" ? nearest(track, hand).at : hand;
    this.move(index, [x.invert(px), y.invert(py)], { moving: true, track });
  }

  key(event, index) {
    if (["Delete", "Backspace"].includes(event.key)) return this.remove(index, event);
    const to = this.keyTarget(event, index);
    if (!to) return;
    event.preventDefault();
    this.move(index, to, { moving: event.repeat, track: this.trackOf(index) });
  }

  keyTarget(event, index) {
    const at = this.shown(index);
    const end = ["Home", "End"].indexOf(event.key);
    if (end >= 0) return at.map((v, k) => (k === this.which ? this.reach.range(k)[end] : v));
    const steps = arrowSteps(event);
    if (!steps) return null;
    const sum = steps[0] + steps[1]; // along one axis both pairs of keys move it
    return this.reach.stepped(at, this.along === "x" ? [sum, 0] : this.along === "y" ? [0, sum] : steps);
  }

  move(index, place, { moving, track }) {
    const own = this.list[index];
    const free = this.reach.allowed(place);
    const to = this.along === "x" ? [free[0], own[1]] : this.along === "y" ? [own[0], free[1]] : free;
    this.held.set(index, this.ahead(index, to, track));
    this.set(this.list.map((p, k) => (k === index ? to : p)), moving);
  }

  set(list, moving = false) {
    this.figure.change(this.control.name, this.single ? list[0] : list, moving);
  }

  /** Where the next scene will most likely show the handle. */
  ahead(index, to, track) {
    if (this.along === "both") return to;
    const [mine, other] = [this.which, 1 - this.which];
    const scales = [this.view.frame.x, this.view.frame.y];
    const across = track && acrossAt(track, mine, scales[mine](to[mine]));
    const place = [...to];
    place[other] = across === null ? this.shown(index)[other] : scales[other].invert(across);
    return place;
  }

  get canAdd() {
    return !this.single && this.list.length < counts(this.control).most;
  }

  add(place) {
    if (!this.canAdd) return;
    this.current = this.list.length;
    this.set([...this.list, this.reach.allowed(place)]);
  }

  /** In the middle of the widest gap, for those who add by a button. */
  addInGap() {
    const sorted = [...this.list].sort((p, q) => p[0] - q[0]);
    if (sorted.length < 2) return this.add(this.reach.middle());
    const gaps = sorted.slice(1).map((q, k) => [sorted[k], q]);
    const [p, q] = gaps.reduce((best, gap) => (gap[1][0] - gap[0][0] > best[1][0] - best[0][0] ? gap : best));
    this.add([(p[0] + q[0]) / 2, (p[1] + q[1]) / 2]);
  }

  remove(index = this.current, event = null) {
    if (this.single || this.list.length <= counts(this.control).least) return;
    event?.preventDefault();
    this.held.clear();
    const gone = Math.min(index, this.list.length - 1);
    this.set(this.list.filter((_, k) => k !== gone));
    if (event) this.group.children[Math.min(gone, this.list.length - 1)]?.focus();
  }
}
