/** One WebSocket for the whole page; it comes back by itself when the server does. */

const WAITS = [250, 500, 1000, 2000, 4000];

export class Connection {
  #socket = null;
  #heard = new Map();
  #unsent = new Map();
  #failed = 0;
  #timer = 0;

  constructor(banner) {
    this.banner = banner;
    this.#open();
    addEventListener("online", () => this.#retry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#retry());
  }

  get ready() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Call `listener` with every message of a type ("open" and "closed" are our own). */
  on(type, listener) {
    this.#heard.set(type, [...(this.#heard.get(type) ?? []), listener]);
  }

  /** Send now; where that is impossible and `keep` is a name, the newest of that name later. */
  send(message, keep = "") {
    if (this.ready) this.#socket.send(JSON.stringify(message));
    else if (keep) this.#unsent.set(keep, message);
    return this.ready;
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/socket`);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#tell(JSON.parse(event.data)));
    socket.addEventListener("close", () => this.#closed());
  }

  #opened() {
    this.#failed = 0;
    this.#say("offline", null);
    for (const message of this.#unsent.values()) this.#socket.send(JSON.stringify(message));
    this.#tell({ type: "open", sent: [...this.#unsent.keys()] });
    this.#unsent.clear();
  }

  #closed() {
    this.#tell({ type: "closed" });
    this.#failed += 1;
    if (this.#failed > 1) this.#explain();
    this.#timer = setTimeout(() => this.#open(), WAITS[Math.min(this.#failed, WAITS.length) - 1]);
  }

  #retry() {
    if (this.#socket?.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.#timer);
    this.#open();
  }

  /** Why there is no connection: the server is gone, or it no longer knows this browser. */
  async #explain() {
    let status = 0;
    try {
      status = (await fetch("/progress.json", { method: "HEAD", cache: "no-store" })).status;
    } catch {
      status = 0;
    }
    if (this.ready) return;
    const known = status !== 401 && status !== 403;
    const full = status === 200; // it runs, and yet it closes the door
    this.#say("offline", full
      ? "Not connected. The course runs, but too many of its pages are open: close some tabs."
      : known
        ? "Not connected. Figures and checks wait until the course runs again: start it in a " +
          "terminal with “taylored course”. What you have typed stays here."
        : "The course was started anew and does not know this page. Open the address that the " +
          "terminal shows.");
  }

  #tell(message) {
    for (const listener of this.#heard.get(message.type) ?? []) listener(message);
  }

  /** A line in the banner; each key has one, and null takes it away. */
  #say(key, text) {
    let line = this.banner.querySelector(`[data-key="${key}"]`);
    if (!text) return line?.remove();
    if (!line) {
      line = document.createElement("p");
      line.dataset.key = key;
      this.banner.append(line);
    }
    if (line.textContent !== text) line.textContent = text;
  }

  /** Something that the learner should know, until the page is left; the same only once. */
  notice(text) {
    if ([...this.banner.children].some((line) => line.textContent === text)) return;
    const line = document.createElement("p");
    line.textContent = text;
    this.banner.append(line);
  }
}
