/** The drawn line that a handle sits on: the browser keeps it there without asking the server. */

const CLOSE = 2.5; // pixels

/** The runs of the first line through a place, or null. */
export function lineThrough(lines, place) {
  return lines.find(({ runs }) => nearest(runs, place)?.far < CLOSE)?.runs ?? null;
}

/** The point of some runs that is nearest to a place. */
export function nearest(runs, [x, y]) {
  let best = null;
  for (const [p, q] of segments(runs)) {
    const at = foot(p, q, x, y);
    const far = Math.hypot(at[0] - x, at[1] - y);
    if (!best || far < best.far) best = { at, far };
  }
  return best;
}

function* segments(runs) {
  for (const run of runs) for (let k = 1; k < run.length; k += 1) yield [run[k - 1], run[k]];
}

function foot(p, q, x, y) {
  const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
  const t = ((x - p[0]) * dx + (y - p[1]) * dy) / (dx * dx + dy * dy || 1);
  const part = Math.min(Math.max(t, 0), 1);
  return [p[0] + part * dx, p[1] + part * dy];
}

/** The other coordinate of a line where one of them (0: x, 1: y) has a value; null off its ends. */
export function acrossAt(runs, which, value) {
  for (const [p, q] of segments(runs)) {
    const [lo, hi] = [p[which], q[which]];
    if ((value - lo) * (value - hi) > 0 || lo === hi) continue;
    return p[1 - which] + ((value - lo) / (hi - lo)) * (q[1 - which] - p[1 - which]);
  }
  return null;
}
