/** A typed formula as MathML, while it is typed. What cannot be read yet is not shown. */

const SPACE = "http://www.w3.org/1998/Math/MathML";
const GREEK = { alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", theta: "θ",
  lambda: "λ", mu: "μ", nu: "ν", pi: "π", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", chi: "χ",
  omega: "ω" };
const TOKEN = /\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|[^\W\d_]\w*|\*\*|[-+*/^(),·×−=])/y;
const FEWEST = /[-+*/^(]|sqrt|[a-zA-Z]{2}/; // a lone number needs no picture

const m = (tag, ...children) => {
  const node = document.createElementNS(SPACE, tag);
  node.append(...children);
  return node;
};

/** The nodes that show a text; none where it is too plain or not yet whole. */
export function preview(text, kind) {
  if (text.length > 400 || !text.trim()) return [];
  try {
    if (kind === "matrix") return [math(matrix(text))];
    return FEWEST.test(text) && kind !== "list" ? [math(new Reader(text).whole())] : [];
  } catch {
    return [];
  }
}

const math = (inner) => m("math", inner);

function matrix(text) {
  const rows = text.replace(/\]\s*,?\s*\[/g, ";").replace(/[[\]]/g, "").trim().split(/[;\n]+/)
    .map((row) => row.trim().split(row.includes(",") ? /\s*,\s*/ : /\s+/).filter(Boolean))
    .filter((row) => row.length);
  const cell = (entry) => m("mtd", new Reader(entry).whole());
  const table = m("mtable", ...rows.map((row) => m("mtr", ...row.map(cell))));
  return m("mrow", m("mo", "("), table, m("mo", ")"));
}

/** Reads sums of products of powers, as the checker does; `)(` and `2x` are products. */
class Reader {
  constructor(text) {
    this.tokens = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const found = TOKEN.exec(text);
      if (!found) throw new Error("unread");
      this.tokens.push(found[1]);
    }
    this.at = 0;
  }

  get next() {
    return this.tokens[this.at];
  }

  take() {
    return this.tokens[this.at++];
  }

  whole() {
    const found = this.sum();
    while (this.next === "=") {
      this.take();
      found.append(m("mo", "="), this.sum());
    }
    if (this.next !== undefined) throw new Error("unread");
    return found;
  }

  sum() {
    const row = m("mrow", this.product());
    while (["+", "-", "−"].includes(this.next)) {
      row.append(m("mo", this.take() === "+" ? "+" : "−"), this.product());
    }
    return row;
  }

  product() {
    let row = m("mrow", this.signed());
    for (;;) {
      if (this.next === "/") {
        this.take();
        row = m("mrow", m("mfrac", bare(row), bare(this.signed())));
      } else if (["*", "·", "×"].includes(this.next)) {
        this.take();
        this.join(row, this.signed());
      } else if (this.next === "(" || /^[\p{L}\d.]/u.test(this.next ?? "")) {
        this.join(row, this.power());
      } else return row;
    }
  }

  /** A factor after others: a dot only between numbers, where it is needed. */
  join(row, factor) {
    const first = factor.localName === "msup" ? factor.firstChild : factor;
    row.append(m("mo", first.localName === "mn" ? "·" : "\u2062"), factor);
  }

  signed() {
    if (!["-", "+", "−"].includes(this.next)) return this.power();
    const sign = this.take();
    return m("mrow", m("mo", sign === "+" ? "+" : "−"), this.signed());
  }

  power() {
    const base = this.atom();
    if (this.next !== "^" && this.next !== "**") return base;
    this.take();
    return m("msup", base, bare(this.signed()));
  }

  atom() {
    const token = this.take();
    if (token === "(") return this.closed();
    if (/^[\d.]/.test(token ?? "")) return number(token);
    if (!/^\p{L}/u.test(token ?? "")) throw new Error("unread");
    return this.next === "(" ? this.call(token) : name(token);
  }

  closed() {
    const row = m("mrow", m("mo", "("), this.sum());
    while (this.next === ",") {
      this.take();
      row.append(m("mo", ","), this.sum());
    }
    if (this.take() !== ")") throw new Error("unread");
    row.append(m("mo", ")"));
    return row;
  }

  call(token) {
    this.take();
    const inside = this.closed();
    if (token === "sqrt") return m("msqrt", bare(inside));
    if (token === "exp") return m("msup", m("mi", "e"), bare(inside));
    return m("mrow", name(token), inside);
  }
}

/** Without the parentheses that a fraction bar or a root makes needless. */
function bare(node) {
  const only = node.localName === "mrow" && node.childNodes.length === 1 ? node.firstChild : node;
  const { firstChild: first, lastChild: last } = only;
  if (only.localName !== "mrow" || first.textContent !== "(" || last.textContent !== ")") return only;
  return m("mrow", ...[...only.childNodes].slice(1, -1));
}

function number(token) {
  const [digits, power] = token.toLowerCase().split("e");
  if (power === undefined) return m("mn", digits);
  const ten = m("msup", m("mn", "10"), m("mn", String(Number(power)).replace("-", "−")));
  return m("mrow", m("mn", digits), m("mo", "×"), ten);
}

function name(token) {
  const [, stem, index] = token.match(/^(.*?)_?(\d+)?$/u);
  const base = m("mi", GREEK[stem] ?? stem);
  return index ? m("msub", base, m("mn", index)) : base;
}
