/** Lines and areas in pixels, cut off at the edge of a panel. */

/** Runs of points [x, y] between the gaps (null) of a layer's coordinates. */
export function runsOf(xs, ys, { x, y }) {
  const runs = [];
  let run = null;
  for (let k = 0; k < xs.length; k += 1) {
    const point = [x(xs[k]), y(ys[k])];
    if (Number.isNaN(point[0] + point[1])) run = null;
    else if (run) run.push(point);
    else runs.push((run = [point]));
  }
  return runs;
}

/** The parts of the runs inside a box. Far numbers would make a browser draw inexactly. */
export function clipRuns(runs, box) {
  const kept = [];
  for (const run of runs) clipRun(run, box, kept);
  return kept;
}

function clipRun(run, box, kept) {
  let last = null;
  for (let k = 1; k < run.length; k += 1) {
    const cut = poleBetween(run, k, box) ? null : clipSegment(run[k - 1], run[k], box);
    if (!cut) last = null;
    else if (last && last.at(-1) === run[k - 1]) last.push(cut[1]);
    else kept.push((last = [...cut]));
  }
}

/** A dense curve that leaves at the top and comes back at the bottom has a pole there. */
function poleBetween(run, k, box) {
  if (run.length < 50) return false;
  const [above, below] = [Math.min(run[k - 1][1], run[k][1]), Math.max(run[k - 1][1], run[k][1])];
  return above < box.top && below > box.bottom;
}

/** Liang and Barsky: the part of a segment inside a box; ends inside are kept as they are. */
function clipSegment(p, q, box) {
  const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
  let [from, to] = [0, 1];
  const sides = [
    [-dx, p[0] - box.left],
    [dx, box.right - p[0]],
    [-dy, p[1] - box.top],
    [dy, box.bottom - p[1]],
  ];
  for (const [pace, room] of sides) {
    if (pace === 0 && room < 0) return null;
    if (pace < 0) from = Math.max(from, room / pace);
    if (pace > 0) to = Math.min(to, room / pace);
  }
  if (from > to) return null;
  const at = (t) => [p[0] + t * dx, p[1] + t * dy];
  return [from === 0 ? p : at(from), to === 1 ? q : at(to)];
}

/** Sutherland and Hodgman: a closed outline cut to a box. */
export function clipArea(points, box) {
  const sides = [
    [(p) => p[0] >= box.left, (p, q) => crossX(p, q, box.left)],
    [(p) => p[0] <= box.right, (p, q) => crossX(p, q, box.right)],
    [(p) => p[1] >= box.top, (p, q) => crossY(p, q, box.top)],
    [(p) => p[1] <= box.bottom, (p, q) => crossY(p, q, box.bottom)],
  ];
  return sides.reduce((rest, [inside, cross]) => clipSide(rest, inside, cross), points);
}

function clipSide(points, inside, cross) {
  const kept = [];
  points.forEach((q, k) => {
    const p = points.at(k - 1);
    if (inside(p) !== inside(q)) kept.push(cross(p, q));
    if (inside(q)) kept.push(q);
  });
  return kept;
}

const crossX = (p, q, x) => [x, p[1] + ((x - p[0]) / (q[0] - p[0])) * (q[1] - p[1])];
const crossY = (p, q, y) => [p[0] + ((y - p[1]) / (q[1] - p[1])) * (q[0] - p[0]), y];

/** A box with a margin around it. */
export function grown(box, by) {
  return { left: box.left - by, right: box.right + by, top: box.top - by, bottom: box.bottom + by };
}

/** The text of an SVG path through runs of points. */
export function pathOf(runs, end = "") {
  return runs.map((run) => `M${run.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}${end}`).join("");
}

/** Points every few pixels along runs: what a label should not cover. */
export function samples(runs, every = 7) {
  const found = [];
  for (const run of runs) {
    for (let k = 1; k < run.length; k += 1) {
      const [p, q] = [run[k - 1], run[k]];
      const count = Math.max(1, Math.round(Math.hypot(q[0] - p[0], q[1] - p[1]) / every));
      const at = (t) => [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
      for (let j = 1; j <= count; j += 1) found.push(at(j / count));
    }
  }
  return found;
}

/** The head of an arrow: its outline, and where the shaft ends so that the tip stays sharp. */
export function headOf(p, q, size) {
  const length = Math.hypot(q[0] - p[0], q[1] - p[1]) || 1;
  const [ux, uy] = [(q[0] - p[0]) / length, (q[1] - p[1]) / length];
  const back = [q[0] - size * ux, q[1] - size * uy];
  const half = size * 0.42;
  const outline = [q, [back[0] - half * uy, back[1] + half * ux], [back[0] + half * uy, back[1] - half * ux]];
  return { outline, neck: [q[0] - 0.8 * size * ux, q[1] - 0.8 * size * uy] };
}
