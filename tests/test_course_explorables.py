"""Explorables in a browser: every layer is drawn, everything is reached by hand, touch and keys."""

import json

import pytest

from course_browser import browser
from course_stage import STATIC, Stage
from course_zoo import ZOO
from taylored.course.notebook import bundle, styles, widget

__all__ = ["browser"]  # a fixture

AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
PHONE = {"viewport": {"width": 320, "height": 700}, "has_touch": True, "is_mobile": True}
KNOB = ".x-grip"


@pytest.fixture(scope="module")
def context(browser):
    opened = browser.new_context(viewport={"width": 780, "height": 900}, reduced_motion="reduce")
    yield opened
    opened.close()


@pytest.fixture
def stage(context, request):
    shown = Stage(context, ZOO[request.param])
    yield shown
    shown.page.close()
    assert shown.errors == []


def on(name):
    return pytest.mark.parametrize("stage", [name], indirect=True)


def layers_of(scene):
    return [one for panel in scene.panels for one in (*panel.still, *panel.layers)]


def text(stage, selector):
    return stage.page.locator(selector).first.text_content()


def test_the_zoo_has_every_layer_and_control():
    from taylored.course.kit import controls, scene

    layers = {layer["type"] for shown in ZOO.values() for layer in layers_of(shown.scene())}
    assert layers == set(scene.__all__) & {
        "arrows", "band", "bars", "contours", "edges", "image", "line", "mark", "nodes",
        "points", "polygon", "rule",
    }  # fmt: skip
    kinds = {c.type for shown in ZOO.values() for c in shown.controls}
    made = [getattr(controls, name) for name in controls.__all__ if name[0].isupper()]
    assert kinds == {c.type for c in made if getattr(c, "type", "")}


@pytest.mark.parametrize("stage", ZOO, indirect=True)
def test_every_layer_is_drawn(stage):
    wanted = [layer["type"] for layer in layers_of(stage.shown.scene())]
    drawn = stage.page.evaluate(
        """() => [...document.querySelectorAll(".x-g-still > g, .x-g-layers > g")].map((g) => ({
          type: g.dataset.type,
          ink: [...g.querySelectorAll("path, rect, image, text")].filter((part) =>
            (part.getAttribute("d") || part.getAttribute("href") || part.textContent ||
             part.getAttribute("width") || "").length).length,
        }))"""
    )
    assert [one["type"] for one in drawn] == wanted
    empty = {layer["type"] for layer in layers_of(stage.shown.scene()) if layer.get("x") == []}
    assert all(one["ink"] for one in drawn if one["type"] not in empty)
    assert stage.page.evaluate("!/NaN|undefined|Infinity/.test(document.body.innerHTML)")


@on("lines")
def test_words_have_their_kinds(stage):
    said = stage.page.locator(".x-caption .x-reading")
    assert [one.get_attribute("class") for one in said.all()] == [
        "x-reading k-proved", "x-reading k-calibrated", "x-reading k-estimated",
    ]  # fmt: skip
    assert said.first.get_attribute("title") == "proved: bound on the curvature"
    assert "(proved)" in said.first.text_content()  # not by color alone
    assert stage.page.locator(".x-readings > div").count() == 5
    assert text(stage, ".x-caption em") == "t"
    assert text(stage, ".x-table tbody tr:last-child td") == "0.005"


def drag(stage, to):
    """By mouse, in many small moves."""
    mouse = stage.page.mouse
    box = stage.page.locator(KNOB + " .x-knob").first.bounding_box()
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(*to, steps=12)
    mouse.up()


def touch(stage, to):
    session = stage.page.context.new_cdp_session(stage.page)
    box = stage.page.locator(KNOB + " .x-knob").first.bounding_box()
    start = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    path = [[p + (q - p) * k / 8 for p, q in zip(start, to, strict=True)] for k in range(9)]
    for kind, places in [("touchStart", path[:1]), ("touchMove", path[1:]), ("touchEnd", [[]])]:
        for place in places:
            points = [{"x": place[0], "y": place[1]}] if place else []
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_mouse_touch_and_keys_give_the_same_settings(browser):
    found = {}
    for way in ("mouse", "touch", "keys"):
        options = {"viewport": {"width": 780, "height": 900}, "has_touch": way == "touch"}
        shown = Stage(browser.new_context(**options), ZOO["lines"])
        if way == "keys":
            shown.page.locator(KNOB).focus()
            for key in ["Shift+ArrowRight", "Shift+ArrowUp", *["ArrowRight"] * 5]:  # 1.4 + 25 steps
                shown.page.keyboard.press(key)
        else:
            (drag if way == "mouse" else touch)(shown, shown.place(4.2, 0.0))
        found[way] = shown.settled()["at"][0]
        assert shown.asked[-1]["moving"] is False
        assert shown.errors == []
        shown.page.context.close()
    assert found["keys"] == pytest.approx(4.2)
    assert found["mouse"] == pytest.approx(4.2, abs=0.01)  # a pixel is 0.009
    assert found["touch"] == pytest.approx(4.2, abs=0.01)


@on("lines")
def test_keys_of_a_handle(stage):
    page = stage.page
    grip = page.locator(KNOB)
    grip.focus()
    for key, wanted in [("ArrowRight", 1.512), ("Control+ArrowLeft", 1.501), ("Home", 0.2),
                        ("ArrowDown", 0.2), ("End", 5.8)]:  # fmt: skip
        page.keyboard.press(key)
        assert stage.settled()["at"][0] == pytest.approx(wanted, abs=0.0011)
    assert grip.get_attribute("role") == "slider"
    assert grip.get_attribute("aria-label") == "the moment"
    assert grip.get_attribute("aria-valuenow") == "5.8"
    spoken = grip.get_attribute("aria-valuetext")
    assert spoken.startswith("time t in hours: 5.8, height in meters: −0.")
    live = "() => document.querySelector('[aria-live]').textContent.startsWith('At t = 5.8 h')"
    assert not page.evaluate(live)  # only when the reader has stopped
    stage.until(live)


@on("lines")
def test_a_handle_stays_on_its_line_without_the_server(stage):
    page = stage.page
    page.evaluate("model.save_changes = () => {}")  # no answer comes
    page.locator(KNOB).focus()
    page.keyboard.press("Shift+ArrowRight")
    at = page.locator(KNOB).get_attribute("aria-valuetext")
    x, y = (float(part.split(": ")[1].replace("−", "-")) for part in at.split(","))
    wave = stage.shown.scene({"at": [x, 0.0]}).panels[0].handles["at"]
    assert x == pytest.approx(2.52)
    assert y == pytest.approx(wave[1], abs=0.01)


@on("lines")
def test_the_newest_settings_win(stage):
    page = stage.page
    page.evaluate(
        """() => {
          const ask = model.ask;
          model.ask = async () => {
            model.busy = true;
            await new Promise((f) => setTimeout(f, 60));
            await ask();
          };
        }"""
    )
    mouse = page.mouse
    box = page.locator(KNOB + " .x-knob").bounding_box()
    mouse.move(box["x"] + 8, box["y"] + 8)
    mouse.down()
    target = stage.place(3.0, 0.0)
    mouse.move(*target, steps=60)
    shown = page.locator(KNOB).bounding_box()
    assert abs(shown["x"] + shown["width"] / 2 - target[0]) < 2  # it did not wait
    mouse.up()
    final = stage.settled()
    assert len(stage.asked) < 40  # one on its way, the newest behind it
    assert stage.asked[-1]["settings"]["at"] == final["at"]
    assert any(one["moving"] for one in stage.asked)
    assert stage.asked[-1]["moving"] is False
    assert f"At t = {final['at'][0]:.4g} h" in text(stage, ".x-caption")


@on("lines")
def test_controls(stage):
    page = stage.page
    page.get_by_label("step h", exact=True).focus()
    page.keyboard.press("Home")
    assert stage.settled()["h"] == 0.01
    page.get_by_label("step h, as a number").fill("0.3")
    page.keyboard.press("Enter")
    assert stage.settled()["h"] == 0.3
    spoken = page.get_by_label("step h", exact=True).get_attribute("aria-valuetext")
    assert spoken == "0.3 h"
    page.get_by_label("step h, as a number").fill("77")
    page.keyboard.press("Tab")
    assert stage.settled()["h"] == 2.0
    page.get_by_label("order", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert stage.settled()["order"] == 4
    page.get_by_label("unknown").check()
    page.get_by_label("shade the area").uncheck()
    page.get_by_role("button", name="New data").click()
    page.get_by_label("f(x) =").fill("sin(2*x)")
    page.keyboard.press("Enter")
    found = stage.settled()
    assert [found[n] for n in ("kind", "shade", "new", "f")] == ["unknown", False, 1, "sin(2*x)"]
    page.get_by_role("button", name="Back to the start").click()
    assert stage.settled() == json.loads(json.dumps(stage.shown.settings()))
    assert page.get_by_role("button", name="Back to the start").is_disabled()


@on("lines")
def test_a_refusal_leaves_the_last_scene_and_says_why(stage):
    before = text(stage, ".x-caption")
    stage.page.get_by_role("button", name="exp(x)").click()
    stage.settled()
    assert "This wave cannot be drawn." in text(stage, ".x-problem")
    assert stage.page.get_by_label("f(x) =").get_attribute("aria-invalid") == "true"
    assert stage.page.locator(".x-panels[data-refused]").count() == 1
    assert text(stage, ".x-caption") == before
    stage.page.get_by_label("f(x) =").fill("sin(x)")
    stage.page.keyboard.press("Enter")
    stage.settled()
    assert text(stage, ".x-problem") == ""
    assert stage.page.locator(".x-panels[data-refused]").count() == 0


@on("lines")
def test_figures_are_updated_in_place(stage):
    page = stage.page
    page.evaluate("() => { for (const p of document.querySelectorAll('svg *')) p.kept = true; }")
    page.get_by_label("order", exact=True).focus()
    page.keyboard.press("End")
    stage.settled()
    parts = "[...document.querySelectorAll('.x-g-still *, .x-g-layers *, .x-grip')]"
    assert page.evaluate(f"{parts}.length > 20 && {parts}.every((part) => part.kept)")


@on("points")
def test_points_are_added_and_removed(stage):
    page = stage.page
    page.mouse.click(*stage.place(5.0, -1.0))
    added = stage.settled()["points"]
    assert len(added) == 4
    assert added[3] == pytest.approx([5.0, -1.0], abs=0.02)
    page.locator(KNOB).nth(3).focus()
    page.keyboard.press("ArrowUp")
    assert stage.settled()["points"][3][1] == pytest.approx(added[3][1] + 0.12, abs=0.006)
    page.keyboard.press("Delete")
    assert len(stage.settled()["points"]) == 3
    page.locator(".x-cross").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    assert stage.settled()["points"][3] == pytest.approx([3.8, -1.0], abs=0.02)
    page.get_by_role("button", name="Add a point").click()
    assert len(stage.settled()["points"]) == 5
    assert page.get_by_role("button", name="Add a point").is_disabled()
    for _ in range(3):
        page.get_by_role("button", name="Remove a point").click()
    assert len(stage.settled()["points"]) == 2
    assert page.get_by_role("button", name="Remove a point").is_disabled()


@on("game")
def test_a_game(stage):
    page = stage.page
    page.mouse.click(*stage.place(2.0, 1.0))
    page.locator(".x-cross").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    first, second = stage.settled()["probes"]
    assert first == pytest.approx([2.0, 1.0], abs=0.02)
    assert second == pytest.approx([first[0], first[1] + 0.12], abs=0.006)
    assert text(stage, ".x-count") == "1 of 3 probes left"
    for _ in range(2):
        page.mouse.click(*stage.place(3.0, 1.0))
    assert len(stage.settled()["probes"]) == 3  # no more than there are
    assert page.get_by_role("button", name="Take back the last place").count() == 0
    page.get_by_role("button", name="A new pit").click()
    assert stage.settled() == {"probes": [], "pit": 1, "reveal": False}
    above = page.locator(".x-readings").bounding_box()["y"]
    assert above < page.locator(".x-panels").bounding_box()["y"]


@on("graph")
def test_a_walk_along_the_nodes(stage):
    page = stage.page
    walk = page.locator(".x-walk")
    walk.focus()
    assert walk.get_attribute("aria-valuetext") == "x, value 1, adjoint ≈ 0.50"
    page.keyboard.press("ArrowRight")
    assert walk.get_attribute("aria-valuetext") == "sin, value 2, adjoint ≈ 1.50"
    assert page.locator(".x-tip").text_content() == "sin, value 2, adjoint ≈ 1.50"
    near = page.locator('.x-edge-group[data-near="yes"]')
    ends = [(e.get_attribute("data-from"), e.get_attribute("data-to")) for e in near.all()]
    assert ends == [("x", "sin"), ("sin", "times")]
    page.keyboard.press("End")
    assert walk.get_attribute("aria-valuenow") == "4"


@on("fields")
def test_texts_under_the_pointer_and_pictures_in_both_themes(stage):
    page = stage.page
    page.mouse.move(*stage.place(0.0, 0.3, panel=1))
    assert page.locator(".x-panel").nth(1).locator(".x-tip").text_content() == "isle"
    page.mouse.move(*stage.place(-1.5, -1.0, panel=1))
    assert page.locator(".x-panel").nth(1).locator(".x-tip").text_content() == "left root"
    names = page.locator(".x-class").all_text_contents()
    assert set(names) == {"left root", "right root", "lake", "isle"}
    picture = "document.querySelector('image').getAttribute('href')"
    light = page.evaluate(picture)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    stage.until(f"(light) => {picture} !== light", light)


def quick(*names):
    """All figures of the zoo; those not named are slow tests."""
    return [one if one in names else pytest.param(one, marks=pytest.mark.slow) for one in ZOO]


@pytest.mark.parametrize("name", quick("lines", "graph"))
def test_a_phone_is_wide_enough_and_targets_are_large(browser, name):
    context = browser.new_context(**PHONE)
    shown = Stage(context, ZOO[name])
    assert shown.page.evaluate("document.documentElement.scrollWidth") == 320
    small = shown.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, .x-options label, .x-hit")]
          .filter((one) => one.getBoundingClientRect().height < 24 &&
            !(one.closest("label")?.getBoundingClientRect().height >= 24))
          .map((one) => one.outerHTML)"""
    )
    assert small == []
    hits = shown.page.locator(".x-hit")
    assert all(hit.bounding_box()["height"] > 43.9 for hit in hits.all())  # for fingers
    assert shown.errors == []
    context.close()


def faultless(context, name, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    shown = Stage(context, ZOO[name], theme)
    found = axe.run(shown.page, options=AXE)
    shown.page.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", quick("lines"))
def test_axe_finds_nothing_in_the_dark(context, name):
    faultless(context, name, "dark")


@pytest.mark.parametrize("name", quick())
def test_axe_finds_nothing_in_the_light(context, name):
    faultless(context, name, "light")


@on("lines")
def test_nothing_moves_by_itself_under_reduced_motion(stage):
    moving = stage.page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((one) =>
          parseFloat(getComputedStyle(one).transitionDuration) > 0 ||
          getComputedStyle(one).animationName !== "none").length"""
    )
    assert moving == 0


_STUB = """async ([script, traits]) => {
  const blob = new Blob([script], { type: "text/javascript" });
  const { default: widget } = await import(URL.createObjectURL(blob));
  const told = {};
  const model = {
    get: (name) => traits[name],
    set(name, value) { traits[name] = value; told[`change:${name}`]?.(); },
    on: (event, f) => { told[event] = f; },
    off: (event, f) => { if (told[event] === f) delete told[event]; },
    save_changes: () => { window.saved = traits.settings; },
  };
  const el = document.body.appendChild(document.createElement("div"));
  const close = widget.render({ model, el });
  el.querySelector(".x-grip").dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
  close();
  return {
    lines: el.querySelectorAll(".x-line path").length,
    trust: el.querySelector(".x-trust-box").textContent,
    at: window.saved.at[0],
    listening: Object.keys(told),
  };
}"""


def test_a_widget_draws_in_a_browser(browser):
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    made = widget(ZOO["lines"])
    page = browser.new_page()
    page.set_content(f"<style>{styles()}</style>")
    traits = {name: getattr(made, name) for name in ("figure", "settings", "scene", "trust")}
    found = page.evaluate(_STUB, [bundle("plot.js"), json.loads(json.dumps(traits))])
    assert found == {"lines": 4, "trust": "provedIt holds.", "at": 5.8, "listening": []}
    page.close()


def test_the_scripts_stay_small():
    files = sorted((STATIC / "explorables").rglob("*.js"))
    texts = [file.read_text("utf-8") for file in files]
    assert sum(len(one.splitlines()) for one in texts) < 2000
    assert sum(len(one.encode()) for one in texts) < 100_000
    assert all(one.startswith("/** ") for one in texts)
