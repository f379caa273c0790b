/** The code field: line numbers, indents, and a way out for the keyboard. */

const STEP = "    ";

export class Editor {
  #leaving = false; // after Esc, the next Tab leaves the field
  #bad = 0;

  constructor(area) {
    this.area = area;
    this.gutter = area.previousElementSibling;
    area.addEventListener("keydown", (event) => this.#key(event));
    area.addEventListener("blur", () => (this.#leaving = false));
    area.addEventListener("input", () => this.mark(0));
    area.addEventListener("filled", () => this.mark(0));
    area.addEventListener("scroll", () => (this.gutter.scrollTop = area.scrollTop));
    this.mark(0);
  }

  /** Number the lines, and mark one of them (0: none). */
  mark(bad) {
    this.#bad = bad;
    const count = this.area.value.split("\n").length;
    const numbers = Array.from({ length: count }, (_, at) => this.#number(at + 1));
    this.gutter.replaceChildren(...numbers.flatMap((node) => [node, "\n"]));
    this.gutter.scrollTop = this.area.scrollTop;
  }

  #number(line) {
    const node = document.createElement("span");
    node.textContent = String(line);
    if (line === this.#bad) node.className = "bad";
    return node;
  }

  #key(event) {
    if (event.key === "Escape") this.#leaving = true;
    else if (event.key === "Tab" && !this.#leaving) {
      event.preventDefault();
      this.#shift(event.shiftKey);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.area.form.requestSubmit();
    } else if (event.key === "Enter" && !event.shiftKey) this.#newLine(event);
    else if (!["Shift", "Tab"].includes(event.key)) this.#leaving = false;
  }

  /** Tab: indent the lines of the selection, or go to the next stop; Shift-Tab: the reverse. */
  #shift(back) {
    const { value, selectionStart: from, selectionEnd: to } = this.area;
    const start = value.lastIndexOf("\n", from - 1) + 1;
    if (!back && from === to) {
      return this.#insert(" ".repeat(STEP.length - ((from - start) % STEP.length)));
    }
    const lines = value.slice(start, to).split("\n");
    const moved = lines.map((line) => (back ? line.replace(/^ {1,4}/, "") : line && STEP + line));
    this.area.setSelectionRange(start, to);
    this.#insert(moved.join("\n"));
    const first = moved[0].length - lines[0].length;
    this.area.setSelectionRange(Math.max(start, from + first), start + moved.join("\n").length);
  }

  /** A new line is indented as the one before, and more after a colon. */
  #newLine(event) {
    const { value, selectionStart: from } = this.area;
    const line = value.slice(value.lastIndexOf("\n", from - 1) + 1, from);
    event.preventDefault();
    const more = /:\s*(#.*)?$/.test(line) ? STEP : "";
    const indent = line.match(/^ */)[0];
    const less = /^\s*(return|pass|break|continue|raise)\b/.test(line) && indent ? STEP.length : 0;
    this.#insert(`\n${indent.slice(less)}${more}`);
  }

  /** Through the browser's own editing, so that undo knows of it. */
  #insert(text) {
    const done = text
      ? document.execCommand("insertText", false, text)
      : document.execCommand("delete");
    if (done) return;
    const { selectionStart: from, selectionEnd: to } = this.area;
    this.area.setRangeText(text, from, to, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
