/** Explorables in a page: each is drawn by its kind's module, from a model as anywidget has it. */

class FigureModel {
  #values;
  #listeners = new Map();
  #busy = false;
  #wanted = false;
  #n = 0;

  constructor(id, name, start, connection) {
    Object.assign(this, { id, name, connection });
    const { figure, settings, scene } = start;
    this.#values = { figure, settings, scene, moving: false, problem: "" };
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    this.#values[name] = value;
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  off(event, listener) {
    const others = (this.#listeners.get(event) ?? []).filter((one) => listener && one !== listener);
    this.#listeners.set(event, others);
  }

  /** Ask for the scene of the settings. One request is on its way; the newest waits behind it. */
  save_changes() {
    this.#wanted = true;
    if (!this.#busy) this.#ask();
  }

  #ask() {
    const { settings, moving } = this.#values;
    const message = { type: "scene", id: this.id, figure: this.name, settings, moving };
    this.#busy = this.connection.send({ ...message, n: ++this.#n });
    this.#wanted = !this.#busy; // asked again when the connection is back
  }

  /** A scene or a problem came for this figure; while it is drawn, the next one is computed. */
  take(message) {
    if (message.n !== this.#n) return;
    this.#busy = false;
    if (this.#wanted) this.#ask();
    if (message.type === "scene") {
      this.set("problem", "");
      this.set("scene", message.scene);
    } else this.set("problem", message.message);
  }

  lost() {
    this.#wanted ||= this.#busy;
    this.#busy = false;
  }

  back() {
    if (this.#wanted) this.#ask();
  }
}

/** Draw the figures of the page; trust boxes follow the figure they are of. */
export function startFigures(connection) {
  const models = new Map();
  const take = (message) => models.get(message.id)?.take(message);
  connection.on("scene", take);
  connection.on("problem", take);
  connection.on("refused", (message) => message.id && take({ ...message, type: "problem" }));
  connection.on("closed", () => models.forEach((model) => model.lost()));
  connection.on("open", () => models.forEach((model) => model.back()));
  for (const el of document.querySelectorAll("figure.explore")) {
    const model = startFigure(el, connection);
    if (model) models.set(el.id, model);
  }
  followTrust(models.values());
}

function startFigure(el, connection) {
  const start = el.querySelector("script.start");
  if (!start) return null;
  const model = new FigureModel(el.id, el.dataset.figure, JSON.parse(start.textContent), connection);
  draw(el, model);
  return model;
}

async function draw(el, model) {
  const stage = document.createElement("div");
  stage.className = "stage";
  try {
    const kind = await import(`../explorables/${el.dataset.kind}.js`);
    el.prepend(stage);
    (kind.render ?? kind.default.render)({ model, el: stage });
    el.classList.add("drawn");
  } catch (error) {
    stage.remove(); // the words that stand in for the figure stay
    console.error(error);
  }
}

function followTrust(models) {
  const first = new Map();
  for (const model of models) if (!first.has(model.name)) first.set(model.name, model);
  for (const box of document.querySelectorAll("aside.trust")) {
    const model = first.get(box.dataset.figure);
    model?.on("change:scene", () => showTrust(box, model.get("scene").trust));
  }
}

const MARKS = { proved: "∈", calibrated: "±", estimated: "≈", unknown: "?" };

/** Statements in place: only what differs is written, so that nothing flickers. */
function showTrust(box, statements) {
  const list = box.querySelector("ul");
  if (!statements.length) return;
  while (list.children.length > statements.length) list.lastElementChild.remove();
  while (list.children.length < statements.length) list.append(list.firstElementChild.cloneNode(true));
  statements.forEach(({ kind, text }, at) => {
    const item = list.children[at];
    const [mark, word, said] = item.children;
    if (item.className !== kind) {
      item.className = kind;
      mark.textContent = MARKS[kind] ?? "?";
      word.textContent = kind;
    }
    if (said.textContent !== text) said.textContent = text;
  });
}
