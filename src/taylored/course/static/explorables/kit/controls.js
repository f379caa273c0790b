/** Controls beside a figure: sliders, choices, switches, buttons, formulas. Native elements, styled. */

import { clamp, h, newId, set, write } from "./dom.js";
import { counts } from "./handles.js";
import { tidy } from "./scale.js";

const FINE = 400; // positions of a slider without steps

const MAKE = { slider, choice, toggle, button, formula, handles: pointButtons, clicks: placeButtons };

/** { el, update() } of a control, or null where it lives in a panel alone. */
export function makeControl(figure, control) {
  return MAKE[control.type]?.(figure, control) || null;
}

const whole = ({ lo, step }) => step > 0 && Number.isInteger(step) && Number.isInteger(lo);
const press = (text, onclick, name = "x-button") => h("button", { type: "button", class: name, onclick }, text);

/** Positions 0 .. count of a slider, and the way between them and values. */
function positions(control) {
  const { lo, hi, step, log } = control;
  if (step > 0 && !log) {
    const count = Math.ceil((hi - lo) / step - 1e-9);
    const value = (k) => (k >= count ? hi : Number((lo + k * step).toPrecision(12)));
    return { count, value, index: (v) => clamp(Math.round((v - lo) / step), 0, count) };
  }
  const [bend, back] = log ? [Math.log, Math.exp] : [(v) => v, (v) => v];
  const span = bend(hi) - bend(lo);
  const near = (v) => (whole(control) ? Math.round(v) : log ? Number(v.toPrecision(3)) : tidy(v, lo, hi));
  const inner = (k) => clamp(near(back(bend(lo) + (span * k) / FINE)), lo, hi);
  const value = (k) => (k <= 0 ? lo : k >= FINE ? hi : inner(k));
  return { count: FINE, value, index: (v) => clamp(Math.round((FINE * (bend(v) - bend(lo))) / span), 0, FINE) };
}

/** The place of a control: its parts, and one sentence of help where there is one. */
function box(tag, control, field, ...parts) {
  const help = control.help ? [h("p", { class: "x-help", id: newId("help") }, control.help)] : [];
  if (help.length) set(field, "aria-describedby", help[0].id);
  return h(tag, { class: `x-control x-is-${control.type}` }, ...parts, ...help);
}

const nameOf = (control, field) => h("label", { for: (field.id = newId("field")), class: "x-name" }, control.label);

function slider(figure, control) {
  const { name, unit, label, lo, hi } = control;
  const scale = positions(control);
  const range = h("input", { type: "range", min: 0, max: scale.count, step: 1 });
  const number = h("input", { type: "number", min: lo, max: hi, step: "any", "aria-label": `${label}, as a number` });
  range.addEventListener("input", () => figure.change(name, scale.value(Number(range.value)), true));
  range.addEventListener("change", () => figure.rest());
  number.addEventListener("change", () => figure.change(name, typed(number, control, figure.settings[name])));
  const beside = h("span", { class: "x-value" }, number, ...(unit ? [h("span", { class: "x-unit" }, unit)] : []));
  const update = () => {
    const value = figure.settings[name];
    const text = String(Number(value.toPrecision(6)));
    if (scale.value(Number(range.value)) !== value) range.value = scale.index(value);
    set(range, "aria-valuetext", unit ? `${text} ${unit}` : text);
    range.style.setProperty("--x-part", `${(100 * scale.index(value)) / scale.count}%`);
    number.value = text;
  };
  return { el: box("div", control, range, nameOf(control, range), range, beside), update };
}

/** What was typed, moved into the range; nothing readable leaves the value as it was. */
function typed(field, control, before) {
  const value = field.value.trim() === "" ? NaN : Number(field.value);
  const kept = Number.isFinite(value) ? clamp(value, control.lo, control.hi) : before;
  return whole(control) ? Math.round(kept) : kept;
}

function choice(figure, control) {
  const letters = control.options.map(([, label]) => label).join("").length;
  return control.options.length > 5 || letters > 64 ? menu(figure, control) : radios(figure, control);
}

function menu(figure, control) {
  const field = h("select", {}, ...control.options.map(([value, label]) => h("option", { value }, label)));
  field.addEventListener("change", () => figure.change(control.name, field.value));
  return { el: box("div", control, field, nameOf(control, field), field), update: () => (field.value = figure.settings[control.name]) };
}

function radios(figure, control) {
  const group = newId("radio");
  const inputs = control.options.map(([value]) => h("input", { type: "radio", name: group, value }));
  const labels = inputs.map((input, k) => h("label", {}, input, h("span", {}, control.options[k][1])));
  const options = h("div", { class: "x-options" }, ...labels);
  const el = box("fieldset", control, inputs[0], h("legend", { class: "x-name" }, control.label), options);
  el.addEventListener("change", (event) => figure.change(control.name, event.target.value));
  return { el, update: () => inputs.forEach((input) => (input.checked = input.value === figure.settings[control.name])) };
}

function toggle(figure, control) {
  const input = h("input", { type: "checkbox" });
  input.addEventListener("change", () => figure.change(control.name, input.checked));
  const el = box("div", control, input, h("label", {}, input, h("span", {}, control.label)));
  return { el, update: () => (input.checked = figure.settings[control.name]) };
}

function button(figure, control) {
  const made = press(control.label, () => figure.press(control));
  return { el: box("div", control, made, made), update: () => {} };
}

function formula(figure, control) {
  const problem = h("p", { class: "x-problem", id: newId("problem") });
  const field = h("input", { type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off", maxlength: 200, "aria-details": problem.id });
  let waiting = 0;
  const send = (after) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => field.value !== figure.settings[control.name] && figure.change(control.name, field.value), after);
  };
  field.addEventListener("input", () => send(400)); // while typing, formulas are mostly unfinished
  field.addEventListener("change", () => send(0));
  const examples = control.examples.map((text) => press(text, () => figure.change(control.name, text), "x-example"));
  const update = () => {
    if (document.activeElement !== field || !waiting) field.value = figure.settings[control.name];
    const wrong = figure.touched === control.name ? figure.problem : "";
    set(field, "aria-invalid", wrong ? "true" : null);
    write(problem, wrong);
  };
  return { el: box("div", control, field, nameOf(control, field), field, h("div", { class: "x-examples" }, ...examples), problem), update };
}

/** Points that may be added and removed: buttons for those who cannot click or press Delete. */
function pointButtons(figure, control) {
  const { least, most } = counts(control);
  if (least === most) return null;
  const add = press("Add a point", () => figure.grip(control)?.addInGap());
  const remove = press("Remove a point", () => figure.grip(control)?.remove());
  const update = () => {
    const count = figure.settings[control.name].length;
    set(add, "disabled", count >= most ? "" : null);
    set(remove, "disabled", count <= least ? "" : null);
  };
  return { el: group(control, add, remove), update };
}

const group = (control, ...parts) => h("div", { class: "x-control x-press", role: "group", "aria-label": control.label }, ...parts);

function placeButtons(figure, control) {
  const back = press("Take back the last place", () => figure.grip(control)?.back());
  const clear = press("Clear all places", () => figure.grip(control)?.clear());
  const count = h("span", { class: "x-count" });
  const { game } = figure.options; // what was probed in a game cannot be taken back
  const update = () => {
    const used = figure.settings[control.name].length;
    for (const one of [back, clear]) set(one, "disabled", used ? null : "");
    const left = `${control.most - used} of ${control.most} ${game ? "probes" : "places"} left`;
    write(count, control.most === 1 ? "" : left);
  };
  return { el: group(control, ...(game ? [] : [back, clear]), count), update };
}
