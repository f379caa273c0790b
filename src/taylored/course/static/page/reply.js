/** What the checker said of an answer, as elements. Learner's text is only ever text. */

import { h } from "../explorables/kit/dom.js";

const ROWS = [["tried", "Tried"], ["got", "Got"], ["expected", "Expected"], ["gap", "Gap"]];

/** Fill the panel of a reply; an id that has a letter on the page is shown by its letter. */
export function showReply(panel, reply, letters = new Map()) {
  panel.className = `reply ${reply.right ? "right" : "wrong"}`;
  const parts = [h("p", { class: "verdict" }, ...coded(reply.message))];
  if (reply.trouble) parts.push(...trouble(reply.trouble));
  const rows = ROWS.filter(([key]) => reply[key]);
  const read = (text) => text.split(", ").map((id) => letters.get(id) ?? id).join(", ");
  if (rows.length) parts.push(table(rows, (key) => read(reply[key])));
  if (reply.hint_html) parts.push(html(reply.hint_html));
  if (reply.printed) parts.push(h("p", {}, "Your code printed:"), h("pre", {}, reply.printed));
  panel.replaceChildren(...parts);
}

/** A text with what stands between backquotes as code. */
function coded(text) {
  return text.split("`").map((part, k, { length }) =>
    k % 2 && k < length - 1 ? h("code", {}, part) : k % 2 ? "`" + part : part);
}

function trouble({ line, text, meaning }) {
  const parts = [];
  if (line && text.trim()) parts.push(h("pre", {}, `${line}  ${text}`));
  if (meaning) parts.push(h("p", {}, meaning));
  return parts;
}

function table(rows, text) {
  const row = ([key, head]) =>
    h("tr", {}, h("th", { scope: "row" }, head), h("td", {}, text(key)));
  return h("table", {}, h("tbody", {}, ...rows.map(row)));
}

/** HTML that the server made of an author's text (a hint, a worked answer). */
export function html(text) {
  const node = document.createElement("div");
  node.innerHTML = text;
  return node;
}
