/** How far and in which steps things move in a panel, by hand or by keys; and what is read aloud. */

import { clamp, short } from "./dom.js";
import { tidy } from "./scale.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Steps [right, up] that a key asks for: ten with Shift, a tenth with Ctrl or Alt; null for others. */
export function arrowSteps(event) {
  const times = event.shiftKey ? 10 : event.ctrlKey || event.altKey ? 0.1 : 1;
  return KEYS[event.key]?.map((step) => step * times) || null;
}

/** The ranges and steps of a control in the panel of a view. */
export class Reach {
  constructor(view, control) {
    Object.assign(this, { view, control });
  }

  axis(which) {
    return which ? this.view.panel.y : this.view.panel.x;
  }

  /** The range of a coordinate (0: x, 1: y): the control's, or the axis where that is open. */
  range(which) {
    const axis = this.axis(which);
    const [lo, hi] = this.control[which ? "y" : "x"];
    return [lo ?? Math.min(axis.lo, axis.hi), hi ?? Math.max(axis.lo, axis.hi)];
  }

  /** A place moved into the range, as short numbers. */
  allowed(place) {
    return place.map((value, which) => {
      const [lo, hi] = this.range(which);
      return clamp(tidy(value, lo, hi, this.axis(which).log), lo, hi);
    });
  }

  /** A step is a fiftieth of the range, or what the control says; a factor on a logarithmic axis. */
  stepped(place, steps) {
    return place.map((value, which) => {
      const [lo, hi] = this.range(which);
      if (!steps[which]) return value;
      if (this.axis(which).log) return value * (hi / lo) ** (steps[which] / 50);
      return value + steps[which] * (this.control.step || (hi - lo) / 50);
    });
  }

  middle() {
    return [0, 1].map((which) => (this.range(which)[0] + this.range(which)[1]) / 2);
  }

  /** What a screen reader is told of a place; `which` coordinate is the value. */
  spoken(place, which = 0) {
    const [x, y] = place.map((v) => short(v));
    const bent = (v) => (this.axis(which).log ? Math.log10(v).toFixed(3) : v); // "1e-14" is no number to ARIA
    const [lo, hi, now] = [...this.range(which), place[which]].map(bent);
    return {
      "aria-valuemin": lo, "aria-valuemax": hi, "aria-valuenow": now,
      "aria-valuetext": `${this.axis(0).label || "x"}: ${x}, ${this.axis(1).label || "y"}: ${y}`,
    };
  }
}
