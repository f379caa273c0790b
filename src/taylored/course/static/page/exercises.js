/** Exercises: check, reply, hints, other numbers; drafts are sent while typing. */

import { Editor } from "./editor.js";
import { answerOf, isEmpty, putAnswer, startPreviews } from "./fields.js";
import { html, showReply } from "./reply.js";

const PAUSE = 500; // milliseconds after the last letter of a draft
const ASIDE = "taylored-draft-";
const HEADS = { again: "Second hint", worked: "Worked answer" };

/** A draft that could not be sent waits in the browser, in case the page is closed. */
function aside(id, answer) {
  try {
    localStorage.setItem(ASIDE + id, JSON.stringify(answer));
  } catch {
    /* storage is full or forbidden: the draft lasts as long as the page */
  }
}

/** The draft put aside, once; null where there is none. */
function fromAside(id) {
  try {
    const answer = JSON.parse(localStorage.getItem(ASIDE + id));
    localStorage.removeItem(ASIDE + id);
    return answer;
  } catch {
    return null;
  }
}

class Exercise {
  #n = 0;
  #timer = 0;
  #asked = null;
  #dirty = false;

  constructor(el, connection) {
    Object.assign(this, { el, connection, id: el.dataset.exercise, kind: el.dataset.kind });
    this.form = el.querySelector("form");
    this.state = JSON.parse(el.querySelector("script.state").textContent);
    const aside = fromAside(this.id);
    putAnswer(this.form, this.kind, aside ?? this.state.draft);
    if (aside !== null) this.#draft();
    this.#startFields();
    this.#startButtons();
    this.show(this.state);
    if (this.state.last) this.reply(this.state.last, true);
  }

  #startFields() {
    const area = this.form.querySelector("[data-reads=code]");
    this.editor = area ? new Editor(area) : null;
    startPreviews(this.form);
    this.form.addEventListener("input", () => this.#draft());
    this.form.addEventListener("change", () => this.#draft());
    this.form.addEventListener("keydown", (event) => {
      const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (sends && !event.defaultPrevented) this.form.requestSubmit();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
  }

  #startButtons() {
    for (const button of this.el.querySelectorAll("[data-help]")) {
      button.addEventListener("click", () => this.#ask("help", { which: button.dataset.help }));
    }
    this.el.querySelector("[data-another]").addEventListener("click", () => this.#ask("another"));
  }

  get answer() {
    return answerOf(this.form, this.kind);
  }

  #draft() {
    this.#dirty = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.saveDraft(), PAUSE);
  }

  /** Send the draft now, if there is a new one. */
  saveDraft() {
    if (!this.#dirty) return;
    this.dropDraft();
    const { id: exercise, answer } = this;
    if (!this.connection.send({ type: "draft", exercise, answer }, exercise)) aside(exercise, answer);
  }

  dropDraft() {
    this.#dirty = false;
    clearTimeout(this.#timer);
  }

  check() {
    if (isEmpty(this.answer)) return this.#say("There is no answer yet.");
    if (this.connection.ready) this.dropDraft(); // the answer itself is kept from now on
    this.#ask("check", { answer: this.answer });
  }

  #ask(type, more = {}) {
    if (this.#asked) return;
    const message = { type, exercise: this.id, n: ++this.#n, ...more };
    if (!this.connection.send(message)) {
      this.saveDraft();
      return this.#say("Not connected: start the course, then try again.");
    }
    this.#asked = { type, n: this.#n };
    this.#busy(true);
    this.#say(type === "check" ? "Checking…" : "");
  }

  #busy(on) {
    for (const button of this.el.querySelectorAll("button")) {
      button.setAttribute("aria-disabled", String(on));
    }
  }

  #say(text) {
    this.el.querySelector(".busy").textContent = text;
  }

  /** The answer to what was asked last; older ones no longer count. */
  take(message) {
    if (message.n !== undefined && message.n !== this.#asked?.n) return;
    this.#done();
    if (message.state) this.show(message.state);
    if (message.type === "reply") this.reply(message.reply);
    else if (message.type === "help") this.#help(message);
    else if (message.type === "refused") this.#say(message.message);
  }

  #done() {
    this.#asked = null;
    this.#busy(false);
    this.#say("");
  }

  lost() {
    if (!this.#asked) return;
    this.#done();
    this.#say("The connection was lost. Try again once it is back.");
  }

  reply(reply, old = false) {
    const panel = this.el.querySelector(".reply");
    showReply(panel, reply, this.#letters());
    this.editor?.mark(reply.trouble?.line || reply.line || 0);
    if (!old) panel.scrollIntoView({ block: "nearest" });
  }

  /** The letters that stand for the answers of a matching exercise on this page. */
  #letters() {
    const inputs = this.form.querySelectorAll(".item:first-child .letters input");
    return new Map([...inputs].map((input) => [input.value, input.nextElementSibling.textContent]));
  }

  /** What is open to the learner: solved, hints after tries. */
  show(state) {
    this.state = { ...this.state, ...state };
    const { tries = 0, solved = false, again = false, worked = false } = this.state;
    this.el.querySelector(".solved").hidden = !solved;
    this.#button("again").hidden = !(tries >= 1 || solved || again);
    this.#button("worked").hidden = !(tries >= 3 || solved || worked);
  }

  #button(which) {
    return this.el.querySelector(`[data-help=${which}]`);
  }

  #help({ which, html: text }) {
    const place = this.el.querySelector(".help");
    let section = place.querySelector(`[data-which=${which}]`);
    if (!section) {
      section = document.createElement("section");
      section.dataset.which = which;
      place.append(section);
    }
    const head = document.createElement("h4");
    head.textContent = HEADS[which];
    section.replaceChildren(head, html(text));
    section.scrollIntoView({ block: "nearest" });
  }

  /** Another tab changed something: its answer is taken over where nothing is being typed here. */
  elsewhere(state) {
    const typing = this.#dirty || this.form.contains(document.activeElement);
    this.show(state);
    if (!typing) putAnswer(this.form, this.kind, state.draft);
    if (state.last && !this.#asked) this.reply(state.last, true);
  }
}

/** Start the exercises of the page. */
export function startExercises(connection) {
  const all = new Map();
  for (const el of document.querySelectorAll(".exercise[data-exercise]")) {
    all.set(el.dataset.exercise, new Exercise(el, connection));
  }
  const take = (message) => all.get(message.exercise)?.take(message);
  for (const type of ["reply", "help", "refused"]) connection.on(type, take);
  connection.on("exercise", (message) => {
    const el = html(message.html).firstElementChild;
    renew(all, message.exercise, el, connection);
    el.querySelector("[data-another]").focus();
  });
  connection.on("state", (message) => elsewhere(all, message, connection));
  connection.on("open", ({ sent }) => sent.forEach(fromAside)); // the server has them now
  connection.on("closed", () => all.forEach((one) => one.lost()));
  const save = () => all.forEach((one) => one.saveDraft());
  addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());
}

/** The exercise is put in place anew. */
function renew(all, id, el, connection) {
  const old = all.get(id);
  if (!old) return;
  old.dropDraft();
  old.el.replaceWith(el);
  all.set(id, new Exercise(el, connection));
}

/** Another tab was at work. Where it asked for other numbers, they are fetched for this one too. */
async function elsewhere(all, { exercise: id, state }, connection) {
  const here = all.get(id);
  if (!here) return;
  if (state.seed === here.state.seed) return here.elsewhere(state);
  const page = await (await fetch(location.pathname)).text();
  const el = new DOMParser().parseFromString(page, "text/html").getElementById(here.el.id);
  if (el) renew(all, id, document.adoptNode(el), connection);
}
