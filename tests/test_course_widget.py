"""Figures in a notebook: one script without imports, styles that stay inside, live traits."""

import json
import re
import sys

import pytest

from course_zoo import ZOO
from taylored.course import notebook
from taylored.course.kit.figure import find
from taylored.course.notebook import bundle, styles, widget
from taylored.errors import ArgumentError, MissingExtraError


@pytest.fixture(scope="module", autouse=True)
def _anywidget():
    pytest.importorskip("anywidget", reason="anywidget is not installed")


def test_a_widget_has_the_scene_of_its_settings():
    made = widget("slopes.secant", h=0.25)
    assert made.figure == json.loads(json.dumps(find("slopes.secant").describe()))
    assert made.settings["h"] == 0.25
    wanted = find("slopes.secant").scene({"h": 0.25}).describe()
    assert made.scene["caption"] == wanted["caption"]
    made.settings = {**made.settings, "h": 0.5}
    assert made.scene["caption"] == find("slopes.secant").scene({"h": 0.5}).describe()["caption"]


def test_a_widget_computes_once_for_one_message():
    drawn = []
    shown = ZOO["points"]
    counted = type(shown)(lambda s: drawn.append(s.moving) or shown.draw(s), shown.title,
                          shown.controls, shown.kind, shown.about)  # fmt: skip
    made = widget(counted)
    with made.hold_trait_notifications():  # as a message from the browser sets both
        made.moving = True
        made.settings = {"points": [[1.0, 1.0], [2.0, 2.0]]}
    made.moving = False
    assert drawn == [False, True, False]


def test_a_refusal_leaves_the_scene():
    made = widget(ZOO["lines"])
    before = made.scene
    made.settings = {**made.settings, "f": "exp(x)"}
    assert made.problem.startswith("This wave cannot be drawn.")
    assert made.scene == before
    made.settings = {**made.settings, "f": "sin(x)"}
    assert made.problem == ""


def test_what_does_not_exist_is_refused():
    with pytest.raises(ArgumentError, match="no figure"):
        widget("slopes.nothing")
    with pytest.raises(ArgumentError, match="no control"):
        widget("slopes.secant", wrong=1)


def test_without_anywidget_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    notebook._kind.cache_clear()
    with pytest.raises(MissingExtraError, match="pip install anywidget"):
        widget("slopes.secant")
    notebook._kind.cache_clear()


@pytest.mark.parametrize("kind", ["plot", "graph", "game"])
def test_a_bundle_holds_each_module_once_and_imports_nothing(kind):
    script = bundle(f"{kind}.js")
    assert not re.search(r"^\s*import\b", script, re.M)
    assert re.findall(r"^export .*", script, re.M) == [
        f"export const render = m{script.count('= (() => {') - 1}.render;",
        "export default { render };",
    ]
    assert script.count("class Figure") == 1


def test_a_bundle_puts_modules_after_what_they_import(tmp_path, monkeypatch):
    folder = tmp_path / "explorables"
    folder.mkdir()
    (folder / "a.js").write_text('import { two } from "./b.js";\n\nexport const render = two;\n')
    (folder / "b.js").write_text("export function two() {\n  return 2;\n}\nconst own = 1;\n")
    monkeypatch.setattr(notebook, "_STATIC", tmp_path)
    script = notebook.bundle.__wrapped__("a.js")
    assert script.index("function two()") < script.index("const { two } = m0;")
    assert "return { two };" in script
    (folder / "b.js").write_text('import { render } from "./a.js";\nexport const two = 2;\n')
    with pytest.raises(ValueError, match=r"a\.js imports itself through b\.js"):
        notebook.bundle.__wrapped__("a.js")


def test_styles_reach_no_further_than_the_figure():
    sheet = styles()
    assert ":root" not in sheet
    assert "--proved" in sheet
    assert ".x-host {" in sheet
