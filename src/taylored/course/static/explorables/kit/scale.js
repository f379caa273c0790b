/** Scales and ticks: from numbers to pixels, and where an axis writes its numbers. */

import { minus, scientific, short } from "./dom.js";

/** A function from values to pixels, with `invert` for the way back. */
export function scale(axis, from, to) {
  const bend = axis.log ? (v) => (v > 0 ? Math.log10(v) : NaN) : (v) => v;
  const lo = bend(axis.lo);
  const slope = (to - from) / (bend(axis.hi) - lo || 1);
  const place = (value) => (value === null ? NaN : from + slope * (bend(value) - lo));
  place.log = axis.log;
  place.invert = (pixel) => {
    const bent = lo + (pixel - from) / slope;
    return axis.log ? 10 ** bent : bent;
  };
  return place;
}

/** Ticks { value, text } of an axis that has room for about `count` of them. */
export const ticks = (axis, count) => axis.log ? logTicks(axis, count) : linearTicks(axis, count);

function linearTicks({ lo, hi }, count) {
  const step = niceStep((hi - lo) / Math.max(count, 1));
  const first = Math.ceil(lo / step - 1e-9);
  const values = [];
  for (let k = first; k * step <= hi + step * 1e-9; k += 1) values.push(k * step);
  const largest = Math.max(Math.abs(lo), Math.abs(hi));
  return values.map((value) => ({ value, text: tickText(value, step, largest) }));
}

/** The nearest of 1, 2, 5 times a power of ten. */
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const part = rough / power;
  return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

function tickText(value, step, largest) {
  if (Math.abs(value) < step * 1e-6) return "0";
  if (largest >= 1e5 || step < 1e-4) return short(value, 6);
  return minus(value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))));
}

/** On less than two decades the powers of ten alone would leave an axis almost bare. */
function logTicks({ lo, hi }, count) {
  const [from, to] = [Math.floor(Math.log10(lo) + 1e-9), Math.floor(Math.log10(hi) + 1e-9)];
  const few = Math.log10(hi / lo) < 2;
  const every = few ? 1 : Math.ceil((to - from) / Math.max(count, 2));
  const found = [];
  for (let p = from; p <= to; p += every) {
    for (const m of few ? [1, 2, 5] : [1]) found.push({ value: m * 10 ** p, text: few ? short(m * 10 ** p) : decade(p) });
  }
  return found.filter(({ value }) => value >= lo * 0.999 && value <= hi * 1.001);
}

function decade(power) {
  if (power >= -2 && power <= 3) return String(Number((10 ** power).toPrecision(1)));
  return scientific(1, power);
}

/** Round to what a screen can tell apart, so that settings are short numbers. */
export function tidy(value, lo, hi, log = false) {
  if (log) return Number(value.toPrecision(4));
  const grain = 10 ** Math.floor(Math.log10((hi - lo) / 2000));
  return Number((Math.round(value / grain) * grain).toPrecision(12));
}
