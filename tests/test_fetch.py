"""Images by address: what a server may do, and the one line that says so. All on 127.0.0.1."""

import base64
import contextlib
import fcntl
import http.server
import io
import itertools
import os
import pty
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from logit_lens import LensError, fetch
from logit_lens.address import identity_of, name_of, path_of, scheme_of, shown_address
from logit_lens.fetch import fetch_image
from logit_lens.page.summary import read_summary
from logit_lens.record import load_record
from logit_lens.resources import DEMO_IMAGE

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "create_logit_lens.py"
SHORT = ("--demo", "--max-new-tokens", "0", "--layers", "::4", "--top-k", "3")


def png(size=(96, 80), colour="red"):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


NOISE = io.BytesIO()
Image.effect_noise((900, 700), 90).save(NOISE, "PNG")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the path; every request is kept in ``server.asked``."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code=200, body=b"", **headers):
        self.send_response(code)
        for name, value in ({"Content_Length": len(body)} | headers).items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        name = self.path.partition("?")[0].rpartition("/")[2].partition(".")[0]
        self.close_connection = True
        getattr(self, f"do_{name}", self.missing)()

    def missing(self):
        self.answer(404, b"<h1>gone</h1>")

    def do_dog(self):
        self.answer(body=png(), Content_Type="text/plain")  # what it says counts for nothing

    def do_blue(self):
        self.answer(body=png(colour="blue"))

    def do_noise(self):
        self.answer(body=NOISE.getvalue())

    def do_page(self):
        self.answer(body=b"<!doctype html>" + b"x" * 10**6, Content_Type="text/html")

    def do_empty(self):
        self.answer()

    def do_postscript(self):
        self.answer(body=b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n" + b" " * 99)

    def do_large(self):
        self.answer(body=png(), Content_Length=10**10)

    def do_private(self):
        login = base64.b64encode(b"me:p@ss").decode()
        right = self.headers.get("Authorization") == f"Basic {login}"
        self.answer(200 if right else 401, png())

    def do_moved(self):
        self.answer(302, Location="/elsewhere/dog.png")

    def do_away(self):
        self.answer(302, Location=f"http://localhost:{self.server.server_port}/dog.png")

    def do_tofile(self):
        self.answer(302, Location=f"file://{DEMO_IMAGE}")

    def do_toftp(self):
        self.answer(301, Location="ftp://me:secret@127.0.0.1/dog.png")

    def do_round(self):
        self.answer(307, Location="/round")

    def do_endless(self):
        self.answer(Content_Length=None)
        with self.server.forgiving():
            for _ in itertools.count():
                self.wfile.write(NOISE.getvalue())

    def do_zeros(self):
        self.answer(Content_Length=None)
        with self.server.forgiving():
            for _ in itertools.count():
                self.wfile.write(bytes(2**16))

    def do_truncated(self):
        self.answer(body=png()[:100], Content_Length=len(png()))

    def do_chunks(self):
        self.answer(Content_Length=None, Transfer_Encoding="chunked")
        for piece in (png()[:50], png()[50:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def do_lostchunks(self):
        self.answer(Content_Length=None, Transfer_Encoding="chunked")
        self.wfile.write(b"fff\r\n" + png()[:100])

    def do_silent(self):
        self.server.over.wait(20)

    def do_drip(self):
        self.answer(Content_Length=len(NOISE.getvalue()))
        with self.server.forgiving():
            for byte in NOISE.getvalue():
                self.wfile.write(bytes([byte]))
                if self.server.over.wait(0.05):
                    break


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.over = [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass  # clients that hang up are what is tested

    @staticmethod
    def forgiving():
        return contextlib.suppress(OSError)


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["dog.png", "a%20b/dog.png", "a b/собака/dog.png?x=ä y", "chunks"])
def test_an_image_is_fetched_whatever_its_address_is_spelled_like(server, path):
    assert fetch_image(f"{server.url}/{path}") == png()


@pytest.mark.parametrize("path", ["moved", "away"])
def test_redirects_are_followed(server, path):
    assert fetch_image(f"{server.url}/{path}") == png()


def test_a_login_is_sent_and_not_handed_on(server):
    place = server.url.removeprefix("http://")
    assert fetch_image(f"http://me:p%40ss@{place}/private") == png()
    server.asked.clear()
    fetch_image(f"http://me:p%40ss@{place}/away")
    (_, first), (_, second) = server.asked
    assert "Authorization" in first and "Authorization" not in second


def test_progress_is_told(server):
    told = []
    data = fetch_image(f"{server.url}/noise", lambda here, of: told.append((here, of)))
    assert told[-1] == (len(data), len(data)) and len(told) > 2
    assert sorted(told) == told


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("gone.png", "the server says 404 Not Found"),
        ("private", "the server says 401 Unauthorized; if it needs a login, download it first"),
        ("page", "what the server sends is not an image (text/html)"),
        ("postscript", "what the server sends is not an image"),
        ("zeros", "what the server sends is not an image"),
        ("empty", "the server sent nothing"),
        ("large", "it has more than 100 MB; make it smaller"),
        ("truncated", "the connection broke after 100 of"),
        ("lostchunks", "the connection broke"),
        ("tofile", "it redirects to file://"),
        ("toftp", "it redirects to ftp://127.0.0.1/dog.png, which is no web address"),
        ("round", "it redirects without end"),
    ],
)
def test_what_cannot_be_had_is_one_line_that_says_why(server, path, says):
    with pytest.raises(LensError) as error:
        fetch_image(f"{server.url}/{path}")
    said = str(error.value)
    assert said.startswith(f"cannot read {server.url}/{path}: ") and says in said
    assert "\n" not in said and "secret" not in said


def test_an_endless_image_stops_at_the_limit(server, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_BYTES", 3_000_000)
    with pytest.raises(LensError, match="it has more than 3 MB"):
        fetch_image(f"{server.url}/endless")


def test_a_silent_server_is_not_waited_for_without_end(server, monkeypatch):
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.3)
    with pytest.raises(LensError, match="127.0.0.1 did not answer"):
        fetch_image(f"{server.url}/silent")


def test_a_dripping_server_is_not_waited_for_without_end(server, monkeypatch):
    monkeypatch.setattr(fetch, "_PATIENCE", 0.5)
    begin = time.monotonic()
    with pytest.raises(LensError, match="too slow; download it first"):
        fetch_image(f"{server.url}/drip")
    assert time.monotonic() - begin < 10


def test_offline_is_one_line(monkeypatch):
    def offline(*_args, **_kwargs):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(LensError) as error:
        fetch_image("http://example.org/dog.png")
    assert str(error.value) == (
        "cannot read http://example.org/dog.png: example.org cannot be found: no network, or no "
        "such server; name a file instead"
    )


def test_a_server_that_is_off_is_one_line(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LensError, match=r"127.0.0.1 cannot be reached \(Connection refused\)"):
        fetch_image(f"http://127.0.0.1:{port}/dog.png")


@pytest.mark.parametrize(
    "address", ["http://", "http:///dog.png", "http://[::1/x", "http://a b/x", "http://x:y/z"]
)
def test_what_is_no_address_is_one_line(address):
    with pytest.raises(LensError, match="it is not an address"):
        fetch_image(address)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://x.org/a.png", "https://x.org/a.png"),
        ("https://me:pw@x.org:81/a.png", "https://x.org:81/a.png"),
        ("https://me:p@w@x.org/a.png", "https://x.org/a.png"),
        ("https://x.org/@me/a.png", "https://x.org/@me/a.png"),
        ("https://x.org/a.png?key=secret", "https://x.org/a.png?…"),
        ("https://x.org/a.png?a=b@c#secret", "https://x.org/a.png?…"),
        ("https://x.org/a\nb\u202e.png", "https://x.org/a�b�.png"),
    ],
)
def test_secrets_of_an_address_are_not_shown(address, shown):
    assert shown_address(address) == shown


def test_an_address_is_the_same_for_everyone_who_asks():
    assert identity_of("https://me:pw@x.org/a?n=1#top") == identity_of("https://x.org/a?n=1")
    assert identity_of("https://x.org/a?n=1") != identity_of("https://x.org/a?n=2")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://x.org/dogs/rex.jpg", "rex.jpg"),
        ("https://x.org/my%20dog.jpg?w=5", "my dog.jpg"),
        ("https://x.org/", "x.org"),
        ("https://x.org", "x.org"),
        ("https://x.org/собака.png", "собака.png"),
    ],
)
def test_an_image_is_called_after_the_end_of_its_address(address, name):
    assert name_of(address) == name


def test_file_addresses_are_paths():
    assert path_of("file:///a%20b/c.png") == "/a b/c.png"
    assert path_of("file://localhost/a.png") == path_of("FILE:/a.png") == "/a.png"
    with pytest.raises(LensError, match="another machine"):
        path_of("file://server/a.png")
    assert scheme_of("C:\\photos\\a.png") == scheme_of("photos/a.png") == ""


def test_an_address_makes_a_report_that_shows_it(command, server):
    place = server.url.removeprefix("http://")
    address = f"http://me:secret1@{place}/dogs/dog.png?token=secret2"
    code, out, err = command(*SHORT, "--image", address, "--save-data")
    assert (code, out) == (0, ["outputs/demo_dog_logit_lens.html"]), err
    shown = f"{server.url}/dogs/dog.png?…"
    image = load_record(Path("outputs/demo_dog_logit_lens.npz")).meta["image"]
    assert (image["name"], image["source"]) == ("dog.png", shown)
    page = Path(out[0]).read_text(encoding="utf-8")
    assert f'<span class="source" dir="auto">{shown}</span>' in page
    for text in (page, "".join(err)):
        assert "secret1" not in text and "secret2" not in text


def test_several_addresses_make_a_folder_and_a_second_run_keeps_what_has_the_same_bytes(
    command, server, monkeypatch
):
    names = ["dog.png", "dog.png?v=2", "blue.png", "gone.png"]
    run = (*SHORT, "--output", "out", "--image", *(f"{server.url}/{name}" for name in names))
    code, out, err = command(*run)
    assert (code, out) == (1, ["out/index.html"])
    assert f"error: {server.url}/gone.png: the server says 404 Not Found" in err
    assert "4 images: 3 made, 1 failed" in err
    written = sorted(Path("out").glob("*_logit_lens.html"))
    assert sorted(read_summary(path)["name"] for path in written) == [
        f"{server.url}/blue.png",
        f"{server.url}/dog.png",
        f"{server.url}/dog.png?…",
    ]
    monkeypatch.setattr(Handler, "do_blue", Handler.do_noise)  # other bytes at the same address
    code, _, err = command(*run)
    assert code == 1 and "4 images: 1 made, 2 finished already, 1 failed" in err
    assert sorted(Path("out").glob("*_logit_lens.html")) == written
    assert f"{server.url}/blue.png" in Path("out/index.html").read_text(encoding="utf-8")


def test_an_address_that_cannot_be_had_stops_before_a_model_is_loaded(command, server):
    code, out, err = command("--model", "nobody/nothing", "--image", f"{server.url}/gone.png")
    assert (code, out) == (1, [])
    assert err == [f"error: cannot read {server.url}/gone.png: the server says 404 Not Found"]


def test_a_slow_image_does_not_keep_the_command_when_it_has_failed(server, tmp_path):
    addresses = [f"{server.url}/dog.png", f"{server.url}/drip"]  # the second takes half a minute
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--quiet", "--model", "nobody/nothing", "--image", *addresses],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert process.stderr is not None
    assert "cannot find the model" in process.stderr.readline()
    begin = time.monotonic()
    assert process.wait(60) == 1
    assert time.monotonic() - begin < 5


AT_ONCE = """
import functools, sys
import create_logit_lens
from logit_lens.command import source
bar = source.tqdm  # one that does not wait for half a second first
source.tqdm = lambda **options: bar(**options | {"delay": 0, "mininterval": 0})
sys.exit(create_logit_lens.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("terminal", "flags", "has_bar"),
    [(True, [], True), (True, ["--quiet"], False), (False, [], False)],
)
def test_the_bar_is_shown_on_a_terminal_and_nowhere_else(server, terminal, flags, has_bar):
    ours, theirs = pty.openpty() if terminal else os.pipe()
    if terminal:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    argv = ["--model", "none/none", *flags, "--image", f"{server.url}/noise.png"]
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, *argv],
        cwd=ROOT / "scripts",
        stderr=theirs,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert process.wait(120) == 1
    shown = os.read(ours, 10**6).decode()
    os.close(ours), os.close(theirs)
    assert ("noise.png: " in shown and "B/s" in shown) == has_bar, shown


@pytest.mark.parametrize(
    "address", ["s3://a/b.png", "ftp://x.org/a.png", "data:image/png;base64,A"]
)
def test_other_addresses_are_refused_with_what_to_do(command, address):
    code, out, err = command(*SHORT, "--image", address)
    assert (code, out, len(err)) == (2, [], 1)
    assert "only http and https are; download it and name the file" in err[0]


def test_a_file_address_is_read_as_the_file(command):
    code, out, _ = command(*SHORT, "--image", DEMO_IMAGE.as_uri(), "--output", "r.html")
    assert (code, out) == (0, ["r.html"])
    assert 'class="source"' not in Path("r.html").read_text(encoding="utf-8")


def test_a_notebook_reads_an_address_too(server):
    from logit_lens import load_model, read_image
    from logit_lens.resources import DEMO_MODEL

    model = load_model(str(DEMO_MODEL), device="cpu")
    record = read_image(model, f"{server.url}/dog.png", max_new_tokens=0, top_k=2)
    assert record.meta["image"]["source"] == f"{server.url}/dog.png"
    with pytest.raises(LensError, match="404"):
        read_image(model, f"{server.url}/gone.png")
