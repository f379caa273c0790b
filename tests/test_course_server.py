"""The server of the course: pages, files, the socket, and all that a page may send it."""

from __future__ import annotations

import asyncio
import json
import threading
from types import SimpleNamespace

import pytest

from course_serving import served
from taylored.course.figures import slopes
from taylored.course.kit import Axis, Panel, Scene, Slider, figure, line
from taylored.course.messages import sentences
from taylored.course.server import answers
from taylored.course.server.scenes import Request, Scenes
from taylored.errors import ArgumentError

RIGHT = ["{a}*x^({a}-1)*sin({b}*y)", "{b}*x^{a}*cos({b}*y)"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)  # the file is written at each of many tests
        patch.setattr("taylored.course.server.course._PAUSE", 0.05)
        with served(tmp_path_factory.mktemp("server") / "p.json") as course:
            yield course


@pytest.fixture
def course(running):
    """The same server for all tests, its progress emptied."""
    assert running.own("POST", "/progress/reset").status == 200
    yield running
    running.pages.close()


@pytest.fixture
def page(course):
    return course.page()


def right(course, exercise="1A"):
    """The right answer to 1A with the learner's own numbers."""
    from taylored.course.checking.draw import draw

    seed = course.server.course.progress.state(exercise)["seed"]
    p = vars(draw(answers.find_exercise(exercise), seed).p)
    return [text.format(**p) for text in RIGHT]


# ---- pages and files ------------------------------------------------------------------------


def test_pages_are_served(course):
    index, lesson = course.own("GET", "/"), course.own("GET", "/lesson/0-1")
    assert index.status == lesson.status == 200
    assert "/lesson/0-1" in index.text and "slopes.secant" in lesson.text
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in lesson.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/lesson/9-9", "/lesson/0-99", "/lesson/x", "/lesson/..", "/x",
                                  "/lesson/0-1/", "/lesson/%00", "//", "/lesson/<b>"])  # fmt: skip
def test_a_page_that_is_not_there_says_so(course, path):
    got = course.own("GET", path)
    assert got.status in (307, 404)
    assert got.status == 307 or 'href="/"' in got.text


def test_static_files_are_sent_once_and_seen_when_they_change(course, tmp_path, monkeypatch):
    from taylored.course.server import static

    (tmp_path / "a.js").write_text("one")
    (tmp_path / "secret.py").write_text("no")
    monkeypatch.setattr(static, "FOLDER", tmp_path)
    first = course.own("GET", "/static/a.js")
    assert first.text == "one" and first.headers["content-type"].startswith("text/javascript")
    tag = first.headers["etag"]
    ask = ("GET", "/static/a.js")
    again = course.ask(*ask, Cookie=course.cookie, If_None_Match=tag)
    assert again.status == 304 and again.body == b""
    (tmp_path / "a.js").write_text("two, longer")
    assert course.ask(*ask, Cookie=course.cookie, If_None_Match=tag).text == "two, longer"
    for path in ("secret.py", "none.js", "", "%00.js", "..%2fa.js", "/etc/passwd"):
        assert course.own("GET", f"/static/{path}").status == 404


def test_a_name_that_is_too_long_for_a_file_is_no_fault(course):
    assert course.own("GET", f"/static/{'a' * 300}.css").status == 404


@pytest.mark.parametrize(
    ("name", "kind"),
    [("tokens.css", "text/css"), ("app.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)
def test_our_files_have_their_types(course, name, kind):
    got = course.own("GET", f"/static/{name}")
    assert got.status == 200 and got.headers["content-type"].startswith(kind)


def test_methods_and_favicon(course):
    assert course.own("POST", "/").status == 405
    assert course.own("GET", "/progress/reset").status == 405
    assert course.own("GET", "/favicon.ico").status == 204


# ---- scenes ---------------------------------------------------------------------------------


def test_a_scene_comes_with_its_still_layers_once(page):
    ask = {"type": "scene", "id": "fig-1", "figure": "slopes.secant", "moving": True}
    page.send(**ask, settings={"h": 0.5}, n=1)
    first = page.next("scene")
    page.send(**ask, settings={"h": 0.25}, n=2)
    second = page.next("scene")
    assert (first["id"], first["n"], second["n"]) == ("fig-1", 1, 2)
    stills = [m["scene"]["panels"][0]["still"] for m in (first, second)]
    assert stills[0]["layers"] and stills[1]["layers"] is None
    assert stills[0]["key"] == stills[1]["key"]
    page.send(**{**ask, "id": "fig-2"}, settings={"h": 0.25}, n=1)
    assert page.next("scene")["scene"]["panels"][0]["still"]["layers"]  # another place in the page
    same = slopes.secant.scene({"h": 0.25}).describe()
    assert second["scene"]["caption"] == same["caption"]


@pytest.mark.parametrize(
    ("more", "said"),
    [({"settings": {"h": "x"}}, "takes a finite number"), ({"settings": {"x": 1}}, "no control"),
     ({"settings": [1]}, "object"), ({"settings": {"h": float("nan")}}, "finite"),
     ({"figure": "slopes.tide"}, "no figure"), ({"figure": "os.path"}, "no figure"),
     ({"figure": "..slopes.secant"}, "no figure"), ({"figure": 3}, "no name"),
     ({"n": "1"}, "no number")],
)  # fmt: skip
def test_a_figure_says_what_it_refuses(page, more, said):
    ask = {"type": "scene", "id": "fig-1", "figure": "slopes.secant", "settings": {}, "n": 4}
    page.send(**{**ask, **more})
    got = page.next("problem")
    assert said in got["message"] and got["id"] == "fig-1" and got["n"] == more.get("n", 4)
    page.send(**ask)
    assert page.next("scene")["n"] == 4


@figure("Fails", Slider(name="a", label="a", lo=0, hi=1, at=1.0))
def failing(s):
    return 1 / s.a if s.a < 1 else Scene([Panel(Axis("x", 0, 1), Axis("y", 0, 1), [])], "fine")


@figure("Not finite", Slider(name="a", label="a", lo=0, hi=1, at=1.0))
def endless(s):
    layers = [line([0, 1], [0, 1]) | {"x": [float("inf"), 1]}]
    return Scene([Panel(Axis("x", 0, 1), Axis("y", 0, 1), layers)], "")


@pytest.mark.parametrize(("drawn", "name"), [(failing, "ZeroDivision"), (endless, "ValueError")])
def test_a_fault_of_ours_leaves_the_page_alive(page, monkeypatch, drawn, name):
    monkeypatch.setattr(slopes, "secant", drawn)
    ask = {"type": "scene", "id": "fig-1", "figure": "slopes.secant"}
    page.send(**ask, settings={"a": 0}, n=1)
    assert f"internal error, {name}" in page.next("problem")["message"]
    monkeypatch.undo()
    page.send(**ask, settings={}, n=2)
    assert page.next("scene")["n"] == 2


def request(n, place="f"):
    return Request(place, "slopes.secant", {}, False, n)


def test_the_newest_request_of_a_figure_wins():
    drawn, sent, gate = [], [], threading.Event()

    def draw(asked):
        drawn.append((asked.id, asked.n))
        if asked.id == "f":
            assert gate.wait(10)
        return {"n": asked.n, "scene": {"panels": []}}

    async def send(text):
        sent.append(json.loads(text)["n"])

    async def work():
        tab = Scenes(send, draw)
        for n in range(1, 51):
            tab.ask(request(n))
            await asyncio.sleep(0.001)
        tab.ask(request(100, "g"))  # another figure does not wait for this one
        while sent != [100]:
            await asyncio.sleep(0.005)
        gate.set()
        while len(sent) < 3:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)

    asyncio.run(work())
    assert drawn == [("f", 1), ("g", 100), ("f", 50)] and sent == [100, 1, 50]


def test_a_tab_that_closes_stops_its_work():
    drawn, gate = [], threading.Event()

    def draw(asked):
        drawn.append(asked.n)
        gate.wait(10)
        return {"scene": {"panels": []}}

    async def send(text):
        raise AssertionError("nothing is sent to a page that is gone")

    async def work():
        tab = Scenes(send, draw)
        tab.ask(request(1))
        while not drawn:
            await asyncio.sleep(0.002)
        tab.ask(request(2))
        tab.close()
        gate.set()
        await asyncio.sleep(0.05)

    asyncio.run(work())
    assert drawn == [1]


def test_errors_are_read_as_sentences():
    error = ArgumentError("The step h is 0.", why="nothing moves", next_step="take another one")
    assert sentences(error) == "The step h is 0. Nothing moves. Take another one."


# ---- answers --------------------------------------------------------------------------------


def check(page, answer, exercise="1A", n=1):
    page.send(type="check", exercise=exercise, answer=answer, n=n)
    return page.next("reply")


def test_a_right_answer_and_a_wrong_one(course, page):
    wrong = ["0", right(course)[1]]
    got = check(page, wrong, n=3)
    assert (got["exercise"], got["n"], got["reply"]["right"]) == ("1A", 3, False)
    assert got["state"]["tries"] == 1 and got["state"]["draft"] == wrong
    got = check(page, right(course)[::-1])
    assert got["reply"]["mistake"] == "The two derivatives are exchanged"
    assert got["reply"]["hint_html"].startswith("<p>") and not got["state"]["solved"]
    got = check(page, right(course))
    assert got["reply"]["right"] and got["state"]["solved"] and got["state"]["tries"] == 3


def test_a_megabyte_is_refused_in_words_and_everything_lives(course, page):
    for answer in (["x" * 2**20, "y"], "x" * 2**20, ["x"] * 10**5):
        got = check(page, answer)
        assert got["reply"]["unread"] and got["state"]["tries"] == 0
        assert len(got["reply"]["message"]) < 300 and got["state"]["draft"] is None
    page.line.send(json.dumps({"type": "check", "answer": "x" * (5 * 2**20)}))
    assert "characters; at most" in page.next("refused")["message"]
    page.send(type="draft", exercise="1A", answer="x" * 2**20)
    assert "not kept" in page.next("refused")["message"]
    assert check(page, right(course))["reply"]["right"]


@pytest.mark.parametrize("answer", [None, 3, True, {}, {"a": 1}, [], [None, None], [[["x"]]],
                                    "\ud800", ["\ud800", "\0"], ""], ids=repr)  # fmt: skip
def test_odd_answers_are_no_tries(page, answer):
    got = check(page, answer)
    assert got["reply"]["unread"] and got["state"]["tries"] == 0 and not got["state"]["solved"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "3", "null", '{"type": 1}', '{"type": "nothing"}', "{}", "[" * 10**5,
     '{"type": "check"}', '{"type": "check", "exercise": "9Z", "answer": "1"}',
     '{"type": "check", "exercise": "../x", "answer": "1"}', '{"type": "scene"}',
     '{"type": "check", "exercise": ["1A"]}', '{"type": "seen", "lesson": "x"}',
     '{"type": "help", "exercise": "1A", "which": ["again"]}',
     '{"type": "help", "exercise": "1A", "which": "__class__"}', '{"n": ' + "9" * 5000 + "}",
     '{"type": "another", "exercise": null}', '{"type": "draft", "exercise": "1A", "answer": 3}'],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_messages_that_mean_nothing_are_refused(page, text):
    page.line.send(text)
    got = json.loads(page.line.recv(timeout=10))
    assert got["type"] in ("refused", "problem") and got["message"].endswith(".")
    assert "internal error" not in got["message"]
    page.line.send(b"bytes")
    assert "text only" in page.next("refused")["message"]


def test_a_fault_in_an_exercise_costs_no_try(page, monkeypatch):
    def find(name):
        return SimpleNamespace(id=name, answer=None)

    monkeypatch.setattr("taylored.course.server.socket.find_exercise", find)
    got = check(page, "1")
    assert "internal error" in got["reply"]["message"] and got["state"]["tries"] == 0
    monkeypatch.undo()
    assert check(page, "1")["reply"]["unread"]


def test_a_check_that_the_end_cuts_off_is_not_written_down(course):
    def run(job):
        raise InterruptedError

    progress = course.server.course.progress
    with pytest.raises(InterruptedError):
        answers.attempt(progress, answers.find_exercise("5A"), "def f(): pass", run)
    assert progress.touched() == []


def test_a_page_has_only_so_many_figures(page, monkeypatch):
    monkeypatch.setattr("taylored.course.server.socket._FIGURES", 2)
    for place, too_many in (("a", False), ("b", False), ("c", True), ("a", False), ("c", True)):
        page.send(type="scene", id=place, figure="none.none", n=1)
        got = page.next("problem")
        assert (got["id"], "at most 2" in got["message"]) == (place, too_many)


def test_one_check_of_an_exercise_at_a_time(page, monkeypatch):
    gate = threading.Event()
    attempt = answers.attempt

    def slow(*given):
        assert gate.wait(10)
        return attempt(*given)

    monkeypatch.setattr("taylored.course.server.socket.attempt", slow)
    for n in (1, 2):
        page.send(type="check", exercise="1A", answer=["1", "1"], n=n)
    assert page.next("refused")["n"] == 2
    gate.set()
    got = page.next("reply")
    assert got["n"] == 1 and got["state"]["tries"] == 1


# ---- help and other numbers -----------------------------------------------------------------


def test_help_comes_after_tries(course, page):
    def ask(which):
        page.send(type="help", exercise="1A", which=which, n=5)

    ask("again")
    assert "after the first try" in page.next("refused")["message"]
    check(page, ["1", "1"])
    ask("again")
    assert "Hold y still" in page.next("help")["html"]
    ask("worked")
    assert "three tries" in page.next("refused")["message"]
    check(page, ["1", "2"])
    check(page, ["1", "3"])
    ask("worked")
    got = page.next("help")
    assert (got["which"], got["n"]) == ("worked", 5) and "<math" in got["html"]
    state = course.server.course.progress.state("1A")
    assert state["again"] and state["worked"]


def test_other_numbers_begin_the_tries_anew(course, page):
    before = check(page, right(course))["state"]
    page.send(type="another", exercise="1A", n=2)
    got = page.next("exercise")
    seed = before["seed"] + 1
    assert got["state"]["seed"] == seed and f'data-seed="{seed}"' in got["html"]
    assert got["state"]["tries"] == 0 and got["state"]["last"] is None and got["state"]["solved"]


# ---- two tabs, progress ---------------------------------------------------------------------


def test_two_tabs_see_each_other(course):
    one, two = course.page(), course.page()
    check(one, right(course))
    got = two.next("state")
    assert got["exercise"] == "1A" and got["state"]["solved"]
    two.send(type="draft", exercise="1A", answer=["x", "y"])
    assert one.next("state")["state"]["draft"] == ["x", "y"]
    check(two, ["1", "1"])
    assert one.next("state")["state"]["tries"] == 2  # no work of either is lost
    assert one.silent() and two.silent()


def test_a_reset_is_told_to_every_tab(course, page):
    seed = check(page, ["1", "1"])["state"]["seed"]
    assert course.own("POST", "/progress/reset").status == 200
    told = {}
    while "1A" not in told:
        message = page.next("state")
        told[message["exercise"]] = message["state"]
    assert told["1A"]["tries"] == 0 and told["1A"]["seed"] != seed
    assert told["1A"]["draft"] is None


def test_a_try_counts_though_its_page_was_closed(course, monkeypatch):
    gate, done = threading.Event(), threading.Event()
    attempt = answers.attempt

    def slow(*given):
        assert gate.wait(10)
        reply = attempt(*given)
        done.set()
        return reply

    monkeypatch.setattr("taylored.course.server.socket.attempt", slow)
    page = course.page()
    page.send(type="check", exercise="1A", answer=["1", "1"], n=1)
    page.send(type="nothing")
    page.next("refused")
    page.line.close()
    gate.set()
    assert done.wait(10)
    assert course.server.course.progress.state("1A")["tries"] == 1


def test_lessons_seen_are_remembered(course, page):
    page.send(type="seen", lesson="0-1")
    page.send(type="nothing")
    page.next("refused")
    assert json.loads(course.own("GET", "/progress.json").text)["lessons"].keys() == {"0-1"}


def test_export_reset_import(course, page):
    check(page, ["1", "2"])
    page.send(type="draft", exercise="1A", answer=["3", "4"])
    page.send(type="seen", lesson="0-1")
    page.send(type="nothing")
    page.next("refused")
    exported = course.own("GET", "/progress.json")
    assert "attachment" in exported.headers["content-disposition"]
    assert course.own("POST", "/progress/reset").status == 200
    progress = course.server.course.progress
    assert progress.state("1A")["tries"] == 0 and not progress.seen()
    got = course.own("POST", "/progress/import", exported.body)
    assert got.status == 200 and "before-import" in got.text
    assert progress.state("1A")["tries"] == 1 and progress.seen() == {"0-1"}
    old, new = json.loads(exported.text), json.loads(course.own("GET", "/progress.json").text)
    for book in (old, new):
        del book["reset"], book["lessons"], book["exercises"]["1A"]["changed"]
    assert old == new


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff\xfe", b"[" * 10**5, b"x" * 8_000_001, b"x" * 30_000_000,
             b'{"format": "x"}'],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_a_hostile_import_changes_nothing(course, page, body):
    check(page, ["1", "2"])
    got = course.own("POST", "/progress/import", body)
    assert got.status in (400, 413) and "othing was changed" in json.loads(got.text)["message"]
    assert course.server.course.progress.state("1A")["tries"] == 1


def test_an_imported_text_does_not_become_html(course, page):
    check(page, right(course)[::-1])
    book = json.loads(course.own("GET", "/progress.json").text)
    attack = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) </script><script>"
    last = book["exercises"]["1A"]["last"]
    for name, value in last.items():
        last[name] = attack if isinstance(value, str) else value
    book["exercises"]["1A"]["draft"] = [attack, attack]
    assert course.own("POST", "/progress/import", json.dumps(book)).status == 200
    reply = answers.shown_state(course.server.course.progress, "1A")["last"]
    assert "<img" not in reply["hint_html"] and "href" not in reply["hint_html"]
    from taylored.course.pages import LESSONS

    lesson = next(found.id for found in LESSONS() if "1A" in found.exercises)
    text = course.own("GET", f"/lesson/{lesson}").text
    assert "onerror" in text and "<img" not in text and "</script><script>" not in text


def test_what_is_wrong_with_the_file_is_told_to_every_page(course, page, monkeypatch):
    progress = course.server.course.progress

    def full(book):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress.store, "save", full)
    try:
        page.send(type="check", exercise="1A", answer=right(course), n=1)
        assert "No space left" in page.next("notice")["message"]
        assert page.next("reply")["reply"]["right"]  # the course goes on in memory
        later = course.page()
        assert "in memory" in later.next("notice")["message"]
        check(page, right(course), n=2)
        assert page.silent()  # once is enough
        assert sum("No space left" in text for text in course.said) == 1
    finally:
        progress.notices.clear()


def test_the_file_holds_what_was_answered(course, page):
    check(page, ["1", "2"])
    on_disk = json.loads(course.server.course.progress.path.read_text())
    given = on_disk["exercises"]["1A"]["answers"]
    assert [g["answer"] for g in given] == [["1", "2"]]
