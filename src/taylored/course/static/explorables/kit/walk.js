/** A walk over points, bars or nodes by keyboard: one stop of the Tab key, arrows go from one to the next. */

import { clamp, pool, s, set, setAll } from "./dom.js";

const STEP = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export class Walks {
  constructor(view) {
    Object.assign(this, { view, group: view.parts.walks, at: [] });
  }

  update(walks) {
    this.walks = walks.filter((walk) => walk.stops.length);
    const rings = pool(this.group, this.walks.length, () => this.make());
    this.walks.forEach((walk, k) => {
      this.at[k] = clamp(this.at[k] ?? 0, 0, walk.stops.length - 1);
      this.place(rings[k], k);
    });
  }

  make() {
    const ring = s("circle", { class: "x-walk", r: 12, tabindex: 0, role: "slider" });
    const which = () => [...this.group.children].indexOf(ring);
    ring.addEventListener("keydown", (event) => this.key(event, which()));
    ring.addEventListener("focus", () => this.show(which()));
    ring.addEventListener("blur", () => this.near(null));
    return ring;
  }

  place(ring, k) {
    const { label, stops } = this.walks[k];
    const stop = stops[this.at[k]];
    setAll(ring, {
      cx: stop.x.toFixed(1), cy: stop.y.toFixed(1), r: (stop.reach || 8) + 4, "aria-label": `walk along the ${label}`,
      "aria-valuemin": 1, "aria-valuemax": stops.length, "aria-valuenow": this.at[k] + 1, "aria-valuetext": stop.text,
    });
    if (ring === document.activeElement) this.show(k);
  }

  key(event, k) {
    const step = STEP[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.at[k] = clamp(this.at[k] + step, 0, this.walks[k].stops.length - 1);
    this.place(this.group.children[k], k);
  }

  show(k) {
    this.near(this.walks[k].stops[this.at[k]]);
  }

  /** Say what is at a stop; of a graph, the edges that meet there stand out. */
  near(stop) {
    this.view.say(stop);
    for (const edge of this.view.svg.querySelectorAll("[data-from]")) {
      const meets = stop && [edge.dataset.from, edge.dataset.to].includes(stop.id);
      set(edge, "data-near", stop?.id ? (meets ? "yes" : "no") : null);
    }
  }
}
