"""`taylored course`: start and end, ports, browsers, options, and checking in the terminal."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from types import SimpleNamespace

import pytest
from websockets.sync.client import connect

from course_serving import sandboxes
from taylored.cli import course as command
from taylored.cli.main import main
from taylored.course.checking.draw import draw
from taylored.course.server import launch
from taylored.course.server.answers import find_exercise
from taylored.course.server.progress import Progress

ADDRESS = re.compile(
    r"http://127\.0\.0\.1:(\d+)(/enter\?token=[\w-]{40,}(?:&to=(/lesson/[\d-]+))?)"
)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command line in this process, with progress of its own: its code, what it wrote."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("TAYLORED_COURSE_PASSWORD", raising=False)

    def run(*arguments):
        code = main(["course", *map(str, arguments)])
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.fixture
def served(monkeypatch):
    """What would be served, without serving it."""
    plans = []
    monkeypatch.setattr(launch, "serve", plans.append)
    return plans


class Course:
    """The command as a process of its own."""

    def __init__(self, folder, *arguments, command=("-m", "taylored", "course")):
        line = [sys.executable, *command, *map(str, arguments)]
        env = {**os.environ, "XDG_DATA_HOME": str(folder)}
        self.process = subprocess.Popen(line, env=env, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def ask(self, path, **headers):
        port = int(ADDRESS.match(self.address)[1])
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("GET", path, headers=headers)
            got = line.getresponse()
            return got.status, dict(got.getheaders()), got.read().decode()
        finally:
            line.close()

    def enter(self):
        """The page that the address leads to."""
        _, headers, _ = self.ask(ADDRESS.match(self.address)[2])
        self.cookie = headers["set-cookie"].partition(";")[0]
        return self.ask(headers["location"], Cookie=self.cookie)

    def page(self):
        """The socket of a page."""
        host = self.address.removeprefix("http://").partition("/")[0]
        return connect(f"ws://{host}/socket", origin=f"http://{host}", proxy=None,
                       additional_headers={"Cookie": self.cookie})  # fmt: skip

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@pytest.fixture
def start(tmp_path):
    begun = []

    def start(*arguments, **more):
        begun.append(Course(tmp_path, *arguments, **more))
        return begun[-1]

    yield start
    for course in begun:
        if course.process.poll() is None:
            course.process.kill()
            course.process.communicate()


# ---- start and end --------------------------------------------------------------------------


ASLEEP = "import time\ndef f(*given): time.sleep(60)"


def test_the_address_is_printed_and_ctrl_c_ends_all(start, tmp_path):
    course = start("--no-browser", "--port", 0)
    assert ADDRESS.fullmatch(course.address)
    status, _, text = course.enter()
    assert status == 200 and "<h1>" in text
    with course.page() as page:
        page.send(json.dumps({"type": "check", "exercise": "5A", "answer": ASLEEP, "n": 1}))
        below, end = set(), time.monotonic() + 60
        while sys.platform == "linux" and not below and time.monotonic() < end:
            below = sandboxes(course.process.pid)
        assert below or sys.platform != "linux"
        code, out, err = course.end()
    assert code == 130 and out == "" and "Traceback" not in err
    assert err.endswith("Interrupted.\n") and "Ctrl-C ends it." in err
    assert str(tmp_path / "taylored" / "course.json") in err
    assert not any(os.path.exists(f"/proc/{pid}") for pid in below)
    book = json.loads((tmp_path / "taylored" / "course.json").read_text())
    assert book["learner"] and book["exercises"] == {}


@pytest.mark.slow
def test_a_closed_terminal_is_no_traceback(start):
    course = start("--no-browser", "--port", 0)
    _, out, err = course.end(signal.SIGTERM)
    assert out == "" and "Traceback" not in err


BUSY = """
import sys
from taylored.cli.main import main
from taylored.course.figures import slopes
from taylored.course.kit import figure

@figure("Busy")
def busy(s):
    import jax
    print("computing", flush=True)
    jax.jit(lambda x: jax.lax.fori_loop(0, 2**31 - 1, lambda i, v: v * 0.5 + 1.0, x))(1.0).item()

slopes.secant = busy
sys.exit(main(["course", *sys.argv[1:]]))
"""


@pytest.mark.slow
def test_a_figure_that_computes_does_not_hold_up_the_end(start):
    course = start("--no-browser", "--port", 0, command=["-c", BUSY])
    course.enter()
    with course.page() as page:
        page.send(json.dumps({"type": "scene", "id": "f", "figure": "slopes.secant", "n": 1}))
        assert course.process.stdout.readline() == "computing\n"
        code, _, err = course.end()
    assert code == 130 and "Traceback" not in err


@pytest.mark.slow
def test_two_at_once_take_two_ports_and_share_progress(start, monkeypatch, tmp_path):
    one, two = start("--no-browser", "--port", 0), start("--no-browser", "--port", 0)
    assert one.address != two.address
    assert one.enter()[0] == two.enter()[0] == 200
    # The key of one opens nothing at the other.
    assert two.ask("/", Cookie=one.cookie)[0] == 401
    assert {one.end()[0], two.end()[0]} == {130}


@pytest.mark.slow
def test_a_damaged_progress_file_is_said_at_the_start(start, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text("{")
    course = start("--no-browser", "--port", 0, "--progress", file)
    assert course.enter()[0] == 200
    code, _, err = course.end()
    assert code == 130 and "kept as" in err and "mine.damaged-" in err
    assert [f.read_text() for f in tmp_path.glob("mine.damaged-*")] == ["{"]
    assert json.loads(file.read_text())["exercises"] == {}


def test_pages_need_nothing_heavy(tmp_path):
    code = (
        "import sys; from taylored.course.server import launch, progress, answers\n"
        "from taylored.course.pages import index_html\n"
        "found = {'jax', 'jaxlib', 'matplotlib', 'pandas', 'polars', 'scipy'} & set(sys.modules)\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- ports ----------------------------------------------------------------------------------


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_in_use_is_an_error_where_it_was_asked_for(run, taken):
    done = run("--no-browser", "--port", taken)
    assert done.code == 2 and done.out == ""
    assert f"--port: {taken} is in use" in done.err and "Next:" in done.err


def test_another_port_is_taken_where_none_was_asked_for(taken, monkeypatch):
    monkeypatch.setattr(launch, "PORT", taken)
    said = []
    with launch.bound("127.0.0.1", None, said.append) as listening:
        assert listening.getsockname()[1] != taken
    assert len(said) == 1 and str(taken) in said[0] and "in use" in said[0]


def test_the_server_listens_on_this_machine_only():
    with launch.bound("127.0.0.1", 0, print) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("port", ["70000", "-1", "x", "1.5"])
def test_what_is_no_port(run, port):
    done = run("--no-browser", "--port", port)
    assert done.code == 2 and "port" in done.err


def test_an_address_of_another_machine_cannot_be_served(run, monkeypatch):
    monkeypatch.setenv("TAYLORED_COURSE_PASSWORD", "correct horse battery")
    done = run("--no-browser", "--port", 0, "--allow-remote", "192.0.2.7")
    assert done.code == 2 and "no address of this machine" in done.err


# ---- browsers -------------------------------------------------------------------------------


def test_no_browser_is_said(monkeypatch):
    said, opened = [], []

    def none(*given):
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    launch.open_browser("http://x", said.append)
    assert "No browser" in said.pop()
    monkeypatch.delenv("BROWSER", raising=False)
    in_terminal = webbrowser.GenericBrowser("lynx")  # would take over the terminal
    in_terminal.open = opened.append
    monkeypatch.setattr(webbrowser, "get", lambda: in_terminal)
    launch.open_browser("http://x", said.append)
    assert "No browser" in said.pop() and not opened
    window = SimpleNamespace(open=lambda address: bool(opened.append(address) or True))
    monkeypatch.setattr(webbrowser, "get", lambda: window)
    launch.open_browser("http://x", said.append)
    assert opened == ["http://x"] and not said


# ---- options --------------------------------------------------------------------------------


def test_where_to_begin(run, served):
    for arguments, page in (
        ([], "/"), (["--lesson", "0-1"], "/lesson/0-1"), (["--lesson", "0.1"], "/lesson/0-1"),
        (["--module", "0"], "/lesson/0-1"),
    ):  # fmt: skip
        assert run(*arguments).code == 0
        assert served.pop().page == page
    plan = launch.Plan(print, print, None, page="/lesson/0-1")
    address = launch._address(plan, 9000, launch.local_door(9000))
    assert ADDRESS.fullmatch(address)[3] == "/lesson/0-1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--lesson", "7-1"], "no lesson '7-1'"), (["--module", "9"], "no module '9'"),
     (["--lesson", "0-1", "--module", "1"], "two places"), (["3-2"], "--lesson 3-2"),
     (["--check", "9Z", "x.py"], "no exercise '9Z'"), (["--check", "1A", "none.py"], "cannot be"),
     (["--check", "1A", "x", "--reset"], "reset first"), (["--check", "1A"], "2 arguments"),
     (["--progress", "/none/there/p.json"], "no folder"), (["--progress", "/"], "no plain file"),
     (["--progress", ""], "no name"), (["--progress", "/dev/null"], "no plain file"),
     (["--password-file", "x"], "for --allow-remote only"), (["--allow-remote", ""], "one name"),
     (["--allow-remote", "0.0.0.0"], "one name"), (["--allow-remote", "::"], "one name"),
     (["--allow-remote", "h", "--password-file", "/none"], "cannot be read"),
     (["--prot", "3"], "did you mean --port")],
    ids=str,
)  # fmt: skip
def test_options_that_cannot_be(run, served, arguments, said):
    done = run(*arguments)
    assert done.code in (2, 3) and said in done.err and not served
    assert "Next:" in done.err


def test_a_package_that_is_missing_is_named(run, served, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "starlette" else True)
    done = run()
    assert done.code == 2 and 'pip install "taylored[course]"' in done.err
    assert "starlette" in done.err and "uvicorn" not in done.err and not served


def test_reset_keeps_a_copy(run, served, tmp_path):
    file = tmp_path / "mine.json"
    progress = Progress(file, print)
    progress.draft("1A", "x")
    progress.save()
    done = run("--reset", "--progress", file)
    assert done.code == 0 and "before-reset" in done.err
    assert Progress(file, print).touched() == []
    (copy,) = tmp_path.glob("mine.before-reset-*.json")
    assert "1A" in json.loads(copy.read_text())["exercises"]


# ---- a password for other machines ----------------------------------------------------------

WORD = "correct horse battery"


def test_the_password_comes_from_a_file_or_the_environment(run, served, tmp_path, monkeypatch):
    monkeypatch.setenv("TAYLORED_COURSE_PASSWORD", WORD)
    done = run("--allow-remote", "127.0.0.1")
    assert served.pop().password == WORD and "TAYLORED_COURSE_PASSWORD" not in os.environ
    assert "run their Python code on this machine" in done.err and "not encrypted" in done.err
    assert WORD not in done.err + done.out
    (tmp_path / "word").write_text(f"{WORD}\n")
    run("--allow-remote", "127.0.0.1", "--password-file", tmp_path / "word")
    assert served.pop().password == WORD


def test_without_a_password_nobody_else_is_let_in(run, served, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    done = run("--allow-remote", "127.0.0.1")
    assert done.code == 2 and "needs a password" in done.err and not served
    monkeypatch.setenv("TAYLORED_COURSE_PASSWORD", "short")
    done = run("--allow-remote", "127.0.0.1")
    assert done.code == 2 and "longer" in done.err and not served


def test_the_address_for_others_holds_no_key():
    plan = launch.Plan(print, print, None, remote="Box.example", password=WORD, page="/lesson/0-1")
    door = launch._door(plan, 9000)
    assert launch._address(plan, 9000, door) == "http://box.example:9000/lesson/0-1"
    assert door.hosts == {"box.example:9000"} and not door.token
    six = launch.Plan(print, print, None, remote="2001:DB8::1", password=WORD)
    assert launch._door(six, 9000).hosts == {"[2001:db8::1]:9000"}


# ---- checking in the terminal ---------------------------------------------------------------


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "mine.json"
    seed = Progress(file, print)
    seed.save()
    p = draw(find_exercise("1A"), seed.state("1A")["seed"]).p
    right = [f"{p.a}*x^({p.a}-1)*sin({p.b}*y)", f"{p.b}*x^{p.a}*cos({p.b}*y)"]
    return file, right, tmp_path / "answer.txt"


def test_a_right_answer_in_the_terminal(run, mine):
    file, right, answer = mine
    answer.write_text("\n".join(right) + "\n")
    done = run("--check", "1a", answer, "--progress", file)
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("1A: ") and "Right." in done.out
    assert Progress(file, print).state("1A")["solved"]


def test_a_wrong_answer_in_the_terminal_has_its_hint(run, mine, monkeypatch):
    file, right, _ = mine
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(right[::-1])))
    done = run("--check", "1A", "-", "--progress", file)
    assert done.code == 5 and "exchanged" in done.out and "off by" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert Progress(file, print).state("1A")["tries"] == 1


def test_an_answer_that_cannot_be_read_in_the_terminal(run, mine):
    file, _, answer = mine
    answer.write_text("import os\n")
    assert run("--check", "1A", answer, "--progress", file).code == 2
    answer.write_bytes(b"\xff\xfe\x00")
    done = run("--check", "1A", answer, "--progress", file)
    assert done.code == 3 and "cannot be read" in done.err
    assert Progress(file, print).state("1A")["tries"] == 0
