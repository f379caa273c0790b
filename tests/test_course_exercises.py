"""Every exercise: right answers in all forms, wrong ones with the name of their mistake."""

import math
import re
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import combinations

import pytest

from course_data import answer_of
from taylored.course.checking import Code, Exercise, Number, Numbers, Place
from taylored.course.checking.answers import read_number
from taylored.course.checking.check import check
from taylored.course.checking.common import COMMON, NEARLY
from taylored.course.checking.compare import as_array
from taylored.course.checking.draw import agree, draw, expected, wrong_output
from taylored.course.checking.paper import without_label
from taylored.course.checking.slips import value_of
from taylored.course.checking.tables import rows_of
from taylored.course.pages.lesson import LESSONS
from taylored.course.sandbox import Runner, child, trials

# Trials stop a text by an alarm; in a callback of the collector that is said, and it comes again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

IDS = [f"{module}{letter}" for module, letters in
       zip("012345", ["AB", "ABCDEFGHI", "ABCDEFGH", "ABCDEFGHI", "ABCDEFGHI", "ABCDEFGHIJ"],
           strict=True) for letter in letters]  # fmt: skip
SEEDS = (1,)
MORE_SEEDS = range(100, 130)
HINT_WORDS = range(80, 161)
TEXTS = {part.name: part.body for lesson in LESSONS() for part in lesson.parts
         if part.kind == "exercise"}  # fmt: skip


@pytest.fixture(autouse=True)
def little_time(monkeypatch):
    """The name of a mistake does not depend on how long changed texts are tried (`trials`)."""
    monkeypatch.setattr(trials, "_ALL", 0.2)


def exercise(name):
    return import_module(f"taylored.course.exercises.e{name.lower()}").EXERCISE


def answers(name):
    return import_module(f"course_answers_{name[0]}").ANSWERS[name]


@cache
def drawn(name, seed):
    return draw(exercise(name), seed).p


def reply(name, seed, answer, tries=0, run=child.play):
    return check(exercise(name), seed, answer_of(answer, drawn(name, seed)), tries=tries, run=run)


def test_there_are_47():
    assert len(IDS) == 47
    assert sorted(TEXTS) == IDS


@pytest.mark.parametrize("name", IDS)
def test_right_in_every_form(name):
    forms = answers(name).right
    assert len(forms) >= 4
    for seed in SEEDS:
        for number, form in enumerate(forms):
            said = reply(name, seed, form)
            assert said.right, (number, seed, said)


@pytest.mark.parametrize("name", IDS)
def test_wrong_with_the_name_of_the_mistake(name):
    task, given = exercise(name), answers(name)
    named = {wrong.name: wrong.hint for wrong in task.wrong}
    assert len(named) >= 3
    assert set(given.wrong) == set(named)
    for seed in SEEDS:
        for mistake, shown in given.wrong.items():
            for answer in shown:
                said = reply(name, seed, answer)
                assert not said.right, (mistake, seed, said)
                assert said.mistake == mistake, (mistake, seed, said)
                assert said.hint == named[mistake]


@pytest.mark.parametrize("name", [name for name in IDS if answers(name).slips])
def test_slips_have_a_name_in_every_exercise(name):
    for mistake, shown in answers(name).slips.items():
        for answer in shown:
            said = reply(name, 1, answer)
            assert (said.right, said.mistake) == (False, mistake), said


@pytest.mark.parametrize("name", [name for name in IDS if exercise(name).formulas])
def test_the_formulas_for_slips_are_the_right_answer(name):
    task = exercise(name)
    drawn = draw(task, 1)
    names = task.names.split() or getattr(task.answer, "variables", ())
    for case in drawn.cases:
        known = {**vars(drawn.p), **dict(zip(names, case, strict=True))}
        values = [float(value_of(text, known)) for text in task.formulas]
        assert agree(task, as_array(values), as_array(expected(task, drawn.p, case).ravel()))


@pytest.mark.parametrize("name", IDS)
def test_other_wrong_answers_are_rejected(name):
    for seed in SEEDS:
        for answer in answers(name).other:
            said = reply(name, seed, answer)
            assert not said.right, (answer, said)
            assert said.message


@pytest.mark.parametrize("name", IDS)
def test_a_crash_is_told_in_words(name):
    said = reply(name, 1, answers(name).crash)
    assert not said.right
    assert said.unread or said.trouble, said
    assert "Traceback" not in said.message


@pytest.mark.parametrize("name", IDS)
def test_a_wrong_reply_says_what_was_tried_got_and_expected(name):
    wrong = next(iter(answers(name).wrong.values()))[0]
    early, late = reply(name, 1, wrong), reply(name, 1, wrong, tries=2)
    for said in (early, late):
        assert said.got and said.expected, said
    task = exercise(name)
    if task.inputs is not None and task.judge is None:
        assert late.tried


@pytest.mark.parametrize("name", IDS)
def test_hints_and_worked_answer(name):
    task = exercise(name)
    assert task.id == name
    for wrong in task.wrong:
        assert len(wrong.hint.split()) in HINT_WORDS, (wrong.name, len(wrong.hint.split()))
        assert "!" not in wrong.hint.replace("!=", "").replace("n!", "").replace("k!", "")
        assert (wrong.model is None) != (wrong.when is None)
    assert len(task.again.split()) >= 8
    assert len(task.worked.split()) >= 15
    known = vars(draw(task, 1).p)
    texts = (TEXTS[name], task.again, task.worked, *(w.hint for w in task.wrong))
    for text in texts:
        assert set(re.findall(r"<<(\w+)>>", text)) <= set(known), text


def tells_all_models_apart(name, seed):
    """The right answer and all wrong models differ from each other on the drawn inputs."""
    task = exercise(name)
    drawn = draw(task, seed)
    outputs = {w.name: [wrong_output(w.model, drawn.p, case) for case in drawn.cases]
               for w in task.wrong if w.model is not None}  # fmt: skip
    if task.judge is None:
        right = [expected(task, drawn.p, case) for case in drawn.cases]
        for mistake, found in outputs.items():
            same = [agree(task, a, b) for a, b in zip(found, right, strict=True)]
            assert not any(same), (mistake, seed)
    for (one, first), (other, second) in combinations(outputs.items(), 2):
        same = [agree(task, a, b) for a, b in zip(first, second, strict=True)]
        assert not all(same), (one, other, seed)


@pytest.mark.parametrize("name", IDS)
def test_models_are_told_apart(name):
    for seed in SEEDS:
        tells_all_models_apart(name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
def test_models_are_told_apart_and_right_is_right_for_many_seeds(name):
    for seed in MORE_SEEDS:
        tells_all_models_apart(name, seed)
        assert reply(name, seed, answers(name).right[0]).right, seed


@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
def test_wrong_answers_for_many_seeds(name):
    for seed in MORE_SEEDS:
        for mistake, shown in answers(name).wrong.items():
            assert reply(name, seed, shown[0]).mistake == mistake, (mistake, seed)


@pytest.mark.parametrize("name", IDS)
def test_numbers_differ_between_learners(name):
    task = exercise(name)
    if task.parameters is None:
        return
    drawn = {str(sorted(vars(draw(task, seed).p).items(), key=str)) for seed in range(8)}
    assert len(drawn) > 1
    assert str(draw(task, 5)) == str(draw(task, 5)), "and stay for one"


def test_in_a_process_of_its_own_the_reply_is_the_same():
    codes = [name for name in IDS if isinstance(exercise(name).answer, Code)]
    runner = Runner()
    try:
        for name in codes:
            form = answers(name).right[0]
            assert reply(name, 1, form, run=runner.run).right, name
    finally:
        runner.close()


UNREAD = ["", " ", "(", "import os", "__import__('os')", "x" * 30_000, None, [], {}, 5e400, [["1"]]]


@pytest.mark.parametrize("name", IDS)
@pytest.mark.every(3)
def test_what_cannot_be_read_is_said(name):
    for answer in UNREAD:
        said = reply(name, 1, answer)
        assert not said.right
        assert said.message


def test_an_entry_of_a_table_is_named_as_it_is_read():
    task = exercise("1D")
    numbers = draw(task, 1)
    right = expected(task, numbers.p, numbers.cases[0])
    right[0, 1] *= -1
    said = check(task, 1, [[str(v) for v in row] for row in right], tries=0, run=child.play)
    assert "row 1, column 2" in said.gap and not said.right


STRANGE = [math.nan, math.inf, 1e300, -1e-300, 0.0, [], [0.0] * 7, [[1.0]] * 3, [[[2.0, 3.0]]]]


@pytest.mark.parametrize("name", IDS)
def test_whatever_comes_is_judged(name):
    task = exercise(name)
    calls = range(len(draw(task, 1).cases))
    if isinstance(task.answer, Code):
        values = STRANGE if not task.answer.player else []
        for value in values:
            done = {"outputs": [{"value": value} for _ in calls]}
            assert not check(task, 1, "x", tries=0, run=lambda _, done=done: done).right
    elif isinstance(task.answer, Number | Numbers | Place):
        for text in ("1e300", "-1e300", "1e-300", "-1e100", "0"):
            for raw in (text, [text] * max(2, len(getattr(task.answer, "names", ())))):
                check(task, 1, raw, tries=0, run=child.play)


def test_comparison_takes_every_form_of_the_same():
    right = as_array([1.0, 2.0])
    task = exercise("1A")
    for same in ([1, 2], [[1, 2]], [[1], [2]], (1.0, 2.0)):
        assert agree(task, as_array(same), right)
    for other in ([2, 1], [1, 2, 3], 1.0, [[1, 0], [0, 2]], [float("nan"), 2]):
        assert not agree(task, as_array(other), right)


COMMON_WRONG = {
    "The sign is the other one": [-1.0, -2.0, -4.0],
    "It is twice as large as it should be": [2.0, 4.0, 8.0],
    "It is half as large as it should be": [0.5, 1.0, 2.0],
    "The entries come in the reverse order": [4.0, 2.0, 1.0],
    "It is the reciprocal of the answer": [1.0, 0.5, 0.25],
    "It is the square, or the square root, of the answer": [1.0, 4.0, 16.0],
    "One of the entries has the wrong sign": [1.0, -2.0, 4.0],
    "The answer is zero everywhere": [0.0, 0.0, 0.0],
    "It is nearly right: the digits are too few": [1.02, 2.01, 4.1],
    "": [3.0, 1.0, 7.0],
}
PLAIN = Exercise(id="9Z", title="", answer=Numbers(names=("a", "b", "c")), wrong=[], again="",
                 worked="", right=lambda p: [1.0, 2.0, 4.0])  # fmt: skip


@pytest.mark.parametrize("name", COMMON_WRONG)
def test_mistakes_of_form_are_named_at_any_exercise(name):
    said = check(PLAIN, 1, [str(v) for v in COMMON_WRONG[name]], tries=0, run=child.play)
    assert (said.right, said.mistake) == (False, name)


def test_rows_for_columns_are_named():
    task = replace(PLAIN, answer=Numbers(shape=(2, 2)), right=lambda p: [[1.0, 2.0], [3.0, 4.0]])
    said = check(task, 1, "1 3; 2 4", tries=0, run=child.play)
    assert said.mistake == "Rows and columns are exchanged"


def test_hints_of_common_mistakes_are_hints():
    for mistake in (*COMMON, NEARLY):
        assert len(mistake.hint.split()) in HINT_WORDS, mistake.name


MANY = " " * 10**6  # a pattern that reads blanks in two ways would take hours


@pytest.mark.parametrize("text", ["a" + MANY + "b", "a()" + MANY + "b", "[[1]" + MANY + "]]",
                                  "[[1" + MANY + "x]]"])  # fmt: skip
def test_blanks_are_read_in_one_way(text):
    assert without_label(text) == text.strip(), "nothing here is a label"
    assert all(row.strip() for row in rows_of(text))


@pytest.mark.parametrize(("text", "value"), [("2²", 4), ("3²+2(1+1)", 13), ("m = 2pi", math.tau),
                                             ("f (x) = 1/2", 0.5)])  # fmt: skip
def test_numbers_as_written_on_paper(text, value):
    assert read_number(text) == pytest.approx(value)


def test_a_reply_that_lacks_calls_is_no_answer():
    def run(job):
        outputs = [{"value": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]}]
        return {"outputs": outputs, "printed": "", "trouble": None, "stopped": "", "message": ""}

    said = check(exercise("1C"), 1, "def jacobian(x, y, z): ...", tries=0, run=run)
    assert not said.right and "every call" in said.message
