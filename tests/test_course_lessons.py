"""The course as a whole: lessons, what each must hold, and that its Python runs."""

import re
from collections import Counter

import pytest

from taylored.course.kit.figure import find
from taylored.course.pages.lesson import LESSONS
from tree import ROOT

ALL = LESSONS()
COUNTS = {0: 4, 1: 7, 2: 6, 3: 7, 4: 6, 5: 7}  # lessons of each module


def text(lesson):
    return "\n".join(part.body for part in lesson.parts if part.kind == "text")


def blocks(lesson):
    return re.findall(r"```python\n(.*?)```", text(lesson), re.S)


def test_lessons_are_there():
    assert Counter(lesson.module.number for lesson in ALL) == COUNTS
    for module, count in COUNTS.items():
        found = [lesson.id for lesson in ALL if lesson.module.number == module]
        assert found == [f"{module}-{n + 1}" for n in range(count)]


def test_there_are_more_than_forty_explorables():
    assert len({name for lesson in ALL for name in lesson.figures}) >= 40


@pytest.mark.parametrize("lesson", ALL, ids=lambda lesson: lesson.id)
def test_a_lesson_is_whole(lesson):
    kinds = Counter(part.kind for part in lesson.parts)
    assert kinds["explore"] >= 1 and kinds["trust"] >= 1
    assert kinds["exercise"] >= 1 or lesson.module.number == 0, "the warm-up has two in all"
    body = text(lesson)
    assert "## Worked example" in body
    assert len(body.split()) >= 350
    assert lesson.goals and 4 <= lesson.minutes <= 40
    for part in lesson.parts:
        if part.kind == "trust":
            assert part.name in lesson.figures
            assert find(part.name).scene().trust


@pytest.mark.parametrize("lesson", ALL, ids=lambda lesson: lesson.id)
def test_the_words_are_ours(lesson):
    words = re.sub(r"```.*?```|\$\$.*?\$\$|\$.*?\$|`.*?`", " ", text(lesson), flags=re.S)
    assert not re.search(r"\bsimply\b|\bobviously\b|\btrivial(ly)?\b|\bsorry\b", words, re.I)
    assert "!" not in words


def test_no_code_is_wider_than_its_column():
    # A block that has to be scrolled gets a layer of its own, and every drag on the page is slower.
    wide = {(one.id, line) for one in ALL for block in blocks(one)
            for line in block.splitlines() if len(line) > 79}  # fmt: skip
    assert wide == set()


@pytest.mark.parametrize("lesson", ALL, ids=lambda lesson: lesson.id)
def test_its_python_runs(lesson):
    assert blocks(lesson), "every lesson shows the library at work"
    for block in blocks(lesson):
        exec(compile(block, f"{lesson.path.name}", "exec"), {"__name__": "lesson"})


def test_the_table_of_topics_names_every_lesson_and_exercise():
    page = (ROOT / "docs/learn/course.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|[^|]+\|([^|]+)\|([^|]+)\|$", page, re.M)[2:]
    assert {name for row in rows for name in row[0].strip().split(", ")} == {x.id for x in ALL}
    held = {name for lesson in ALL for name in lesson.exercises}
    assert {name for row in rows for name in row[1].strip().split(", ")} == held
    figures = len({name for lesson in ALL for name in lesson.figures})
    said = f"{len(ALL)} lessons, {figures} figures to touch and {len(held)} exercises"
    assert said in page and said in (ROOT / "README.md").read_text(encoding="utf-8")
