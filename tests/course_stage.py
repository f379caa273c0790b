"""A page with one explorable in a browser: files from disk, scenes from Python, no server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import taylored.course.kit as kit
from taylored.course.kit.figure import Figure, fingerprint
from taylored.course.notebook import bundle
from taylored.errors import TayloredError

__all__ = ["STATIC", "Stage", "started"]

STATIC = Path(kit.__file__).parents[1] / "static"
_ORIGIN = "http://course.test"
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
_PAGE = """<!doctype html><html lang="en"{theme}><head><title>stage</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/tokens.css"><link rel="stylesheet" href="/explorables.css">
<link rel="stylesheet" href="/ground.css"></head>
<body><main class="x-host"><h1>A stage</h1><div id="stage"></div></main>
<script type="application/json" id="start">{start}</script>
<script type="module" src="/stage.js"></script></body></html>"""

_GROUND = (
    "body { background: var(--ground); color: var(--ink); margin: 1rem;"
    " font: 17px/1.6 sans-serif; } main { max-width: 44rem; margin: auto; } h1 { font-size: 1rem; }"
)

_SCRIPT = """
import { render } from "/bundle.js";
const start = JSON.parse(document.getElementById("start").textContent);
const listeners = {};
export const model = {
  values: { ...start, moving: false, problem: "" }, sent: [], busy: false, next: null,
  get: (name) => model.values[name],
  set(name, value) {
    model.values[name] = value;
    (listeners[`change:${name}`] || []).forEach((f) => f());
  },
  on: (event, f) => (listeners[event] ??= []).push(f),
  off(event, f) {
    listeners[event] = listeners[event].filter((one) => one !== f);
  },
  save_changes() {
    const { settings, moving } = model.values;
    model.sent.push({ settings, moving, at: performance.now() });
    if (model.busy) model.next = true; else model.ask();
  },
  async ask() {
    model.busy = true;
    model.next = null;
    const { settings, moving } = model.values;
    const reply = await window.answer(JSON.stringify({ settings, moving }));
    model.busy = false;
    if (reply.problem) model.set("problem", reply.problem);
    else {
      model.set("problem", "");
      model.set("scene", reply.scene);
      model.drawn = performance.now();
    }
    if (model.next) model.ask();
  },
};
window.model = model;
window.close_figure = render({ model, el: document.getElementById("stage") });
document.documentElement.dataset.ready = "true";
"""


# The place of a point on the screen, from the ticks of both axes: what a reader would do.
_PLACE = """([x, y, which]) => {
  const svg = document.querySelectorAll(".x-panel svg")[which];
  const [, , , xs, ys] = svg.querySelector(".x-g-axes").children;
  const number = (tick) => Number(tick.textContent.replace("−", "-"));
  const at = (ticks, name, value) => {
    const [p, q] = [ticks[0], ticks[ticks.length - 1]];
    const part = (value - number(p)) / (number(q) - number(p));
    return Number(p.getAttribute(name)) * (1 - part) + Number(q.getAttribute(name)) * part;
  };
  const rect = svg.getBoundingClientRect();
  return [rect.left + at(xs.children, "x", x), rect.top + at(ys.children, "y", y)];
}"""


_TWO_FRAMES = "new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))"


def started(shown: Figure) -> dict[str, Any]:
    """What a page holds of a figure before anything is touched."""
    settings = shown.settings()
    scene = shown.draw(settings).describe()
    for panel in scene["panels"]:
        panel["still"] = {"key": fingerprint(panel["still"]), "layers": panel["still"]}
    return {"figure": shown.describe(), "settings": dict(settings), "scene": scene}


class Stage:
    """A page of a browser context with one figure; `asked` keeps what the browser asked for."""

    def __init__(self, context: Any, shown: Figure, theme: str = "") -> None:
        self.shown = shown
        self.asked: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.page = context.new_page()
        self.theme = f' data-theme="{theme}"' if theme else ""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.route("**/*", self._serve)
        self.page.expose_function("answer", self.answer)
        self.page.goto(_ORIGIN + "/")
        self.page.wait_for_selector("html[data-ready]", timeout=20_000)

    def until(self, question: str, told: Any = None) -> None:
        """Wait until a question is answered with yes (the policy allows no `eval`: polled)."""
        for _ in range(400):
            if self.page.evaluate(question, told):
                return
            self.page.wait_for_timeout(10)
        raise AssertionError(f"never true: {question}")

    def settled(self) -> dict[str, Any]:
        """The settings, once every answer has been drawn."""
        self.page.evaluate(_TWO_FRAMES)  # what was held back to the next frame has been sent
        self.until("() => !model.busy && !model.next && model.values.moving === false")
        return self.page.evaluate("model.values.settings")

    def place(self, x: float, y: float, panel: int = 0) -> tuple[float, float]:
        """Where a point of a panel is on the screen."""
        return self.page.evaluate(_PLACE, [x, y, panel])

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def answer(self, text: str) -> dict[str, Any]:
        """The scene for some settings, as the server gives it: still layers only once."""
        sent = json.loads(text)
        self.asked.append(sent)
        try:
            scene = self.shown.scene(sent["settings"], moving=sent["moving"]).describe()
        except TayloredError as error:
            return {"problem": str(error)}
        for panel in scene["panels"]:
            panel["still"] = {"key": fingerprint(panel["still"]), "layers": None}
        return {"scene": scene}

    def _serve(self, route: Any) -> None:
        path = route.request.url.removeprefix(_ORIGIN)
        headers = {"content-security-policy": _POLICY}
        script = "text/javascript"
        made = {
            "/ground.css": ("text/css", _GROUND), "/stage.js": (script, _SCRIPT),
            "/bundle.js": (script, bundle(f"{self.shown.kind}.js")),  # one request, not twenty
        }  # fmt: skip
        if path == "/":
            start = json.dumps(started(self.shown)).replace("<", "\\u003c")
            body = _PAGE.format(theme=self.theme, start=start)
            route.fulfill(body=body, content_type="text/html", headers=headers)
        elif path in made:
            route.fulfill(body=made[path][1], content_type=made[path][0])
        elif (STATIC / path[1:]).is_file():
            route.fulfill(body=(STATIC / path[1:]).read_bytes(), content_type="text/css")
        else:
            route.fulfill(status=404, body="")
