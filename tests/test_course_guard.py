"""Who is let into the course: attacks by other pages, other hosts, and without the key."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from course_serving import served
from taylored.course.server.guard import Guard, local_door, remote_door
from taylored.course.server.login import Attempts, Login

PORT = 8437
HOST = f"127.0.0.1:{PORT}"
OWN = f"http://{HOST}"


async def inside(scope, receive, send):
    """Stands for the course: whoever reaches it, is in."""
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"inside"})
    else:
        await send({"type": "websocket.accept"})


def scope_of(method, path, headers, query=""):
    kind = "websocket" if method == "SOCKET" else "http"
    pairs = [(n.lower().replace("_", "-").encode(), v.encode()) for n, v in headers]
    scheme = "ws" if kind == "websocket" else "http"
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": pairs,
             "client": ("10.0.0.7", 1), "scheme": scheme}  # fmt: skip
    return scope if kind == "websocket" else {**scope, "method": method}


def told(guard, scope, body=b""):
    """All that an application sends in answer to one request."""
    sent = []

    async def receive():
        if scope["type"] == "websocket":
            return {"type": "websocket.connect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


@pytest.fixture
def door():
    return local_door(PORT)


def answer(door, method="GET", path="/", *, query="", **headers):
    """Status (or "open", "closed" of a socket) and headers, with good headers for a start."""
    cookie = f"{door.cookie}={door.session}"
    good = {"Host": HOST, "Cookie": cookie}
    if method not in ("GET", "HEAD"):
        good["Origin"] = OWN
    given = {name: value for name, value in {**good, **headers}.items() if value is not None}
    sent = told(Guard(inside, door), scope_of(method, path, given.items(), query))
    if method == "SOCKET":
        return {"websocket.accept": "open", "websocket.close": "closed"}[sent[0]["type"]], {}
    return sent[0]["status"], dict(sent[0]["headers"])


METHODS = ("GET", "POST", "SOCKET")
IN = {"GET": 200, "POST": 200, "SOCKET": "open"}


def is_refused(got):
    return got in (401, 403, "closed")


@pytest.mark.parametrize("method", METHODS)
def test_the_course_itself_is_let_in(door, method):
    assert answer(door, method)[0] == IN[method]
    same = {"Sec_Fetch_Site": "same-origin"}
    assert answer(door, method, **same)[0] == IN[method]
    for host in (f"localhost:{PORT}", f"[::1]:{PORT}", f"LOCALHOST:{PORT}"):
        origin = None if method == "GET" else f"http://{host.lower()}"
        assert answer(door, method, Host=host, Origin=origin)[0] == IN[method]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:8438",
     f"127.0.0.1:{PORT}.evil.example", f"127.0.0.2:{PORT}", f"localhost.evil.example:{PORT}",
     f"user@127.0.0.1:{PORT}", f"127.0.0.1:{PORT} ", f"127.1:{PORT}", f"[::]:{PORT}"],
)  # fmt: skip
def test_foreign_hosts_are_refused(door, method, host):
    assert answer(door, method, Host=host, Origin=f"http://{host}")[0] in (403, "closed")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "http://127.0.0.1:8438", "http://127.0.0.1",
     f"https://127.0.0.1:{PORT}", f"http://127.0.0.1:{PORT}.evil.example", "file://", "",
     f"http://localhost:{PORT}", f"http://127.0.0.1:{PORT}/", f"ws://127.0.0.1:{PORT}"],
)  # fmt: skip
def test_foreign_origins_are_refused(door, method, origin):
    assert answer(door, method, Origin=origin)[0] in (403, "closed")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "SOCKET", "X"])
def test_what_changes_something_must_name_its_origin(door, method):
    assert is_refused(answer(door, method, Origin=None)[0])
    assert not is_refused(answer(door, method)[0])


def test_headers_given_twice_are_no_headers(door):
    cookie = ("cookie", f"{door.cookie}={door.session}")
    for twice in ("host", "origin"):
        value = {"host": HOST, "origin": OWN}[twice]
        foreign = {"host": "evil.example", "origin": "http://evil.example"}[twice]
        pairs = [cookie, ("host", HOST), ("origin", OWN)]
        for added in (value, foreign):
            scope = scope_of("SOCKET", "/socket", [*pairs, (twice, added)])
            assert told(Guard(inside, door), scope)[0]["type"] == "websocket.close"


@pytest.mark.parametrize("method", METHODS)
def test_without_the_key_nothing_opens(door, method):
    other = local_door(8438)
    for cookie in (
        None, "", f"{door.cookie}=", f"{door.cookie}={door.token}",
        f"{other.cookie}={other.session}", f"{door.cookie}={other.session}",
        f"{other.cookie}={door.session}", f"x{door.cookie}={door.session}",
        f"{door.cookie}={door.session}x", f"{door.cookie}=ü",
    ):  # fmt: skip
        if cookie is not None and not cookie.isascii():
            cookie = cookie.encode().decode("latin-1")
        assert answer(door, method, Cookie=cookie)[0] in (401, "closed")


def test_cookies_of_other_servers_do_not_hide_ours(door):
    ours = f"{door.cookie}={door.session}"
    odd = '_xsrf=2|a,b"c; a[b]={"x": 1}; =; ;broken'
    assert answer(door, Cookie=f"{odd}; {ours}; {odd}")[0] == 200
    pairs = [("host", HOST), ("cookie", "a=b"), ("cookie", ours)]
    assert told(Guard(inside, door), scope_of("GET", "/", pairs))[0]["status"] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "x"])
@pytest.mark.parametrize("method", METHODS)
def test_requests_that_other_pages_begin_are_refused(door, method, site):
    more = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert is_refused(answer(door, method, Sec_Fetch_Site=site)[0])
    assert is_refused(answer(door, method, "/lesson/1-1", Sec_Fetch_Site=site, **more)[0])


# ---- the way in -----------------------------------------------------------------------------


def test_the_token_is_exchanged_for_a_cookie(door):
    status, headers = answer(door, path="/enter", query=f"token={door.token}", Cookie=None)
    assert (status, headers[b"location"]) == (303, b"/")
    cookie = headers[b"set-cookie"].decode()
    assert cookie.startswith(f"taylored_course_{PORT}={door.session};")
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Domain" not in cookie
    assert door.token not in cookie and len(door.token) >= 32


@pytest.mark.parametrize(
    "query", ["", "token=", "token=x", "TOKEN={}", "token=%00", "&".join(["a=1"] * 99), "token={}x"]
)
def test_a_wrong_token_gives_no_cookie(door, query):
    query = query.format(door.token)
    status, headers = answer(door, path="/enter", query=query, Cookie=None)
    assert status == 401 and b"set-cookie" not in headers


def test_two_runs_have_nothing_in_common():
    one, two = local_door(PORT), local_door(PORT)
    assert not {one.token, one.session} & {two.token, two.session}


def test_the_address_may_be_a_link_of_another_page_and_nothing_else(door):
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate",
            "Sec_Fetch_Dest": "document"}  # fmt: skip
    query = f"token={door.token}&to=/lesson/3-2"
    status, headers = answer(door, path="/enter", query=query, Cookie=None, **link)
    # No redirect: that would still be a step of the other page, without the cookie.
    assert status == 200 and headers[b"refresh"] == b"0; url=/lesson/3-2"
    for change in ({"Sec_Fetch_Mode": "no-cors"}, {"Sec_Fetch_Dest": "iframe"},
                   {"Sec_Fetch_Dest": "image"}):  # fmt: skip
        assert answer(door, path="/enter", query=query, **link | change)[0] == 403


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/lesson/3-2/../..", "/x", "",
     "/lesson/3-2%0d%0aX: y", "/lesson/33-2"],
)  # fmt: skip
def test_the_way_in_leads_to_lessons_only(door, to):
    query = f"token={door.token}&to={to}"
    assert answer(door, path="/enter", query=query)[1][b"location"] == b"/"


# ---- what every answer says -----------------------------------------------------------------


@pytest.mark.parametrize("change", [{}, {"Cookie": None}, {"Host": "x"}, {"path": "/enter"}])
def test_every_answer_is_closed_to_others(door, change):
    headers = answer(door, **change)[1]
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy and "form-action 'self'" in policy
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cross-origin-resource-policy"] == b"same-origin"
    assert headers[b"cross-origin-opener-policy"] == b"same-origin"
    assert headers[b"referrer-policy"] == b"no-referrer"
    assert not [name for name in headers if name.startswith(b"access-control")]


def test_other_kinds_of_connection_reach_nothing(door):
    assert told(Guard(inside, door), {"type": "else"}) == []


# ---- beyond this machine --------------------------------------------------------------------

WORD = "correct horse battery"


@pytest.fixture
def remote():
    return remote_door("box.example", 9000, WORD)


def remote_answer(guard, method="GET", path="/", body=b"", **headers):
    given = {"Host": "box.example:9000", **headers}
    if method == "POST":
        given.setdefault("Origin", "http://box.example:9000")
    sent = told(guard, scope_of(method, path, given.items()), body)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[-1].get("body", b"")


def test_the_password_opens_and_no_token_does(remote):
    guard = Guard(inside, remote)
    assert remote_answer(guard)[:1] == (303,)
    status, headers, body = remote_answer(guard, path="/login")
    assert status == 200 and b'type="password"' in body
    assert headers[b"referrer-policy"] == b"same-origin"  # or the form would name no origin
    for query in ("", "token="):
        assert told(guard, scope_of("GET", "/enter", [("host", "box.example:9000")], query))[0][
            "status"] == 401  # fmt: skip
    status, headers, _ = remote_answer(guard, "POST", "/login", b"password=correct+horse+battery")
    assert status == 303 and remote.session in headers[b"set-cookie"].decode()
    cookie = headers[b"set-cookie"].decode().partition(";")[0]
    assert remote_answer(guard, Cookie=cookie)[2] == b"inside"


@pytest.mark.parametrize(
    "body", [b"", b"password=", b"password=wrong", b"\xff", b"password=%ff", b"x" * 10**5]
)
def test_a_wrong_password_gives_no_cookie(remote, body):
    status, headers, _ = remote_answer(Guard(inside, remote), "POST", "/login", body)
    assert status == 403 and b"set-cookie" not in headers


def test_a_form_of_another_page_is_not_read(remote):
    guard, body = Guard(inside, remote), b"password=correct+horse+battery"
    for origin in ("null", "http://evil.example"):
        assert remote_answer(guard, "POST", "/login", body, Origin=origin)[0] == 403
    assert remote_answer(guard, "POST", "/login", body, Host="127.0.0.1:9000")[0] == 403


def test_guessing_is_slow():
    now = [0.0]
    login = Login(WORD, "c=1; Path=/", lambda: now[0])

    def guess(word):
        return told(login, scope_of("POST", "/login", []), b"password=" + word)[0]["status"]

    assert [guess(b"no") for _ in range(5)] == [403] * 5
    assert guess(b"no") == guess(b"correct+horse+battery") == 429  # the right one has to wait, too
    now[0] = 61.0
    assert guess(b"correct+horse+battery") == 303
    assert [guess(b"no") for _ in range(5)] == [403] * 5  # the right one wipes the slate clean


def test_many_addresses_together_are_slow_too():
    attempts = Attempts(each=5, together=20, seconds=60)
    for k in range(20):
        assert attempts.wait(str(k), float(k)) == 0
        attempts.wrong(str(k), float(k))
    assert attempts.wait("another", 20.0) == 40.0
    assert attempts.wait("another", 60.5) == 0


# ---- the real server ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    with served(tmp_path_factory.mktemp("guard") / "p.json") as course:
        yield course


def test_http_of_the_real_server(course):
    host, own = course.host, f"http://{course.host}"
    good = {"Host": host, "Cookie": course.cookie}
    assert course.ask("GET", "/", **good).status == 200
    assert course.ask("GET", "/", **good | {"Host": "evil.example"}).status == 403
    assert course.ask("GET", "/", Host=host).status == 401
    assert "terminal shows" in course.ask("GET", "/", Host=host).text
    assert course.ask("GET", "/static/app.js", Host=host).status == 401
    assert course.ask("GET", "/progress.json", **good, Sec_Fetch_Site="cross-site").status == 403
    post = ("POST", "/progress/reset")
    assert course.ask(*post, **good).status == 403
    assert course.ask(*post, **good, Origin="http://evil.example").status == 403
    assert course.ask(*post, Host=host, Origin=own).status == 401
    assert course.ask("OPTIONS", "/progress/reset", **good, Origin="http://e.example").status == 403
    assert course.ask("GET", "/enter?token=wrong", Host=host).status == 401


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:1"}, {"Origin": ""},
     {"Origin": "null"}, {"Cookie": ""}, {"Cookie": "taylored_course_1=x"},
     {"Sec_Fetch_Site": "cross-site"}],
    ids=str,
)  # fmt: skip
def test_sockets_of_other_pages_are_refused(course, headers):
    with pytest.raises(InvalidStatus) as refused:
        course.page(**headers)
    assert refused.value.response.status_code in (401, 403)


def test_the_socket_of_the_course_opens(course):
    page = course.page(Sec_Fetch_Site="same-origin")
    page.send(type="nothing", n=7)
    assert page.next("refused")["n"] == 7
