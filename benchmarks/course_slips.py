"""Random single slips in right answers: how many get a name in the course, and after how long.

The right programs and formulas of the tests are changed at one place (`checking.repairs`), drawn
from a seed; what is still right, unread, or stops with an exception is not counted. Replies go
through the sandbox process, as in the course. A name that only says which entry is wrong is none.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from common import section, table

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

_ENTRY_ALONE = "What stands here is not right, while other entries are"


def slips(name: str, form: Any, rng: random.Random) -> list[Any]:
    """An answer with every single change of one of its fields."""
    from course_data import answer_of
    from taylored.course.checking import Code
    from taylored.course.checking.paper import plain, without_label
    from taylored.course.checking.repairs import repairs
    from test_course_exercises import drawn, exercise

    raw = answer_of(form, drawn(name, 1))
    if isinstance(exercise(name).answer, Code):
        return [repair.text for repair in repairs(raw)]
    texts = [str(t) for t in raw] if isinstance(raw, list | tuple) else [str(raw)]
    at = rng.randrange(len(texts))
    known = {*exercise(name).answer.variables, *vars(drawn(name, 1))}
    read = plain(without_label(texts[at]), known).replace("^", "**")
    changed = [repair.text for repair in repairs(read, formula=True)]
    return [[*texts[:at], text, *texts[at + 1 :]] if len(texts) > 1 else text for text in changed]


def measured(each: int) -> str:
    from taylored.course.checking import Code, Formulas
    from taylored.course.sandbox import Runner
    from test_course_exercises import IDS, answers, exercise, reply

    rng, runner, rows = random.Random(8), Runner(), []
    counted = named = 0
    seconds: list[float] = []
    names = [n for n in IDS if isinstance(exercise(n).answer, Code | Formulas)]
    for name in names:
        made = [s for form in answers(name).right for s in slips(name, form, rng)]
        for answer in rng.sample(made, min(each, len(made))):
            runner.warm()
            begun = time.perf_counter()
            said = reply(name, 1, answer, run=runner.run)
            if said.right or said.unread or said.trouble:
                continue
            seconds.append(time.perf_counter() - begun)
            counted, named = counted + 1, named + (said.mistake not in ("", _ENTRY_ALONE))
        print(name, f"{named} of {counted}", flush=True)
    runner.close()
    seconds.sort()
    rows = [["exercises with programs or formulas", len(names)],
            ["slips that are wrong", counted], ["with a name", named],
            ["seconds of a reply, median", f"{statistics.median(seconds):.2f}"],
            ["90th percentile", f"{seconds[int(0.9 * len(seconds))]:.2f}"],
            ["longest", f"{seconds[-1]:.2f}"]]  # fmt: skip
    return table(["", ""], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=12, help="slips of each exercise")
    each = parser.parse_args().each
    section("course-slips", "Single slips in the course's exercises", measured(each), each >= 12)


if __name__ == "__main__":
    main()
