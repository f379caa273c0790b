"""Learner's code in its process: what it returns, what stops it, and what it cannot reach."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from course_serving import sandboxes
from taylored.course.sandbox import Runner, child
from taylored.course.sandbox.calls import _TABLES, program
from taylored.course.sandbox.replies import read_reply
from taylored.course.sandbox.trouble import NAME

HANG_GUARD = 60  # seconds; nothing is timed


def job(source, calls=((1.5, [1.0, 2.0]),), name="f", **more):
    calls = [list(call) for call in calls]
    return {"source": source, "name": name, "calls": calls, "player": "", "parameters": {}, **more}


@pytest.fixture(scope="module")
def runner():
    runner = Runner()
    yield runner
    runner.close()


def returned(result):
    assert not result["trouble"] and not result["stopped"], result
    return [output["value"] for output in result["outputs"]]


def trouble(result):
    return result["trouble"] or next(o["trouble"] for o in result["outputs"] if "trouble" in o)


SAME = {
    "list": "def f(x, y): return [x * y[0], x * y[1]]",
    "tuple": "def f(x, y): return x * y[0], x * y[1]",
    "array": "def f(x, y): return x * y",
    "float32": "import numpy as np\ndef f(x, y): return np.float32(x) * y.astype(np.float32)",
    "scalars": "import numpy as np\ndef f(x, y): return [np.float64(x * v) for v in y]",
    "fractions": "from fractions import Fraction as F\ndef f(x, y): return [F(3, 2), F(3)]",
    "generator": "def f(x, y): return (x * v for v in y)",
    "lambda": "f = lambda x, y: x * y",
    "another name": "def scaled(x, y): return x * y",
    "class": "class G:\n  def __call__(self, x, y): return x * y\nf = G()",
    "vectorize": "import numpy as np\nf = np.vectorize(lambda x, y: x * y)",
}


@pytest.mark.parametrize("form", SAME)
def test_every_form_of_the_same_numbers(form):
    assert returned(child.play(job(SAME[form]))) == [[1.5, 3.0]]


def test_jax_works_with_doubles_and_its_import_is_not_timed(runner):
    source = "import jax, jax.numpy as jnp\n@jax.jit\ndef f(x, y): return jnp.sin(y) * x"
    assert returned(runner.run(job(source)))[0] == pytest.approx(
        [1.2622064772118446, 1.3639461402385225], rel=1e-14
    )


def test_an_error_of_the_library_brings_its_next_step():
    source = "import taylored as ty\ndef f(x, y): return ty.fit('y ~ a*x', {'x': y})"
    said = child.play(job(source))["outputs"][0]["trouble"]
    assert said["message"].startswith("There is no column 'y'") and said["line"] == 2
    assert said["meaning"] == "The columns are x. Use one of these."


def test_what_an_exercise_refuses_is_not_blamed_on_python():
    source = "def stop(steps, tol): pass"
    said = child.play(job(source, [(0.6, 4.0, 0.01)], "stop", player="e4i:play"))["trouble"]
    assert "None" in said["message"] and "the exercise" in said["meaning"]


def test_inputs_cannot_be_spoiled_for_later_calls():
    source = "def f(y):\n  y *= 2\n  return y"
    assert returned(child.play(job(source, [([1.0],), ([1.0],)]))) == [[2.0], [2.0]]


def test_results_by_name_are_read_in_their_order():
    source = "def f(x, y): return {'slope': 2 * x, 'intercept': y[0]}"
    assert returned(child.play(job(source, [(1.5, [4.0])]))) == [[3.0, 4.0]]


WORDS = {
    "None": ("def f(x, y): pass", "return"),
    "text": ("def f(x, y): return '3'", "number itself"),
    "function": ("import math\ndef f(x, y): return math.sin", "Call the function"),
    "bool": ("def f(x, y): return x > 1", "comparison"),
    "complex": ("def f(x, y): return (-x) ** 0.5", "negative number"),
    "ragged": ("def f(x, y): return [1, [2, 3]]", "same length"),
    "with None": ("def f(x, y): return [1, None]", "Every entry"),
    "dict": ("def f(x, y): return {1: 2}", "a list"),
    "objects": ("def f(x, y): return object()", "numbers"),
    "dots": ("def f(x, y): return ...", "starting text"),
    "dots inside": ("def f(x, y): return [..., 1]", "starting text"),
    "power": ("def f(x, y): return x^2", "two stars"),
    "truth": ("def f(x, y): return 1 if y > 0 else 2", "np.all"),
    "singular": (
        "import numpy as np\ndef f(x, y): return np.linalg.solve(np.zeros((2, 2)), y)",
        "inverted",
    ),
    "huge": ("import numpy as np\ndef f(x, y): return np.zeros(10**6)", "At most"),
    "syntax": ("def f(x, y)\n  return 1", "colon"),
    "indentation": ("def f(x, y):\nreturn 1", "blanks"),
    "name": ("def f(x, y): return sin(x)", "from math import sin"),
    "misspelled": ("def f(x, y):\n  total = 1\n  return totl", "nothing called totl"),
    "arguments": ("def f(x): return x", "name as many"),
    "zero": ("def f(x, y): return 1 / 0", "divided by zero"),
    "index": ("def f(x, y): return y[2]", "the first one is 0"),
    "recursion": ("def f(x, y): return f(x, y)", "calls itself"),
    "exit": ("import sys\ndef f(x, y): sys.exit()", "return"),
    "input": ("def f(x, y): return input()", "input"),
    "own": ("class Odd(Exception):\n  def __str__(self): 1 / 0\ndef f(x, y): raise Odd", "Python"),
    "no function": ("x = 1", "define it with def"),
    "two functions": ("def g(): pass\ndef h(): pass", "define it with def"),
}


@pytest.mark.parametrize("case", WORDS)
def test_troubles_say_what_they_mean(case, monkeypatch):
    source, words = WORDS[case]
    monkeypatch.setattr("sys.stdin", io.StringIO())
    said = trouble(child.play(job(source)))
    assert words in said["meaning"]
    assert set(said) == {"kind", "message", "line", "text", "meaning"}


def test_trouble_names_the_line_of_the_learner():
    said = trouble(child.play(job("def f(x, y):\n  z = x * 2\n  return 1 / (z - 3)")))
    assert (said["line"], said["text"]) == (3, "return 1 / (z - 3)")


STOPS = {
    "endless, all caught": (
        "def f(x, y):\n  while True:\n    try:\n      while True: print(1)\n"
        "    except BaseException: pass",
        "time",
    ),
    "endless": ("def f(x, y):\n  while True: pass", "time"),
    "memory": (  # never touched, so that it is wanted soon on a busy machine, too
        "import numpy as np\ndef f(x, y):\n  a = []\n  while True: a.append(np.zeros(2**22))",
        "memory",
    ),
    "inside of C": ("def f(x, y): return 10 ** 10 ** 10", "time"),
    "flood": ("def f(x, y):\n  while True: print('x' * 1000)", "output"),
    "asleep": ("import time\ndef f(x, y): time.sleep(60)", "time"),
    "_exit": ("import os\ndef f(x, y): os._exit(0)", "exit"),
    "memory of NumPy": ("import numpy as np\ndef f(x, y): return np.ones(10**9)", "memory"),
    "closed": ("import os\nos.closerange(0, 100)\ndef f(x, y): return x", "exit"),
}


@pytest.mark.parametrize("case", STOPS)
@pytest.mark.every(2)
def test_the_reply_comes_whatever_the_code_does(runner, case):
    source, why = STOPS[case]
    result = runner.run(job(source))
    assert result["stopped"] == why
    assert result["message"].endswith((".", "?"))
    assert returned(runner.run(job(SAME["array"]))) == [[1.5, 3.0]], "the next one is served"


def test_the_line_of_an_endless_loop_is_named(runner):
    result = runner.run(job("def f(x, y):\n  n = 0\n  while n < 5:\n    n = n * 2\n  return n"))
    assert result["stopped"] == "time" and result["line"] in (3, 4)
    assert f"was stopped in line {result['line']}. Is there a loop" in result["message"]


MISCHIEF = {
    "write": "open('here.txt', 'w')",
    "read": "open('/etc/passwd').read()",
    "os.open": "import os\nos.open('/etc/passwd', os.O_RDONLY)",
    "pathlib": "import pathlib\npathlib.Path('x').write_text('x')",
    "list": "import os\nos.listdir('/')",
    "delete": "import os\nos.remove('/tmp/nothing-of-this-name')",
    "socket": "import socket\nsocket.socket()",
    "address": "import socket\nsocket.getaddrinfo('localhost', 80)",
    "web": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "fork": "import os\nos.fork()",
    "spawn": "import os\nos.posix_spawn('/bin/true', ['true'], {})",
    "system": "import os\nos.system('true')",
    "subprocess": "import subprocess\nsubprocess.Popen(['true'], start_new_session=True)",
    "multiprocessing": "import multiprocessing",
    "kill": "import os\nos.kill(os.getppid(), 9)",
    "ctypes": "import ctypes\nctypes.CDLL(None)",
    "signal": "import signal\nsignal.pthread_kill(0, 9)",
    "a patched path": "import os\nos.fspath = lambda p: os.__file__\nopen('/etc/passwd').read()",
    "a path that turns back": "import os\n"
    "open(os.path.dirname(os.__file__) + '/../../../../etc/passwd')",
    "stop itself": "import signal\nsignal.raise_signal(19)",
    "limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (9, 9))",
}


@pytest.mark.parametrize("case", MISCHIEF)
@pytest.mark.every(4)
def test_files_processes_and_the_network_are_refused(runner, case):
    said = trouble(runner.run(job(MISCHIEF[case] + "\ndef f(x, y): return x")))
    assert said["kind"] in ("PermissionError", "RuntimeError"), said
    assert returned(runner.run(job(SAME["array"]))) == [[1.5, 3.0]]


def test_late_imports_and_threads_still_work(runner):
    source = (
        "def f(x, y):\n  import colorsys, threading\n"
        "  t = threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=False)\n"
        "  t.start()\n  return x * y"
    )
    assert returned(runner.run(job(source))) == [[1.5, 3.0]]


def test_an_answer_written_past_us_is_no_answer(runner):
    source = "import os\nfor d in range(3, 20):\n  try: os.write(d, b'[1]\\n')\n"
    source += "  except OSError: pass\ndef f(x, y): return x"
    assert runner.run(job(source))["stopped"] == "exit"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_nothing_is_left_over(runner):
    """Neither of a job that has run, nor of one at work when the end comes, nor of a spare."""
    runner.warm()  # the other tests' own: it stays
    before = sandboxes(os.getpid())
    mine, ended = Runner(), []
    mine.run(job(SAME["list"]))

    def work():
        with pytest.raises(InterruptedError):
            mine.run(job(STOPS["asleep"][0]))
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    end = time.monotonic() + HANG_GUARD
    while not mine._at_work and time.monotonic() < end:
        time.sleep(0.005)
    mine.warm()
    ours = set()
    while len(ours) < 2 and time.monotonic() < end:  # the name of a new process is late in /proc
        ours = sandboxes(os.getpid()) - before
    folders = [Path(f"/proc/{pid}/cwd").readlink() for pid in ours]
    assert len(ours) == 2
    mine.close()
    thread.join(HANG_GUARD)
    assert ended and sandboxes(os.getpid()) - before == set()
    assert not any(folder.exists() for folder in folders)
    with pytest.raises(InterruptedError):
        mine.run(job(SAME["list"]))


def test_a_spare_that_died_is_replaced_and_put_away():
    mine = Runner()
    mine.warm()
    dead = mine._spare
    assert dead is not None
    dead.process.kill()
    dead.process.wait()
    assert returned(mine.run(job(SAME["list"]))) == [[1.5, 3.0]]
    assert not Path(dead.folder.name).exists()
    mine.close()


def test_it_ends_with_its_parent():
    """The end of the pipe is the end of the process, also in the middle of a job."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "taylored.course.sandbox.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdin.write(json.dumps(job(STOPS["asleep"][0])).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"ready": True}
    process.stdin.close()
    assert process.wait(HANG_GUARD) == 9
    process.stdout.close()


def test_many_at_once(runner):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(runner.run(job(SAME["list"]))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_GUARD)
    assert [returned(result) for result in found] == [[[1.5, 3.0]]] * 4


FILTERED = """
import os, threading
from taylored.course.sandbox import calls
if not calls.refuse():
    raise SystemExit("not here")
for call in (os.fork, lambda: __import__("socket").socket(), lambda: os.mkdir("new"),
             lambda: os.kill(os.getppid(), 0), lambda: os.posix_spawn("/bin/true", ["true"], {})):
    try:
        call()
    except PermissionError:
        print("refused")
thread = threading.Thread(target=print, args=("thread",))
thread.start()
thread.join()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a filter of the Linux kernel")
def test_the_filter_of_system_calls_alone_refuses(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FILTERED], capture_output=True, text=True, cwd=tmp_path
    )
    if "not here" in done.stderr:
        pytest.skip("this kernel or processor has no such filter")
    assert done.stdout.split() == ["refused"] * 5 + ["thread"], done.stderr


@pytest.mark.parametrize("machine", _TABLES)
def test_the_jumps_of_the_filter_stay_inside(machine):
    code = program(_TABLES[machine])
    steps = [code[i : i + 8] for i in range(0, len(code), 8)]
    for at, step in enumerate(steps):
        if step[0] & 7 == 5:  # a jump
            assert at + 1 + max(step[2], step[3]) < len(steps)
    assert steps[-1][0] == 6, "the last step returns"


TROUBLE = {"kind": "ValueError", "message": "m", "line": 1, "text": "t", "meaning": "w"}
HONEST = {"outputs": [{"value": [[1.0, 2.0]]}, {"trouble": TROUBLE}], "printed": "p",
          "stopped": "", "message": "", "trouble": None}  # fmt: skip
FORGED = {
    "a line of code that is none": ("trouble", {**TROUBLE, "line": -7}),
    "truth for a line": ("trouble", {**TROUBLE, "line": True}),
    "no text": ("trouble", {**TROUBLE, "message": {}}),
    "a long text": ("trouble", {**TROUBLE, "text": "x" * 10**5}),
    "trouble of another form": ("outputs", [{"trouble": 3}]),
    "an output that is none": ("outputs", [5]),
    "a text for a number": ("outputs", [{"value": "1"}]),
    "rows of different lengths": ("outputs", [{"value": [[1.0], [1.0, 2.0]]}]),
    "an integer without end": ("outputs", [{"value": 10**400}]),
    "a flood": ("printed", "x" * 10**5),
    "a reason that is none": ("stopped", ["memory"]),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_answer_is_no_answer(case):
    name, value = FORGED[case]
    assert read_reply(json.dumps(HONEST).encode()) == HONEST
    assert read_reply(json.dumps({**HONEST, name: value}).encode()) is None


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b"[" * 10**6, b"\xff", b"{}", b"null"])
def test_what_is_no_answer_at_all(line):
    assert read_reply(line) is None


@pytest.mark.parametrize("line", ["-1", "10**9", "True", "'three'", "1.5"])
def test_a_line_made_by_hand_is_not_shown(line):
    source = f'def f(x, y): raise SyntaxError("no", ("{NAME}", {line}, 1, "t"))'
    said = trouble(child.play(job(source)))
    assert (said["kind"], said["line"]) == ("SyntaxError", None)
