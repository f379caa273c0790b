/** Where the names of lines go: beside their ends, off each other and off the lines. */

import { samples } from "./clip.js";
import { clamp, each, plain, textWidth } from "./dom.js";

const HIGH = 16; // pixels, of a line of text
const SIZE = 13;
const SIDES = [[-1, -1], [-1, 1], [1, -1], [1, 1]]; // left or right of a spot, above or below it

/** Write the names that layers asked for; each stays where it was `before` if that still suits. */
export function drawLabels(group, asks, { lines, marks, spots, box }, before) {
  const covered = [...samples(lines.flatMap((l) => l.runs)), ...spots];
  const [taken, chosen] = [marks.map(markBox), new Map()];
  each(group, asks, "text", (ask) => {
    const found = best(ask, { covered, taken, box }, before.get(plain(ask.text)));
    chosen.set(plain(ask.text), found.choice);
    taken.push(found.area);
    const [x, y] = [found.area.left, found.area.bottom - 4].map((v) => v.toFixed(1));
    return { x, y, class: `x-label r-${ask.role}`, text: ask.text };
  });
  return chosen;
}

function markBox({ at: [x, y], text, anchor }) {
  const wide = textWidth(text, SIZE);
  const left = x - { start: 0, middle: wide / 2, end: wide }[anchor];
  return { left, right: left + wide, top: y - HIGH / 2, bottom: y + HIGH / 2 };
}

function best(ask, room, before) {
  const wide = textWidth(ask.text, SIZE);
  let found = null;
  ask.spots.forEach((spot, n) => {
    SIDES.forEach((side, m) => {
      const choice = `${n} ${m}`;
      const area = areaAt(spot, side, wide, room.box);
      const cost = costOf(area, room) + 3 * n + m - (choice === before ? 12 : 0);
      if (!found || cost < found.cost) found = { area, cost, choice };
    });
  });
  return found;
}

function areaAt([x, y], [sideways, upDown], wide, box) {
  const rough = sideways < 0 ? x - wide - 2 : x + 5;
  const left = clamp(rough, box.left + 3, Math.max(box.right - wide - 3, box.left + 3));
  const middle = clamp(y + upDown * (HIGH / 2 + 4), box.top + HIGH / 2, box.bottom - HIGH / 2);
  return { left, right: left + wide, top: middle - HIGH / 2, bottom: middle + HIGH / 2 };
}

function costOf(area, { covered, taken }) {
  let cost = 0;
  for (const other of taken) if (overlap(area, other)) cost += 400;
  for (const [x, y] of covered) {
    if (x > area.left - 3 && x < area.right + 3 && y > area.top - 1 && y < area.bottom + 1) cost += 7;
  }
  return cost;
}

function overlap(p, q) {
  return p.left < q.right + 4 && q.left < p.right + 4 && p.top < q.bottom && q.top < p.bottom;
}
