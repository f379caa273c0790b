"""A single small change that makes an answer right: found, named, and shown where it is."""

import signal

import numpy as np
import pytest

from course_data import answer_of
from taylored.course.checking.flaws import (
    BRACKETS,
    CALL,
    COMPARED,
    COUNT,
    FACTOR,
    FUNCTION,
    LINE,
    MATRIX,
    NAME,
    NUMBER,
    POWER,
    QUOTIENT,
    SIGN,
    TERM,
)
from taylored.course.checking.repairs import repairs
from taylored.course.sandbox import Runner, child
from taylored.course.sandbox.replies import read_reply
from taylored.course.sandbox.trials import trials
from test_course_exercises import answers, drawn, reply

# Trials stop a text by an alarm; in a callback of the collector that is said, and it comes again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FLAWS = (BRACKETS, CALL, COMPARED, COUNT, FACTOR, FUNCTION, LINE, MATRIX, NAME, NUMBER, POWER,
         QUOTIENT, SIGN, TERM)  # fmt: skip


def of(body, head="def f(a, b, xs):"):
    return "\n    ".join([head, *body]) + "\n"


# A program with a slip, what is right, and the kind that is named.
MENDED = [
    (["return a + b*2"], ["return a - b*2"], SIGN),
    (["return b - a"], ["return a - b"], SIGN),
    (["return a*b"], ["return -a*b"], SIGN),
    (["return a*b"], ["return a/b"], FACTOR),
    (["return a/b + xs[0]"], ["return b/a + xs[0]"], QUOTIENT),
    (["return 2*a*b"], ["return a*b"], NUMBER),
    (["return b*a*a"], ["return a*b"], FACTOR),
    (["return a + b"], ["return 7.3*a - b"], None),  # two slips
    (["return a + b"], ["return a + b/2"], FACTOR),
    (["return a*b"], ["return a*b + a"], TERM),
    (["return 3*a**2"], ["return 4*a**2"], NUMBER),
    (["return a**3 + b"], ["return a**2 + b"], POWER),
    (["return (a*a + b*b)"], ["return (a*a + b*b)**0.5"], POWER),
    (["return xs[1] + a"], ["return xs[0] + a"], COUNT),
    (["return sum(xs[k] for k in range(len(xs) - 1))"], ["return sum(xs)"], COUNT),
    (["return max(xs)*a"], ["return min(xs)*a"], FUNCTION),
    (["return a - b"], ["return abs(a - b)"], FUNCTION),
    (["return 1 if a < b else 2"], ["return 1 if a > b else 2"], COMPARED),
    (["return a*b*b"], ["return a*a*b"], NAME),
    (["return pow(b, a)"], ["return pow(a, b)"], CALL),
    (["t = 0", "for x in xs:", "    t += x", "    return t"],
     ["return sum(xs)"], LINE),
    (["t = 0", "for x in xs:", "    t = x", "return t"], ["return sum(xs)"], LINE),
    (["u = a + 1", "a = a*b", "u = u + a", "return u"], ["return a + 1 + a*b"], None),  # is right
]  # fmt: skip
MENDED += [
    (["return a*b**len(xs) + 1"], ["return a*b**(len(xs) + 1)"], BRACKETS),
    (["return a*xs[0]/1 - b"], ["return a*xs[0]/(1 - b)"], BRACKETS),
    (["return a*b**2+1/xs[1]"], ["return a*b**(2+1)/xs[1]"], BRACKETS),
    (["return a*(b + xs[1])"], ["return a*b + xs[1]"], BRACKETS),
    (["return a if all(xs) > 1.5 else b"], ["return a if all(x > 1.5 for x in xs) else b"], None),
    (["u = xs[0] + a*b", "v = xs[1] + a*b", "w = xs[2] + 2*b", "return u*v + w"],
     ["return (xs[0] - a*b)*(xs[1] - a*b) + xs[2] + 2*b"], SIGN),
]  # fmt: skip
MATRICES = [
    (["return np.array(xs).T @ b"], ["return np.array(xs) @ b"], MATRIX),
    (["return np.array(xs) @ b"], ["return np.array(xs).T @ b"], MATRIX),
    (
        ["return (np.array(xs) @ b).sum(axis=0)"],
        ["return (np.array(xs).T @ b).sum(axis=0)"],
        MATRIX,
    ),
]


def values(text, calls):
    job = {"source": text, "name": "f", "calls": calls}
    return [output["value"] for output in child.play(job)["outputs"]]


def first_mend(wrong, right, calls):
    """The first change after which the wrong program gives what the right one does."""
    found = list(repairs(wrong))
    job = {"source": wrong, "name": "f", "calls": calls, "texts": [r.text for r in found],
           "wanted": values(right, calls), "tolerance": 1e-9}  # fmt: skip
    done = child.play(job)["tried"]
    return found[done[0]["number"]] if done else None


@pytest.mark.parametrize(("wrong", "right", "kind"), MENDED)
def test_kinds_of_programs(wrong, right, kind):
    rng = np.random.default_rng(3)
    calls = [[*rng.uniform(1.1, 2.9, 2).tolist(), rng.uniform(1, 2, 4).tolist()] for _ in range(6)]
    if values(of(wrong), calls) == values(of(right), calls):
        assert kind is None
        return
    found = first_mend(of(wrong), of(right), calls)
    assert (found and found.mistake.name) == (kind and kind.name), found
    if found:
        lines = of(wrong).splitlines()
        assert found.before in lines[found.line - 1], "the place is the learner's"
        assert values(found.text, calls) == pytest.approx(values(of(right), calls), rel=1e-9)


@pytest.mark.parametrize(("wrong", "right", "kind"), MATRICES)
def test_kinds_of_matrices(wrong, right, kind):
    rng = np.random.default_rng(3)
    calls = [[1.0, rng.normal(size=3).tolist(), rng.normal(size=(3, 3)).tolist()] for _ in range(3)]
    head = "import numpy as np\ndef f(a, b, xs):"
    found = first_mend(of(wrong, head), of(right, head), calls)
    assert found.mistake is kind and found.line == 3


CHI = "def chi_squared(x, y, sigma, m, c):\n"
REPLIES = [
    ("5A", CHI + "    t = 1\n    for i in range(len(x)):\n"
     "        t += ((y[i] - m*x[i] - c)/sigma[i])**2\n    return t\n", NUMBER,
     "In line 2, at `1`: "),
    ("5A", CHI + "    return sum((y - m*x - c/2)**2 / sigma**2)\n", NUMBER,
     "In line 2, at `2` in `c/2`: "),
    ("5A", CHI + "    t = 0\n    for i in range(len(x)):\n        "
     "r = (y[i] - m*x[i] - c)/sigma[i]\n        t += r**2 + r\n    return t\n", TERM,
     "In line 5, at `r**2 + r`: "),
    ("1B", "exp(t)*(t + 3)", None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code", "kind", "where"), REPLIES)
def test_replies_name_kind_and_place(name, code, kind, where):
    found = reply(name, 1, code)
    assert not found.right
    if kind is None:
        assert found.mistake == "", "no single change mends it: nothing is claimed"
    else:
        assert found.mistake == kind.name and found.hint == kind.hint
        assert found.message == f"Not yet. {where}{kind.name}."


def test_a_vague_name_is_followed_by_the_place():
    p = drawn("4A", 1)
    text = f"x - (x**{p.a} - {p.b})/({p.a}*x**({p.a} - 1)) + 0.25"
    found = reply("4A", 1, text)
    assert found.mistake == "The parts are not put together as a Newton step"
    assert found.message == f"Not yet. {found.mistake}. At `0.25`: {TERM.name}."


# ---- programs that fail, print, loop ---------------------------------------------------------


def test_code_that_stops_is_mended_too():
    code = ("def chi_squared(x, y, sigma, m, c):\n    t = 0\n    for i in range(len(x) + 1):\n"
            "        t += ((y[i] - m*x[i] - c)/sigma[i])**2\n    return t\n")  # fmt: skip
    found = reply("5A", 1, code)
    assert found.trouble.kind == "IndexError" and found.trouble.line == 4
    assert found.mistake == COUNT.name and "In line 3" in found.message


def test_code_that_is_slow_is_not_run_again(monkeypatch):
    monkeypatch.setattr("taylored.course.checking.check._SLOW", -1.0)  # seconds
    code = "def chi_squared(x, y, sigma, m, c):\n    return sum((y - m*x - c)**2 / (sigma**3))\n"
    jobs = []
    found = reply("5A", 1, code, run=lambda job: (jobs.append(job), child.play(job))[1])
    assert len(jobs) == 1 and not found.right


def test_changed_programs_may_loop_and_print():
    code = of(["n = 0", "while n < 5:", "    n = n + 1", "    print(n)", "return n"])
    job = {"source": code, "name": "f", "calls": [[1, 2, [3]]], "wanted": [6.0], "tolerance": 1e-9}
    before = signal.getsignal(signal.SIGALRM)
    found = list(repairs(code))
    done = child.play({**job, "texts": [r.text for r in found]})
    assert done["stopped"] == "" and done["printed"] == ""
    assert [found[t["number"]].mistake for t in done["tried"]] in ([NUMBER], [COMPARED])
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_an_endless_text_costs_a_moment():
    def outputs(text):
        while text == "endless":
            pass
        yield 1.0

    job = {"texts": ["endless", "right"], "wanted": [1.0], "tolerance": 1e-9}
    assert trials(job, outputs) == [{"number": 1, "values": [1.0]}]
    job = {"texts": ["right", "right"]}
    assert [t["number"] for t in trials(job, outputs)] == [0, 1], "without what is wanted: all"


def test_in_a_process_of_its_own_the_place_is_the_same():
    runner = Runner()
    try:
        name, code, kind, where = REPLIES[1]
        found = reply(name, 1, code, run=runner.run)
        assert found.mistake == kind.name and where in found.message
    finally:
        runner.close()


@pytest.mark.parametrize("tried", [
    3, {"number": 1}, [3], [{"number": "1", "values": []}], [{"number": 1}],
    [{"number": 1, "values": ["x"]}], [{"number": 1, "values": 3}],
])  # fmt: skip
def test_replies_are_read_strictly(tried):
    import json

    whole = {"outputs": [], "printed": "", "stopped": "", "message": "", "trouble": None}
    assert read_reply(json.dumps(whole | {"tried": [{"number": 1, "values": [2.0]}]}).encode())
    assert read_reply(json.dumps(whole | {"tried": tried}).encode()) is None


LONG = [
    ("5A", CHI + "    return max(" + ",".join(["m"] * 2900) + ")\n"),
    ("5A", CHI + "    return y[0] - (m*x[0] + c*3" + "+0" * 1400 + ")\n"),
    ("5A", CHI + "    return sum((y - m*x - c*3)**2/sigma**2) + 0*0x" + "f" * 4000 + "\n"),
    ("5A", CHI + "    for i in y: a = 1\n" * 250 + "    return c\n"),
    ("0B", ["sin(x)" + "*sin(x)" * 450] * 4),
    ("2D", ["w" + "*b*x*y" * 240] * 2),
    ("3B", "x" + "+x" * 990),
]


@pytest.mark.parametrize(("name", "answer"), LONG)
def test_long_answers_are_not_changed(name, answer):
    """There are too many changes of these: not one is made, and the reply comes as ever."""
    texts = answer if isinstance(answer, list) else [answer]
    assert not any(list(repairs(text, formula=name != "5A")) for text in texts)
    found = reply(name, 1, answer)
    assert not found.right and found.line == 0


def test_no_claim_that_does_not_hold_alone():
    """A text that is right only after another one has run is not named."""
    code = ("import numpy as np\n" + CHI + "    r = y - (m*x + c)\n"
            "    if not hasattr(np, 'called'): r = r*7\n    np.called = 1\n"
            "    return np.sum((r/sigma)**2)\n")  # fmt: skip
    runner = Runner()
    try:
        found = reply("5A", 1, code, run=runner.run)
        assert not found.right and found.line == 0
    finally:
        runner.close()


@pytest.mark.parametrize("pages", ["\x0c", "# \x85", "# \u2028"])
def test_lines_are_counted_as_python_does(pages):
    code = f"import numpy as np\n{pages}\n{CHI}    r = y - (m*x + c)\n    r.sort()\n" \
           "    return np.sum((r/sigma)**2)\n"  # fmt: skip
    found = reply("5A", 1, code)
    assert found.line == 5 and "In line 5, at `r.sort()`" in found.message
    assert found.mistake == LINE.name


def test_a_line_too_many_is_no_sign():
    code = CHI + (
        "    r = 0\n    for i in range(len(x)):\n"
        "        r += ((y[i] - m*x[i] - c)/sigma[i])**2\n    r += m  # += m\n    return r\n"
    )
    assert reply("5A", 1, code).mistake in (LINE.name, TERM.name)


def test_what_stops_is_said_with_one_period():
    code = CHI + "    if len(x) > 0: raise ValueError('Too many points.')\n    return 1.0\n"
    assert ".." not in reply("5A", 1, code).message


def test_forged_outputs_of_a_game_are_refused():
    for name in ("1H", "1I", "2F", "2G", "4E", "4I"):
        for outputs in ([], [{"value": 1.0}], [{"value": [[1.0]]}] * 3):
            done = {"outputs": outputs, "printed": "", "stopped": "", "trouble": None}
            code = answer_of(answers(name).right[0], drawn(name, 1))
            found = reply(name, 1, code, run=lambda job, done=done: done)
            assert not found.right and "process" in found.message, (name, outputs)


# ---- the changes themselves ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "def f(:", "x = (", "\0", "((((" * 400, "x" * 10_000])
def test_what_cannot_be_changed_is_left(text):
    assert list(repairs(text)) == []


def test_places_behind_letters_of_several_bytes():
    text = 'def f(a, b, xs):\n    "Δx — größer"; é = a + b\n    return é*2\n'
    found = {r.text for r in repairs(text)}
    assert 'def f(a, b, xs):\n    "Δx — größer"; é = (a - b)\n    return é*2\n' in found
    assert all("Δx — größer" in t for t in found if "größer" in t)


def test_each_change_is_one_and_comes_once():
    for name in ("5A", "4F", "1C"):
        code = answer_of(answers(name).right[0], drawn(name, 1))
        found = [r.text for r in repairs(code)]
        assert len(set(found)) == len(found) > 50 and code not in found


def test_hints_have_the_length_of_hints():
    for flaw in FLAWS:
        assert 80 <= len(flaw.hint.split()) <= 160, flaw.name
        assert not flaw.name.endswith(".")
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS)
