"""Progress on disk: what is kept, what is refused, and two servers at one file."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import stat
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taylored.course.checking.answers import LONGEST as LONGEST_ANSWER
from taylored.course.checking.reply import Reply, Trouble
from taylored.course.server import store as stores
from taylored.course.server.progress import Progress
from taylored.course.server.schema import (
    ANSWERS,
    LONGEST,
    MOST,
    MOST_TRIES,
    Book,
    Given,
    Record,
    UnfitProgress,
    dumped,
    read_answer,
    read_book,
)
from taylored.course.server.store import default_path, merged

WRONG = Reply(False, "Not yet.", tried="f(1)", got="2", expected="a number", gap="off by 1",
              mistake="A name", hint="Look again.").describe()  # fmt: skip
RIGHT = Reply(True, "Right.").describe()


@pytest.fixture
def said():
    return []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "course.json"


@pytest.fixture
def progress(path, said):
    return Progress(path, said.append)


def again(progress):
    """The same file, read by another server."""
    return Progress(progress.path, lambda text: None)


def tried(progress, exercise="1A", answer="1", reply=WRONG):
    progress.tried(exercise, progress.state(exercise)["seed"], answer, reply)


# ---- what is kept ---------------------------------------------------------------------------


def test_all_of_it_survives_a_restart(progress):
    tried(progress)
    tried(progress, answer=["1", "2"], reply=RIGHT)
    progress.draft("2D", "def f(x):\n    return 'ü'\n")
    progress.helped("2D", "again")
    assert progress.visit("0-1") and not progress.visit("0-1")
    progress.save()
    after = again(progress)
    for name in ("1A", "2D", "3A"):  # the last one was never touched: its numbers stay, too
        assert after.state(name) == progress.state(name)
    assert after.seen() == {"0-1"} and after.touched() == ["1A", "2D"]
    state = after.state("1A")
    assert (state["tries"], state["solved"], state["draft"]) == (2, True, ["1", "2"])
    assert state["last"] == RIGHT


def test_numbers_differ_between_learners_and_exercises(tmp_path):
    books = [Progress(tmp_path / f"{k}.json", print) for k in range(4)]
    seeds = {book.state(name)["seed"] for book in books for name in ("1A", "1B", "2A")}
    assert len(seeds) == 12


def test_an_answer_that_could_not_be_read_is_no_try(progress):
    tried(progress, reply=Reply(False, "empty", unread=True).describe())
    assert progress.state("1A")["tries"] == 0
    assert progress.state("1A")["last"]["message"] == "empty"


def test_a_check_of_old_numbers_does_not_count(progress):
    seed = progress.state("1A")["seed"]
    progress.another("1A", keep_draft=False)
    progress.tried("1A", seed, "1", RIGHT)
    assert progress.state("1A")["tries"] == 0 and not progress.state("1A")["solved"]


def test_other_numbers(progress):
    tried(progress, reply=RIGHT)
    progress.helped("1A", "worked")
    before = progress.state("1A")
    progress.another("1A", keep_draft=True)
    blank = {"tries": 0, "again": False, "worked": False, "last": None, "seed": before["seed"] + 1}
    assert progress.state("1A") == {**before, **blank}
    progress.another("1A", keep_draft=False)
    assert progress.state("1A")["draft"] is None and progress.state("1A")["solved"]


def test_the_last_answers_are_kept_and_not_more(progress):
    for k in range(30):
        tried(progress, answer=str(k))
    kept = json.loads(progress.export())["exercises"]["1A"]["answers"]
    assert [g["answer"] for g in kept] == [str(k) for k in range(10, 30)]
    for k in range(5):
        tried(progress, answer=str(k) * LONGEST)
    kept = json.loads(progress.export())["exercises"]["1A"]["answers"]
    assert [g["answer"][0] for g in kept] == ["3", "4"]
    assert progress.state("1A")["tries"] == 35


@pytest.mark.parametrize("draft", ["x" * (LONGEST + 1), 3, {}, ["a", 1], ["x"] * 101, True,
                                   "\ud800", ["x" * LONGEST, "y"], [["a"]]], ids=repr)  # fmt: skip
def test_a_draft_that_cannot_be_kept_changes_nothing(progress, draft):
    progress.draft("1A", "before")
    assert not progress.draft("1A", draft) and progress.state("1A")["draft"] == "before"


def test_long_replies_are_cut_to_what_a_file_holds(progress):
    trouble = Trouble("ValueError", "x" * 10**5, 3, "\ud800", "why")
    reply = Reply(False, "y" * 10**5, printed="z" * 10**5, trouble=trouble).describe()
    tried(progress, reply=reply)
    progress.save()
    last = again(progress).state("1A")["last"]
    assert last == progress.state("1A")["last"]
    assert len(last["printed"]) == 8000 and last["trouble"]["line"] == 3


def test_the_longest_answer_is_the_same_for_the_checker():
    assert LONGEST == LONGEST_ANSWER and read_answer("x" * LONGEST)


# ---- the file -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"\xff\xfe", b"[" * 10**5, b"{}", b'{"format": "taylored-fit"}',
     b"x" * 8_000_001, b'{"format": "taylored-course-progress", "version": true}',
     b'{"a": NaN}', b'{"a": 1, "a": 1}', b"9" * 5000],
    ids=lambda content: repr(content[:30]),
)  # fmt: skip
def test_a_damaged_file_is_put_aside_and_said(path, said, content):
    path.write_bytes(content)
    progress = Progress(path, said.append)
    tried(progress)
    progress.save()
    (aside,) = path.parent.glob("course.damaged-*.json")
    assert aside.read_bytes() == content
    assert said == progress.notices and aside.name in said[0] and len(said) == 1
    assert again(progress).state("1A")["tries"] == 1


def test_two_damaged_files_do_not_overwrite_each_other(path, said):
    for content in ("one", "two", "three"):
        path.write_text(content)
        Progress(path, said.append)
    found = path.parent.glob("course.damaged-*.json")
    assert {one.read_text() for one in found} == {"one", "two", "three"}


def test_a_file_damaged_while_the_course_runs_is_put_aside(progress, path):
    progress.save()
    path.write_text("{")
    tried(progress)
    progress.save()
    assert again(progress).state("1A")["tries"] == 1
    assert next(path.parent.glob("course.damaged-*.json")).read_text() == "{"


def test_a_file_of_a_newer_version_is_left_as_it_is(progress, path, said):
    tried(progress)
    progress.save()
    text = path.read_text().replace('"version": 1', '"version": 2')
    path.write_text(text)
    newer = Progress(path, said.append)
    assert "newer taylored" in said[0] and "in memory" in said[0]
    tried(newer)
    newer.save()
    progress.save()
    assert path.read_text() == text


def test_a_disk_that_refuses_is_said_once_and_tried_again(progress, path, said, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(3):
        tried(progress)
        progress.save()
    assert len(said) == 1 and "No space left on device" in said[0] and str(path) in said[0]
    assert progress.state("1A")["tries"] == 3
    assert list(path.parent.glob(".course.json-*")) == []  # nothing is left lying about
    monkeypatch.undo()
    progress.save()
    assert again(progress).state("1A")["tries"] == 3


def test_a_folder_that_takes_no_new_files(progress, path, said):
    tried(progress)
    progress.save()
    lock = path.with_name(".course.json.lock")
    lock.unlink()
    lock.mkdir()  # what is opened there fails, as in a folder that is read only
    after = Progress(path, said.append)
    assert after.state("1A")["tries"] == 1 and said == []
    after.save()
    assert "could not be written" in said[0]


def test_a_folder_that_cannot_be_made(tmp_path, said):
    (tmp_path / "file").write_text("")
    progress = Progress(tmp_path / "file" / "course.json", said.append)
    tried(progress)
    progress.save()
    assert said and progress.state("1A")["tries"] == 1


def test_a_link_stays_a_link_and_nobody_else_reads_the_file(tmp_path, said):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    progress = Progress(link, said.append)
    progress.save()
    assert link.is_symlink() and real.is_file()
    assert os.name != "posix" or stat.S_IMODE(real.stat().st_mode) == 0o600


def test_where_progress_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "taylored" / "course.json"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "share" / "taylored" / "course.json"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Application Support" in default_path().parts


# ---- two servers at one file ----------------------------------------------------------------


def test_two_servers_lose_nothing_of_each_other(progress):
    other = again(progress)
    tried(progress, "1A")
    tried(other, "2A", reply=RIGHT)
    other.visit("0-1")
    progress.save()
    other.save()
    progress.refresh()
    for one in (progress, other, again(progress)):
        assert one.touched() == ["1A", "2A"] and one.state("2A")["solved"]
        assert one.seen() == {"0-1"}


def test_a_reset_is_not_undone_by_the_other_server(progress):
    tried(progress)
    progress.save()
    other = again(progress)
    copied = progress.reset()
    assert json.loads(copied.read_text())["exercises"]["1A"]["tries"] == 1
    other.visit("0-2")  # later than the reset: that stays
    other.save()
    assert again(progress).touched() == [] and again(progress).seen() == {"0-2"}
    assert other.state("1A")["tries"] == 0
    assert other.state("1A")["seed"] == again(progress).state("1A")["seed"]


def test_an_import_replaces_all_and_keeps_a_copy(progress, tmp_path):
    tried(progress, "1A")
    text = progress.export()
    tried(progress, "2A")
    copied = progress.take_in(text)
    assert "2A" in json.loads(copied.read_text())["exercises"]
    assert progress.touched() == again(progress).touched() == ["1A"]


def test_writers_in_other_processes_take_turns(path):
    code = """
import sys
from pathlib import Path
from taylored.course.server.progress import Progress
progress = Progress(Path(sys.argv[1]), print)
for letter in "ABCDEF":
    progress.draft(sys.argv[2] + letter, letter)
    progress.save()
"""
    command = [sys.executable, "-c", code, str(path)]
    at_work = [subprocess.Popen([*command, n], stdout=subprocess.PIPE) for n in "12"]
    assert [process.communicate(timeout=60)[0] for process in at_work] == [b"", b""]
    found = Progress(path, print)
    assert found.touched() == [n + letter for n in "12" for letter in "ABCDEF"]


def test_a_lock_that_is_held_for_long_is_said(progress, said, monkeypatch):
    monkeypatch.setattr(stores, "_WAIT", 0.05)
    with progress.store._locked(must=True):
        progress.save()
    assert "another program holds" in said[0]
    progress.save()
    assert progress.path.exists()


TIMES = st.integers(1, 6)
RECORDS = st.builds(
    Record, seed=st.integers(0, 2), tries=st.integers(0, 3), solved=st.booleans(),
    again=st.booleans(), answers=st.lists(st.builds(Given, st.sampled_from("ab"), st.booleans(),
                                                    TIMES), max_size=3), changed=TIMES,
)  # fmt: skip
BOOKS = st.builds(
    Book, st.integers(0, 3), st.integers(0, 4),
    st.dictionaries(st.sampled_from(["1A", "1B"]), RECORDS),
    st.dictionaries(st.sampled_from(["0-1", "0-2"]), TIMES),
)  # fmt: skip


@settings(max_examples=60)
@given(BOOKS, BOOKS)
def test_merging_keeps_what_was_done_after_the_reset(a, b):
    before = copy.deepcopy((a, b))
    both = merged(a, b)
    assert (a, b) == before
    assert both.reset == max(a.reset, b.reset)
    alive = [(n, r) for x in (a, b) for n, r in x.exercises.items() if r.changed > both.reset]
    assert {n for n, _ in alive} == set(both.exercises)
    for name, record in alive:
        kept = both.exercises[name]
        assert kept.changed >= record.changed and kept.solved >= record.solved
        assert kept.seed != record.seed or kept.tries >= record.tries
    for x in (a, b):
        assert {n for n, at in x.lessons.items() if at > both.reset} <= set(both.lessons)
    assert read_book(dumped(both)) == both
    for same in (merged(both, both), merged(a, both), merged(both, b)):
        for book in (same, both):  # answers of one millisecond may stand in any order
            for record in book.exercises.values():
                record.answers.sort(key=str)
        assert same == both


# ---- hostile files --------------------------------------------------------------------------


def full_book():
    trouble = {"kind": "E", "message": "m", "text": "t", "meaning": "w", "line": 1}
    record = Record(1, 2, True, ["a", "b"], True, True, {**WRONG, "trouble": trouble},
                    [Given("a", True, 5), Given(["b", "c"], False, 6)], 7)  # fmt: skip
    return Book(3, 4, {"1A": record, "5J": Record(9)}, {"0-1": 8, "5-7": 9})


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from places(inner, (*path, key))


def changed(document, path, value):
    whole = copy.deepcopy(document)
    if not path:
        return value
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return whole


ODD = (None, True, -1, 1.5, 10**30, "x" * 10**5, "\ud800", [], {}, [[]], {"__proto__": 1}, "",
       ["a"] * 1000, "NaN")  # fmt: skip


def test_a_whole_book_is_read_as_it_was():
    assert read_book(dumped(full_book())) == full_book()


def test_no_odd_value_anywhere_gets_through():
    """Each value exchanged for odd ones: the book is refused, or is one that could be written."""
    document = json.loads(dumped(full_book()))
    refused = 0
    for path in places(document):
        for value in ODD:
            try:
                book = read_book(json.dumps(changed(document, path, value)))
            except UnfitProgress as error:
                refused += 1
                assert len(str(error)) < 200
            else:
                assert read_book(dumped(book)) == book
                assert len(dumped(book)) < 200_000
    assert refused > 700


def test_no_key_may_be_added_or_taken():
    document = json.loads(dumped(full_book()))
    for path in places(document):
        inner = document
        for key in path:
            inner = inner[key]
        if not isinstance(inner, dict):
            continue
        with pytest.raises(UnfitProgress):
            read_book(json.dumps(changed(document, path, {**inner, "more": 1})))
    for path in places(document):
        whole = copy.deepcopy(document)
        inner = whole
        for key in path[:-1]:
            inner = inner[key]
        if path and isinstance(inner, dict) and path[:-1] not in (("exercises",), ("lessons",)):
            del inner[path[-1]]
            with pytest.raises(UnfitProgress):
                read_book(json.dumps(whole))


def test_bytes_at_random_are_refused():
    rng, text = Random(0), dumped(full_book()).encode()
    for _ in range(300):
        cut = rng.randrange(1, len(text))
        broken = text[: cut - 1] + bytes([rng.randrange(256)]) + text[cut:]
        with contextlib.suppress(UnfitProgress):
            assert read_book(broken)
        with pytest.raises(UnfitProgress):
            read_book(text[:cut] if cut < len(text) - 1 else b"")


def test_more_answers_than_are_kept_are_refused():
    book = full_book()
    book.exercises["1A"].answers = [Given("a", True, k) for k in range(ANSWERS + 1)]
    with pytest.raises(UnfitProgress, match="at most 20"):
        read_book(dumped(book))


def test_counts_at_their_limits_make_no_file_that_cannot_be_read(progress):
    book = Book(1, exercises={"1A": Record(seed=MOST, tries=MOST_TRIES)})
    progress.take_in(dumped(book))
    tried(progress)
    progress.save()
    assert again(progress).state("1A")["tries"] == MOST_TRIES
    progress.another("1A", keep_draft=False)
    progress.save()
    assert again(progress).state("1A")["seed"] == progress.state("1A")["seed"] < MOST


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_place_of_the_file_is_not_waited_for(path, said):
    os.mkfifo(path)
    progress = Progress(path, said.append)
    assert "no plain file" in said[0] and progress.store is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_nobody_else_reads_a_copy(progress):
    tried(progress)
    copied = progress.reset()
    assert stat.S_IMODE(copied.stat().st_mode) == 0o600


def test_no_file_is_written_that_would_not_be_read(progress, said, monkeypatch):
    tried(progress)
    progress.save()
    before = progress.path.read_bytes()
    monkeypatch.setattr(stores, "LARGEST", len(before))
    tried(progress, answer="2" * 1000)
    progress.save()
    assert "has grown beyond" in said[-1]
    assert progress.path.read_bytes() == before
