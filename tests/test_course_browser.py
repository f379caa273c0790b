"""The pages of the course in a real browser: accessible, kept across reloads, shared by tabs."""

import pytest

from course_browser import browser, course_context, page, server, window
from course_serving import served
from taylored.course.pages import LESSONS

__all__ = ["browser", "page", "server", "window"]  # fixtures

AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
WIDE, NARROW = 1280, 320
PAGES = ["/", *(f"/lesson/{lesson.id}" for lesson in LESSONS())]
QUICK = [("/lesson/5-1", "light", NARROW)]
# Both themes and both widths for two pages, one of each for all others.
CASES = [(path, theme, width) for path in PAGES
         for theme, width in [("light", WIDE), ("dark", NARROW), ("light", NARROW), ("dark", WIDE)]
         if (theme == "light") == (width == WIDE) or path in ("/", "/lesson/0-1")]  # fmt: skip
SLOW = [case for case in CASES if case not in QUICK]


def visit(page, server, path):
    page.goto(server.url + path)
    page.wait_for_selector("html[data-ready]")
    until(page, "() => !document.querySelector('figure.explore:not(.drawn)')")


def until(page, question, told=None):
    """Wait until a question is answered with yes (the pages allow no `eval`, so it is polled)."""
    ask = question if callable(question) else lambda: page.evaluate(question, told)
    for _ in range(300):
        if ask():
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never true: {question}")


def looked_over(browser, server, path, theme, width):
    """Open a page; what axe finds, how far it reaches beyond the window, faults, other hosts."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"viewport": {"width": width, "height": 800}, "color_scheme": theme}
    with course_context(browser, server, **options) as context:
        page = context.new_page()
        visit(page, server, path)
        found = Axe().run(page, options=AXE).response["violations"]
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        said = [(v["id"], n["html"][:120], n["any"] and n["any"][0]["message"])
                for v in found for n in v["nodes"]]  # fmt: skip
        return said, max(beyond, 0), context.faults, context.outside


@pytest.mark.parametrize(
    ("path", "theme", "width"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)],
)
def test_page_is_for_everybody(browser, server, path, theme, width):
    assert looked_over(browser, server, path, theme, width) == ([], 0, [], [])


def test_reload_keeps_answers_replies_and_drafts(page, server):
    visit(page, server, "/lesson/5-2")
    exercise = page.locator("#ex-5B")
    fields = exercise.locator("input[type=text]")
    fields.nth(0).fill("123")
    fields.nth(1).fill("-7/2")
    exercise.get_by_role("button", name="Check").click()
    exercise.locator(".reply.wrong .verdict").wait_for()
    told = exercise.locator(".reply").inner_text()
    assert "123" in told and "-3.5" in told
    fields.nth(1).fill("8 + 1")
    progress = server.server.course.progress  # the draft is sent when the typing pauses
    until(page, lambda: progress.state("5B")["draft"] == ["123", "8 + 1"])
    visit(page, server, "/lesson/5-2")
    assert [fields.nth(k).input_value() for k in (0, 1)] == ["123", "8 + 1"]
    assert exercise.locator(".reply").inner_text() == told
    assert exercise.get_by_role("button", name="Second hint").is_visible()
    assert not exercise.get_by_role("button", name="Worked answer").is_visible()


def test_learners_text_is_never_html(page, server):
    visit(page, server, "/lesson/5-1")
    exercise = page.locator("#ex-5A")
    text = "<img src=x onerror=alert(1)>"
    exercise.locator("textarea").fill(
        f"print('{text}')\ndef chi_squared(*a):\n    raise ValueError('{text}')"
    )
    exercise.get_by_role("button", name="Check").click()
    exercise.locator(".reply.wrong .verdict").wait_for()
    assert text in exercise.locator(".verdict").inner_text()
    assert text in exercise.locator(".reply").inner_text()
    assert exercise.locator("img").count() == 0
    assert exercise.locator(".gutter .bad").inner_text() == "3"


@pytest.mark.slow
def test_a_matching_exercise_is_answered_in_its_letters(page, server):
    visit(page, server, "/lesson/3-1")
    exercise = page.locator("#ex-3A")
    for item, letter in zip(exercise.locator(".item").all(), "ABCA", strict=True):
        item.locator("label").filter(has_text=letter).click()
    exercise.get_by_role("button", name="Check").click()
    exercise.locator(".reply .verdict").wait_for()
    rows = exercise.locator(".reply tr").all_inner_texts()
    assert "Got\tA, B, C, A" in rows, rows


@pytest.mark.slow
def test_two_tabs_show_the_same(browser, server):
    with course_context(browser, server) as context:
        one, two = context.new_page(), context.new_page()
        for tab in (one, two):
            visit(tab, server, "/lesson/2-1")
        one.locator("#ex-2B textarea").fill("1, 2\n3, 4")
        one.locator("#ex-2B").get_by_role("button", name="Check").click()
        two.locator("#ex-2B .reply .verdict").wait_for()
        assert two.locator("#ex-2B textarea").input_value() == "1, 2\n3, 4"
        assert context.faults == []


@pytest.mark.slow
def test_other_numbers_and_hints(page, server):
    visit(page, server, "/lesson/0-4")
    exercise = page.locator("#ex-0B")
    before = exercise.locator(".task").inner_text()
    for field in exercise.locator("input[type=text]").all():
        field.fill("x^2/7")
    exercise.get_by_role("button", name="Check").click()
    exercise.get_by_role("button", name="Second hint").click()
    exercise.locator(".help section[data-which=again] p").first.wait_for()
    exercise.get_by_role("button", name="Other numbers").click()
    until(page, "text => document.querySelector('#ex-0B .task').innerText !== text", before)
    assert exercise.locator(".reply").inner_text() == ""
    assert exercise.locator("input[type=text]").first.input_value() == ""


@pytest.mark.slow
def test_formulas_are_shown_as_they_are_read(page, server):
    visit(page, server, "/lesson/0-4")
    field, seen = page.locator("#a-0B-0"), page.locator("output[for=a-0B-0]")
    names = "e => [...e.querySelectorAll('*')].map(n => n.localName + ':' + n.textContent)"
    for text, part in [("x/(x+1)", "mfrac:xx+1"), ("-2x^3", "msup:x3"), ("exp(-x/2)", "mi:e"),
                       ("sqrt(x+1)", "msqrt:x+1"), ("2*3e-4", "msup:10−4")]:  # fmt: skip
        field.fill(text)
        assert part in seen.evaluate(names), text
    for unread in ("x/(x+1", "2*", "a..b", "<b>", ""):
        field.fill(unread)
        assert seen.inner_html() == ""


def test_the_code_field_and_the_keyboard(page, server):
    visit(page, server, "/lesson/5-1")
    area = page.locator("#ex-5A textarea")
    area.fill("")
    area.press_sequentially("def f(x):")
    area.press("Enter")
    area.press_sequentially("return x")
    area.press("Enter")
    area.press_sequentially("g")
    area.press("Tab")
    area.press_sequentially("= 1")
    assert area.input_value() == "def f(x):\n    return x\ng   = 1"
    area.press("Control+a")
    area.press("Tab")
    assert area.input_value() == "    def f(x):\n        return x\n    g   = 1"
    area.press("Shift+Tab")
    assert area.input_value() == "def f(x):\n    return x\ng   = 1"
    assert page.locator("#ex-5A .gutter").inner_text().split() == ["1", "2", "3"]
    area.press("Escape")
    area.press("Tab")
    assert not area.evaluate("e => e === document.activeElement"), "the keyboard is trapped"
    area.press("Control+Enter")
    page.locator("#ex-5A .reply .verdict").wait_for()


@pytest.mark.slow
def test_trust_box_follows_its_figure(page, server):
    visit(page, server, "/lesson/0-1")
    said = page.locator("aside.trust .said").first
    before = said.inner_text()
    slider = page.locator("#fig-1 input[type=range]").first
    slider.focus()
    slider.press("Home")
    until(page, "text => document.querySelector('aside.trust .said').innerText !== text", before)


@pytest.mark.slow
def test_theme_is_chosen_and_kept(page, server):
    visit(page, server, "/")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    switch = page.locator("[data-theme-switch]")
    light = page.evaluate(ground)
    for name in ("light", "dark"):
        switch.click()
        assert switch.get_attribute("aria-label") == f"Theme: {name}"
    dark = page.evaluate(ground)
    assert dark != light
    visit(page, server, "/lesson/0-1")
    assert page.evaluate(ground) == dark
    switch.click()
    assert page.evaluate(ground) == light


@pytest.mark.slow
def test_export_start_over_and_import(page, server, tmp_path):
    visit(page, server, "/lesson/4-1")
    page.locator("#ex-4A input").first.fill("x - 1")
    page.locator("#ex-4A").get_by_role("button", name="Check").click()
    page.locator("#ex-4A .reply .verdict").wait_for()
    visit(page, server, "/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    kept = tmp_path / "kept.json"
    download.value.save_as(kept)
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("button", name="Keep them").click()
    page.get_by_role("button", name="Start over").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Delete them").click()
    page.locator("[data-said]", has_text="anew").wait_for()
    visit(page, server, "/lesson/4-1")
    assert page.locator("#ex-4A input").first.input_value() == ""
    visit(page, server, "/")
    with page.expect_navigation():
        page.locator("[data-import]").set_input_files(kept)
    visit(page, server, "/lesson/4-1")
    assert page.locator("#ex-4A input").first.input_value() == "x - 1"


@pytest.mark.slow
def test_nothing_typed_is_lost_while_the_course_is_away(browser, tmp_path):
    with served(tmp_path / "a.json") as server, course_context(browser, server) as context:
        page = context.new_page()
        visit(page, server, "/lesson/4-1")
        server.stop()
        page.locator(".banner p", has_text="Not connected").wait_for()
        page.locator("#ex-4A input").first.fill("x/2")
        page.locator("#ex-4A").get_by_role("button", name="Check").click()
        assert "Not connected" in page.locator("#ex-4A .busy").inner_text()
        assert page.locator("#ex-4A input").first.input_value() == "x/2"
        kept = "() => localStorage.getItem('taylored-draft-4A')"
        until(page, kept)  # should the page be closed before the course is back
        assert page.evaluate(kept) == '["x/2"]'
        assert context.outside == []


@pytest.mark.slow
def test_without_scripts_a_lesson_is_whole(browser, server):
    with course_context(browser, server, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url + "/lesson/0-1")
        assert page.locator(".fallback").first.is_visible()
        assert page.locator("aside.trust .said").first.inner_text()


@pytest.mark.slow
def test_print_shows_figures_and_no_tools(page, server):
    visit(page, server, "/lesson/0-1")
    page.emulate_media(media="print")
    assert page.locator("#fig-1 svg").first.is_visible()
    for tool in (".bar", ".actions", ".turn"):
        assert not page.locator(tool).first.is_visible()
    assert page.locator("aside.trust").first.is_visible()


@pytest.mark.slow
def test_first_figure_answers_to_its_choice(page, server):
    visit(page, server, "/")
    page.get_by_label("9", exact=True).check(force=True)
    said = page.locator(".saying p:visible")
    assert said.count() == 1 and "Order 9" in said.inner_text()


@pytest.mark.slow
def test_other_numbers_reach_the_other_tab(browser, server):
    with course_context(browser, server) as context:
        one, two = context.new_page(), context.new_page()
        for tab in (one, two):
            visit(tab, server, "/lesson/5-2")
        before = two.locator("#ex-5B .task").inner_text()
        one.locator("#ex-5B").get_by_role("button", name="Other numbers").click()
        until(two, "text => document.querySelector('#ex-5B .task').innerText !== text", before)
        assert two.locator("#ex-5B .task").inner_text() == one.locator("#ex-5B .task").inner_text()
        assert context.faults == []
