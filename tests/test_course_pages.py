"""The pages of the course without a browser: lessons read, formulas set, HTML whole and escaped."""

import math
import re
from html import unescape
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from taylored.course.pages import (
    LESSONS,
    LessonError,
    exercise_html,
    figures,
    fill,
    index_html,
    lesson_html,
)
from taylored.course.pages.code import code_html
from taylored.course.pages.figures import data
from taylored.course.pages.graph import curve_svg, described
from taylored.course.pages.hero import _ORDERS, _TOLERANCE, _polynomial, _radius
from taylored.course.pages.lesson import MODULES, read_lesson
from taylored.course.pages.markdown import inline_html, markdown_html, plain_text, sections
from taylored.course.pages.mathml import MathError, mathml

VOID = {"meta", "link", "input", "br", "hr", "wbr", "img"}
HOSTILE = "<img src=x onerror=alert(1)></script><b>"


class Reader(HTMLParser):
    """Reads HTML strictly: every element closed in order; keeps what the tests look at."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.found, self.faults = [], [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.found.append((tag, held))
        self.ids += [held["id"]] if "id" in held else []
        self.faults += [f"{tag} has {name}" for name in held if name.startswith("on")]
        self.faults += ["an inline style"] if "style" in held else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else, near line {self.getpos()}")

    def count(self, tag):
        return sum(name == tag for name, _ in self.found)


def whole(text):
    """A page as read, after the checks that hold for all of them."""
    page = Reader(text)
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    for tag, held in page.found:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert held.get(name, page.ids[0]) in page.ids, (tag, held)
        if tag == "script" and "src" not in held:
            assert held["type"] == "application/json"
        for name in ("href", "src"):
            assert not held.get(name, "").startswith(("http", "//")), held
    return page


# ---- lessons ----------------------------------------------------------------------------------

HEAD = "---\nid: 9-1\ntitle: T\nminutes: 5\ngoals: a; b\n---\n"


def read(text):
    return read_lesson(Path("0-1-slope.md"), text.replace("9-1", "0-1"))


def test_a_lesson_is_cut_at_its_blocks():
    lesson = read(HEAD + "Text\n\n```python\n```explore no\n```\n\n```explore a.b\nWords.\n```\n"
                  "More.\n```trust a.b\n```\n```exercise 0A\nDo $<<a>>$.\n```\n")  # fmt: skip
    assert [(part.kind, part.name, part.line) for part in lesson.parts] == [
        ("text", "", 7), ("explore", "a.b", 13), ("text", "", 16), ("trust", "a.b", 17),
        ("exercise", "0A", 19)]  # fmt: skip
    assert (lesson.goals, lesson.minutes, lesson.module) == (("a", "b"), 5, MODULES[0])
    assert (lesson.figures, lesson.exercises) == (("a.b",), ("0A",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Text", "1: a lesson begins"),
        (HEAD.replace("minutes: 5\n", ""), "5: the front matter lacks minutes"),
        (HEAD.replace("minutes: 5", "minutes: five"), "4: 'five' is no minutes"),
        (HEAD.replace("title: T", "titel: T"), "3: 'titel: T' is none of"),
        (HEAD.replace("title: T", "id: 0-1"), "3: 'id: 0-1' is none of"),
        (HEAD.replace("9-1", "0-2"), "2: the id 0-2 is not the start"),
        (HEAD + "a\n```explore a.b\nWords\n", "8: the block is not closed"),
        (HEAD + "```explore a\nWords\n```", "7: write `explore file.name`, not 'a'"),
        (HEAD + "```exercise first\nWords\n```", "7: write `exercise 1A`, not 'first'"),
        (HEAD + "```exercise 1A\n\n```", "7: the block of 1A is empty"),
    ],
)
def test_faults_of_a_lesson_name_file_and_line(text, said):
    with pytest.raises(LessonError, match=re.escape(f"0-1-slope.md:{said}")):
        read(text)


def test_every_lesson_is_read_in_order():
    ids = [lesson.id for lesson in LESSONS()]
    assert ids == sorted(ids, key=lambda name: [int(n) for n in name.split("-")])
    assert len(set(ids)) == len(ids) > 0


def texts_of(lesson):
    return [(part.line, part.body) for part in lesson.parts] + [(4, g) for g in lesson.goals]


@pytest.mark.parametrize("lesson", LESSONS(), ids=lambda lesson: lesson.id)
def test_every_formula_of_a_lesson_is_set(lesson):
    faults = []
    for line, text in texts_of(lesson):
        html = markdown_html(text)
        faults += [(line, said) for said in re.findall(r'class="unset" title="(.*?)"', html)]
        bare = re.sub(r"<pre.*?</pre>|<code>.*?</code>|<[^>]*>", "", html, flags=re.S)
        faults += [(line, found) for found in re.findall(r".{0,20}(?:\$|\\[a-z]).{0,20}", bare)]
    assert faults == [], f"{lesson.path.name}: lines of blocks and what is left raw"


QUICK = ("0-1", "2-1", "5-1")  # one of each kind of contents; drawing all figures takes longer


@pytest.mark.parametrize(
    "lesson",
    [pytest.param(one, marks=[pytest.mark.slow] * (one.id not in QUICK)) for one in LESSONS()],
    ids=lambda lesson: lesson.id,
)
def test_page_of_a_lesson_is_whole(lesson):
    text = lesson_html(lesson.id, {}) or ""
    page = whole(text)
    assert page.count("h1") == page.count("main") == 1
    assert page.count("figure") == len(lesson.figures)
    tags = [held for tag, held in page.found if tag == "section" and "data-exercise" in held]
    assert [held["data-exercise"] for held in tags] == list(lesson.exercises)
    assert "not there yet" not in text


def test_no_page_for_an_unknown_lesson():
    assert lesson_html("9-9", {}) is None


def test_index_lists_all_lessons_and_counts_what_is_solved():
    lessons = LESSONS()
    solved = lessons[0].exercises[0]
    text = index_html({solved: {"solved": True, "tries": 2}}, {lessons[0].id})
    page = whole(text)
    links = [held["href"] for tag, held in page.found if tag == "a"]
    assert all(f"/lesson/{lesson.id}" in links for lesson in lessons)
    total = sum(len(lesson.exercises) for lesson in lessons)
    assert f"<b>1</b> of {total} exercises solved" in text
    assert text.count('class="dot on"') == 1 and text.count('class="read"') == 1
    assert page.count("h1") == 1


def test_index_says_where_to_go_on():
    lessons = LESSONS()
    assert 'class="go" href="/lesson/0-1">Begin' in index_html({})
    first, second = [one for one in lessons if one.exercises][:2]
    states = {name: {"tries": 1, "solved": True} for name in first.exercises}
    assert f'class="go" href="/lesson/{second.id}">Go on' in index_html(states)
    every = {name: {"tries": 1, "solved": True} for one in lessons for name in one.exercises}
    assert "Every exercise is solved" in index_html(every)


# ---- Markdown and formulas --------------------------------------------------------------------


def test_html_in_a_text_is_shown_and_not_obeyed():
    html = markdown_html(f"{HOSTILE} $a<b$ `{HOSTILE}` [x](javascript:alert(1)) ![i](http://a/b)")
    assert "<img" not in html and "<script" not in html and 'href="javascript' not in html
    assert Reader(html).faults == []


def test_links_between_lessons_lead_to_pages():
    html = markdown_html("[a](1-3-gradient.md) [b](./0-1-slope.md#try-it) [c](#there)")
    assert re.findall('href="(.*?)"', html) == ["/lesson/1-3", "/lesson/0-1#try-it", "#there"]


def test_alignment_of_a_table_is_a_class():
    html = markdown_html("| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert '<td class="right">2</td>' in html and "style=" not in html


def test_sections_are_cut_at_headings_outside_of_code():
    text = "Start\n\n## One\na\n```python\n## no heading\n```\n## Two\nb"
    assert [head for head, _ in sections(text)] == ["", "One", "Two"]


def test_plain_text_speaks_formulas():
    assert plain_text(r"the slope $\frac{\mathrm{d}f}{\mathrm{d}x}$ of *f* & more") == (
        "the slope df/dx of f & more"
    )


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"\frac{f(x+h)-f(x)}{h}", "(f(x + h) − f(x))/h"),
        (r"\lim_{h \to 0} q(h)", "lim_(h → 0) q(h)"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "(1, 2; 3, 4)"),
        (r"e^{-x^2/2}", "e^(− x^2 / 2)"),
        (r"\sqrt{x+1}", "square root of (x + 1)"),
        (r"\bar{x} + \hat y", "x bar + y hat"),
        (r"\sum_{i=1}^n x_i", "∑ _(i = 1)^n x_i"),
        (r"\|x\| \le 1", "‖x‖ ≤ 1"),
    ],
)
def test_formulas_carry_their_words(latex, words):
    assert ElementTree.fromstring(mathml(latex, block=True)).get("alttext") == words


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"\mathrm{d}x", '<mi mathvariant="normal">d</mi><mi>x</mi>'),
        (r"\mathrm{rank}", "<mi>rank</mi>"),
        (r"\operatorname{tr}A", '<mi>tr</mi><mspace width="0.167em" /><mi>A</mi>'),
        (r"2\sin x", '<mn>2</mn><mspace width="0.167em" /><mi>sin</mi><mspace width="0.167em" />'),
        (r"\sin(x)", '<mi>sin</mi><mo stretchy="false">(</mo>'),
        (r"x = -3", '<mo form="prefix">−</mo>'),
        (r"x - 3", "<mi>x</mi><mo>−</mo>"),
        (r"x \pm 3", "<mi>x</mi><mo>±</mo>"),
        (r"\lambda = \pm 3", '<mo form="prefix">±</mo>'),
        (r"\begin{cases} 1 & x > 0 \end{cases}", '<mtd class="left">'),
    ],
)
def test_formulas_are_set_as_on_paper(latex, part):
    assert part in mathml(latex)


def test_limits_stand_below_on_a_line_of_their_own():
    assert "<munder><mi>max</mi>" in mathml(r"\max_x f", block=True)
    assert "<msub><mi>max</mi>" in mathml(r"\max_x f")


def test_long_formulas_in_a_line_can_be_broken():
    html = mathml(r"f(2) = 2.2 + 1.6 \cdot 0.93204 = 3.69126")
    assert html.count("<wbr>") >= 2
    pieces = [ElementTree.fromstring(piece) for piece in html.split("<wbr>")]
    whole_text = "".join("".join(piece.itertext()) for piece in pieces)
    assert whole_text == "f(2)=2.2+1.6·0.93204=3.69126"
    assert all(p[0].get("form") == "infix" for p in pieces[1:])
    assert "<wbr>" not in mathml(r"f(a+b+c+d+e+f+g+h+i+j+k+l)")  # never inside of brackets


@pytest.mark.parametrize(
    "latex", [r"\foo x", r"a &= b", r"\frac{1}", r"\href{javascript:alert(1)}{x}", r"{\tfrac", "&"]
)
def test_formulas_that_cannot_be_set_are_refused(latex):
    with pytest.raises(MathError):
        mathml(latex)
    assert 'class="unset"' in inline_html(f"${latex}$")


@pytest.mark.parametrize(
    "source",
    [
        "x = f'{a!r} {{b}}' + \"é\"  # why < not\nfor i in range(3):\n    print(i)\n",
        "def f(:\n",
        '"""',
        "a = (1,\n",
        "",
        "x\t= 1\r\ny = 2\n",
    ],
)
def test_colors_leave_code_as_it_is(source):
    html = code_html(source, "python")
    inner = re.fullmatch(r"<pre [^>]*><code>(.*)</code></pre>\n", html, re.S)
    assert inner and unescape(re.sub("</?span[^>]*>", "", inner[1])) == source


# ---- exercises --------------------------------------------------------------------------------


def test_fill_writes_numbers_for_readers():
    values = {"a": 3, "b": 2e-5, "c": [1, 2.5], "d": [[1, 2], [3, 4]], "e": "sin(x)", "f": 1 / 3}
    assert fill("<<a>>, <<b>>, <<c>>, <<d>>, <<e>>, <<f>>", values) == (
        "3, 2e-5, 1, 2.5, 1, 2; 3, 4, sin(x), 0.333333"
    )
    assert fill("$<<b>>$ $$<<b>>$$ <<b>>", values) == (
        r"$2 \cdot 10^{-5}$ $$2 \cdot 10^{-5}$$ 2e-5"
    )
    with pytest.raises(LookupError, match="<<z>> is none of a"):
        fill("<<z>>", values)


EXERCISES = [name for lesson in LESSONS() for name in lesson.exercises]


@pytest.mark.parametrize("name", EXERCISES)
def test_form_of_every_exercise_is_whole(name):
    html = exercise_html(name, 7, {"seed": 7, "draft": HOSTILE, "last": {"printed": HOSTILE}})
    page = whole(html)
    assert "<img" not in html and 'class="unset"' not in html and "<<" not in html
    named = [held for tag, held in page.found if tag in ("input", "textarea")]
    assert named and all("id" in held or "name" in held for held in named)
    labels = {held.get("for") for tag, held in page.found if tag == "label"}
    assert all(held["id"] in labels for held in named if "id" in held)


def test_an_exercise_that_is_not_there_says_so():
    assert "not there yet" in exercise_html("5Z", 0)


def test_data_in_a_page_cannot_end_its_element():
    html = data({"a": "</script><!-- \u2028 é"}, "x")
    assert html.count("</script>") == 1 and "<!--" not in html and "\u2028" not in html


# ---- drawings ---------------------------------------------------------------------------------


def points_of(svg):
    return [[tuple(map(float, p.split(","))) for p in run.split()]
            for run in re.findall(r'class="curve" points="([^"]*)"', svg)]  # fmt: skip


def test_graph_of_a_formula_is_where_it_belongs():
    (run,) = points_of(curve_svg("2*sin(x)"))
    x = np.linspace(-3, 3, 241)
    top = 1.08 * 2 * np.sin(np.pi / 2)
    across, down = 8 + (x / 3 + 1) / 2 * 200, 8 + (1 - 2 * np.sin(x) / top) / 2 * 144
    assert np.allclose(run, np.c_[across, down], atol=0.06)


def test_a_pole_parts_the_curve_and_a_missing_half_is_left_out():
    left, right = points_of(curve_svg("1/x"))
    assert left[-1][0] < 108 < right[0][0]
    ((start, *_),) = points_of(curve_svg("sqrt(x)"))
    assert start[0] == 108


def test_graphs_in_words():
    grid = np.linspace(-3, 3, 241)
    assert described(list(zip(grid, grid**2, strict=True))) == (
        "Graph from x = -3 to 3: starts at y about 9, falls to 0 at x about 0, rises to 9."
    )
    assert described([(0.0, 1.0), (1.0, 1.0)]) == "Graph from x = 0 to 1: level at y = 1."
    with pytest.raises(ValueError, match="no formula of x"):
        curve_svg("a*x")


@pytest.mark.parametrize("order", _ORDERS)
def test_the_first_figure_claims_what_holds(order):
    x = np.linspace(-_radius(order), _radius(order), 2001)
    gap = max(abs(math.sin(v) - _polynomial(order, v)) for v in x)
    assert 0.8 * _TOLERANCE < gap <= _TOLERANCE


def test_scripts_of_a_page_are_asked_for_at_once(tmp_path, monkeypatch):
    from taylored.course.pages import modules

    (tmp_path / "a").mkdir()
    (tmp_path / "app.js").write_text(
        'import { x,\n  y } from "./a/b.js";\nimport("./late.js");\n// import "./no.js"\n'
    )
    (tmp_path / "a/b.js").write_text("export * from '../c.js';\nimport \"./b.js\";\n")
    for name in ("c.js", "late.js", "no.js"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(modules, "_STATIC", tmp_path)
    assert modules.reached(["app.js", "gone.js"]) == ["app.js", "a/b.js", "c.js"]


def test_formulas_side_by_side_are_parted():
    html = mathml(r"a = 1, \qquad b = 2 \quad c", block=True)
    spans = re.findall("<span>(.*?)</span>", html)
    assert [ElementTree.fromstring(s).get("alttext") for s in spans] == ["a = 1,", "b = 2", "c"]
    assert "<span>" not in mathml(r"a = 1, \qquad b = 2")


def test_punctuation_stays_with_its_formula():
    html = markdown_html("so ($x$, $y$) and $n$-th, **$z$**: end $w$ .")
    held = re.findall('<span class="nobr">(.*?)</span>', html)
    assert [re.sub("<[^>]*>", "", piece) for piece in held] == ["(x,", "y)", "n-th,"]
    assert Reader(html).faults == []


def test_a_figure_with_a_fault_leaves_the_lesson_readable(monkeypatch, caplog):
    def broken(name):
        raise ZeroDivisionError("ours")

    figures.first.cache_clear()
    monkeypatch.setattr(import_module("taylored.course.kit.figure"), "find", broken)
    html = figures.explore_html("slopes.secant", "What one sees.", 1)
    figures.first.cache_clear()
    assert "What one sees." in html and "internal error, ZeroDivisionError" in html
    assert "slopes.secant" in caplog.text
