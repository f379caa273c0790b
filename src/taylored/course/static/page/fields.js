/** What a learner types, by the kind of answer: read it, put a draft back, show it as it is read. */

import { preview } from "./preview.js";

const typed = (form) => [...form.querySelectorAll("input[type=text], textarea")];
const groups = (form) => [...form.querySelectorAll("fieldset.item")];

/** The answer in a form: a text, a list of texts, or the id of an option. */
export function answerOf(form, kind) {
  if (kind === "choice") return form.querySelector("input:checked")?.value ?? "";
  if (kind === "match") {
    return groups(form).map((group) => group.querySelector("input:checked")?.value ?? "");
  }
  const texts = typed(form).map((field) => field.value);
  const several = kind === "formulas" || kind === "place" || texts.length > 1;
  return several ? texts : texts[0];
}

/** Put an answer into a form. */
export function putAnswer(form, kind, answer) {
  if (answer === null || answer === undefined) return;
  const parts = Array.isArray(answer) ? answer : [answer];
  if (kind === "choice") check(form, parts[0]);
  else if (kind === "match") groups(form).forEach((group, at) => check(group, parts[at]));
  else typed(form).forEach((field, at) => put(field, parts[at]));
}

function check(within, value) {
  for (const input of within.querySelectorAll("input")) input.checked = input.value === value;
}

function put(field, text) {
  if (typeof text !== "string" || field.value === text) return;
  field.value = text;
  field.dispatchEvent(new Event("filled"));
}

/** Whether nothing is filled in. */
export function isEmpty(answer) {
  return Array.isArray(answer) ? answer.every((part) => !part.trim()) : !answer.trim();
}

/** Under each field, the formula or matrix as it is read. */
export function startPreviews(form) {
  for (const field of form.querySelectorAll("[data-reads]")) {
    const seen = form.querySelector(`output[for="${field.id}"]`);
    if (!seen) continue;
    const show = () => seen.replaceChildren(...preview(field.value, field.dataset.reads));
    field.addEventListener("input", show);
    field.addEventListener("filled", show);
    show();
  }
}
